from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.discovery.symmetry_gan import SymmetryGAN, SymmetryGANModule, _reflection


def blobs(order: int, count: int = 1500) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    angle = 2 * math.pi * torch.randint(order, (count,), generator=generator) / order
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(count, 2, generator=generator)


def quick(**options: object) -> SymmetryGAN:
    return SymmetryGAN(**{"max_steps": 5, "batch_size": 32, "progress": False, **options})  # type: ignore[arg-type]


def test_a_turn_of_a_square_is_found_as_one_element() -> None:
    found = SymmetryGAN(max_steps=600, batch_size=128, progress=False).fit(blobs(4), seed=1)
    (turn,) = found.turns
    assert (turn.order, round(turn.angle / 10)) == (4, 9)
    assert found.diagnostics["visibility"][0] < 0.3
    assert found.discrete
    with pytest.raises(ValueError, match="determines no metric"):
        _ = found.metric


def test_data_without_a_symmetry_are_seen_through() -> None:
    x = blobs(4)[:, :1].abs() + torch.tensor([[1.0, 0.3]]) * blobs(4).flip(0).abs()
    found = SymmetryGAN(max_steps=300, batch_size=128, progress=False).fit(x)
    (turn,) = found.turns
    assert found.diagnostics["visibility"][0] > 0.5 or turn.order == 1


def test_a_reflection_has_no_logarithm_but_is_reported(tmp_path: object) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1500, 2, generator=generator)
    x[:, 1] = 2 * x[:, 1] - 1  # kept by the turning over of the second axis, and by nothing else
    found = SymmetryGAN(reflections=True, max_steps=400, batch_size=128, progress=False).fit(x)
    g = torch.tensor(found.diagnostics["transformations"][0])
    assert float((g - torch.diag(torch.tensor([1.0, -1.0]))).abs().max()) < 0.15
    assert found.turns[0].order == 2
    assert "Nothing found" not in found.report()
    assert float(found.algebra.basis.abs().max()) < 0.15
    again = DiscoveredSymmetry.load(found.save(str(tmp_path)))
    assert again.turns == found.turns


def test_a_transformation_is_in_the_units_given() -> None:
    stretch = torch.tensor([1.0, 100.0])
    found = quick().fit(blobs(4) * stretch)
    assert found.diagnostics["whitening"] is not None
    exact = torch.linalg.matrix_exp(found.algebra.basis[0])
    learned = torch.tensor(found.diagnostics["transformations"][0], dtype=torch.float64)
    assert torch.allclose(exact, learned, rtol=1e-6)


def test_mask_is_respected() -> None:
    x = torch.cat([blobs(4), blobs(4).flip(0)], 1)
    mask = block_mask([2, 2])
    for reflections in (False, True):
        found = quick(mask=mask, reflections=reflections).fit(x)
        g = torch.tensor(found.diagnostics["transformations"][0])
        assert bool((g[mask == 0] == 0).all())
        assert bool((g[mask == 1] != 0).all())


def test_the_game_moves_by_one_element() -> None:
    start = _reflection(4, block_mask([2, 2]).bool())
    assert start.diagonal().tolist() == [-1.0, 1.0, -1.0, 1.0]
    game = SymmetryGANModule(nn.Identity(), torch.eye(4), start=start)
    assert game.group.rates(game.group.basis).item() == pytest.approx(1.0)
    v = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0))
    g = torch.linalg.matrix_exp(game.group.basis[0]) @ start.float()
    assert torch.allclose(game(v, game.group.sample_coefficients(3)), v @ g.mT, atol=1e-4)


def test_same_seed_same_result() -> None:
    first, again, other = quick().fit_seeds(blobs(4), seeds=(1, 1, 2))
    assert torch.equal(first.algebra.basis, again.algebra.basis)
    assert not torch.equal(first.algebra.basis, other.algebra.basis)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 0}, "max_steps must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"tolerance": 0.0}, "tolerance must be positive"),
        ({"mask": torch.tensor([[1.0, 1.0], [0.0, 1.0]])}, "square blocks"),
    ],
)
def test_settings_are_checked(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SymmetryGAN(**options)  # type: ignore[arg-type]
