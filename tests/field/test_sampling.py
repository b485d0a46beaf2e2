import pytest
import torch

from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.sampling import perturbed_positions, values_at

LATTICE = Lattice(4, 6, spacing=(0.5, 2.0), origin=(-1.0, 3.0))


def test_bilinear_fields_are_exact():
    x, y = LATTICE.positions(torch.float64).T
    field = LATTICE.to_field(torch.stack([2 * x - 3 * y + x * y, y], 1))
    generator = torch.Generator().manual_seed(0)
    places = torch.rand(50, 2, generator=generator, dtype=torch.float64) * torch.tensor([2.5, 6.0])
    places = places + torch.tensor([-1.0, 3.0])
    x, y = places.T
    expected = torch.stack([2 * x - 3 * y + x * y, y], 1)
    torch.testing.assert_close(values_at(field, LATTICE, places)[0], expected, atol=1e-10, rtol=0)


def test_at_its_own_places_and_beyond_the_border():
    field = torch.randn(3, 2, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    places = LATTICE.positions(torch.float64)
    torch.testing.assert_close(values_at(field, LATTICE, places), field.flatten(2).transpose(1, 2))
    torch.testing.assert_close(values_at(field, LATTICE, torch.tensor([[9.0, 99.0]]))[:, 0], field[:, :, 0, -1])


def test_perturbed_places_stay_in_their_cells_and_follow_the_generator():
    draws = [perturbed_positions(LATTICE, 0.4, torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    moves = (draws[0] - LATTICE.positions()) / torch.tensor(LATTICE.spacing)
    assert moves.abs().max() <= 0.4 + 1e-6
    assert moves.abs().max() > 0.3
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(perturbed_positions(LATTICE, 0.0, torch.Generator()), LATTICE.positions())


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"\[B, C, 4, 6\]"):
        values_at(torch.zeros(1, 1, 6, 4), LATTICE, torch.zeros(1, 2))
    with pytest.raises(ValueError, match="periodic"):
        values_at(torch.zeros(1, 1, 2, 2), Lattice(2, 2, periodic=True), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="zero or more"):
        perturbed_positions(LATTICE, -0.1, torch.Generator())
