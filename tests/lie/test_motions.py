from __future__ import annotations

import pytest
import torch

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.lie.motions import (
    boosts,
    boosts_along_z,
    random_axes,
    random_boosts,
    random_turns,
    turns,
    turns_about_z,
)


@pytest.mark.parametrize("size", [1e-9, 0.1, 1.0, 3.0])
def test_closed_forms_are_exponentials(size: float) -> None:
    axes = random_axes(6, torch.Generator().manual_seed(0))
    sizes, zeros = torch.full((6,), size, dtype=torch.float64), torch.zeros(6, 3, dtype=torch.float64)
    lorentz = LieAlgebra.lorentz()
    torch.testing.assert_close(boosts(sizes, axes), lorentz.exp(torch.cat([size * axes, zeros], 1)))
    torch.testing.assert_close(turns(sizes, axes), lorentz.exp(torch.cat([zeros, size * axes], 1)))


@pytest.mark.parametrize("draw", [random_boosts, random_turns, boosts_along_z, turns_about_z])
def test_draws_keep_the_metric_and_follow_the_generator(draw) -> None:
    first, again, other = (draw(5, 1.5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 3))
    torch.testing.assert_close(first.mT @ minkowski() @ first, minkowski().expand(5, 4, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    beams = torch.tensor([[1.0, 0, 0, 1], [1, 0, 0, -1]], dtype=torch.float64)
    if draw is turns_about_z:
        torch.testing.assert_close(first @ beams.T, beams.T.expand(5, 4, 2))
    if draw is boosts_along_z:
        assert (first[:, 1:3, :] - torch.eye(4).double()[1:3]).abs().max() == 0


def test_axes_have_no_preferred_direction() -> None:
    axes = random_axes(4000, torch.Generator().manual_seed(1))
    torch.testing.assert_close(axes.T @ axes / 4000, torch.eye(3).double() / 3, atol=0.02, rtol=0)
