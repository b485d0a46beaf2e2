from __future__ import annotations

import torch

from pyg_liesym.discovery.evidence.directions import (
    by_ladder,
    combined,
    directions_of,
    moving_directions,
    second_moments,
)

GL2 = torch.eye(4, dtype=torch.float64).view(4, 2, 2)


def test_every_unit_direction_moves_the_data_by_their_root_mean_square() -> None:
    vectors = torch.randn(500, 2, dtype=torch.float64) @ torch.tensor([[1.0, 3.0], [0.0, 40.0]], dtype=torch.float64)
    directions = moving_directions(GL2, second_moments(vectors))
    assert len(directions) == 4
    for direction in combined(directions, 5, torch.Generator().manual_seed(0)):
        moved = (vectors @ direction.mT).square().sum(1).mean()
        torch.testing.assert_close(moved, vectors.square().sum(1).mean())


def test_directions_that_move_nothing_are_dropped() -> None:
    flat = torch.tensor([[1.0, 0.0], [2.0, 0.0]], dtype=torch.float64)
    directions = moving_directions(GL2, second_moments(flat))
    assert len(directions) == 2
    assert float((flat @ directions.mT).norm(dim=-1).min()) > 0.5


def test_the_ladder_ascends_and_keeps_lengths() -> None:
    vectors = torch.randn(50, 2, dtype=torch.float64)
    directions = moving_directions(GL2, second_moments(vectors))
    gram = torch.randn(4, 4, dtype=torch.float64)
    gram = gram @ gram.mT
    values, turned = by_ladder(directions, gram)
    assert values.tolist() == sorted(values.tolist())
    torch.testing.assert_close(
        torch.einsum("rab,rab->", turned, turned), torch.einsum("rab,rab->", directions, directions)
    )


def test_directions_that_keep_a_plane_come_apart_from_those_that_leave_it() -> None:
    first = torch.randn(200, 1, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    vectors = torch.cat([first, 2 - first], 1)  # two points about a fixed middle
    kept, left = directions_of(GL2, vectors)
    assert (len(kept), len(left)) == (2, 2)
    assert float((kept @ torch.ones(2, dtype=torch.float64)).abs().max()) < 1e-12
    kept, left = directions_of(GL2, vectors - 1)
    assert (len(kept), len(left)) == (4, 0)
    flat = torch.cat([first[:, :, :1], torch.zeros_like(first[:, :, :1])], 2)
    kept, left = directions_of(GL2, flat)
    assert kept.shape == left.shape == (1, 2, 2)
    assert float((flat @ kept[0].mT)[..., 1].abs().max()) < 1e-12
