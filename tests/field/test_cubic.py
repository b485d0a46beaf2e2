import pytest
import torch

from pyg_liesym.field.cubic import interpolate


def everywhere(values):
    return torch.ones_like(values, dtype=torch.bool)


def test_parabolas_are_exact_up_to_the_border():
    rows, columns = torch.meshgrid(torch.arange(5.0).double(), torch.arange(7.0).double(), indexing="ij")
    generator = torch.Generator().manual_seed(0)
    places = [torch.rand(200, generator=generator, dtype=torch.float64) * (n - 1) for n in (5, 7)]

    def parabola(r, c):
        return 1 + 2 * r - c + 0.5 * r**2 + 0.3 * r * c - 0.7 * c**2

    values = parabola(rows, columns)
    found, known = interpolate(values, everywhere(values), places)
    assert known.all()
    torch.testing.assert_close(found, parabola(*places))


def test_the_order_is_the_third():
    errors = []
    for count in (16, 32, 64):
        grid = torch.linspace(0, 3, count, dtype=torch.float64)
        places = torch.linspace(0, count - 1, 1001, dtype=torch.float64)
        found, _ = interpolate(grid.sin(), everywhere(grid), [places])
        errors.append(float((found - (places * 3 / (count - 1)).sin()).abs().max()))
    assert errors[0] / errors[1] > 6
    assert errors[1] / errors[2] > 6


def test_places_of_the_lattice_are_exact_and_gaps_spread_to_where_they_count():
    values = torch.tensor([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    known = torch.tensor([True, True, True, False, True, True, True, True])
    values = torch.where(known, values, 0)
    found, sure = interpolate(values, known, [torch.arange(8.0)])
    assert torch.equal(found, values)
    assert torch.equal(sure, known)
    _, sure = interpolate(values, known, [torch.tensor([-0.1, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.1])])
    assert sure.tolist() == [False, True, False, False, False, False, True, True, False]


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_places_are_enough(count):
    values = torch.tensor([2.0, 3.0])[:count].expand(4, count)
    found, known = interpolate(values, everywhere(values), [torch.linspace(0, count - 1, 3)])
    assert known.all()
    torch.testing.assert_close(found, torch.linspace(2, 1 + count, 3).expand(4, 3))
