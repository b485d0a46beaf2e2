from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.message import neighbours
from pyg_liesym.nn.message.neighbours import nearest_neighbours

SIZES = [9, 1, 4, 30, 2, 17]


def batch_of(sizes: list[int]) -> torch.Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes, dtype=torch.long))


def one_by_one(points: torch.Tensor, k: int, batch: torch.Tensor) -> set[tuple[int, int]]:
    edges = set()
    for i, point in enumerate(points):
        others = [j for j in range(len(points)) if j != i and batch[j] == batch[i]]
        others.sort(key=lambda j, point=point: float((points[j] - point).norm()))
        edges |= {(j, i) for j in others[:k]}
    return edges


@pytest.mark.parametrize("components", [1, 2, 64])
@pytest.mark.parametrize("k", [1, 3, 16])
@pytest.mark.parametrize("entries", [1, 300, 1 << 22])
def test_equals_a_sort_of_every_node(monkeypatch: pytest.MonkeyPatch, components: int, k: int, entries: int) -> None:
    """One graph at a time, some, all at once; the mean far from zero, where a matrix product alone would cancel."""
    monkeypatch.setattr(neighbours, "_ENTRIES", entries)
    generator = torch.Generator().manual_seed(0)
    points, batch = 1e4 + torch.randn(sum(SIZES), components, generator=generator), batch_of(SIZES)
    edges = nearest_neighbours(points, k, batch)
    listed = [tuple(edge) for edge in edges.edge_index.T.tolist()]
    assert len(listed) == sum(size * min(k, size - 1) for size in SIZES)
    different = set(listed) ^ one_by_one(points.double(), k, batch)
    assert len(different) <= (0 if components <= 2 else 0.01 * len(listed))
    assert edges.ptr is not None
    count = torch.bincount(edges.edge_index[1], minlength=len(points))
    assert torch.equal(edges.ptr.diff(), count)
    assert bool((edges.edge_index[1].diff() >= 0).all())


def test_coincident_points_are_neighbours_and_none_is_its_own() -> None:
    edges = nearest_neighbours(torch.zeros(5, 2), 4).edge_index
    assert {tuple(edge) for edge in edges.T.tolist()} == {(j, i) for i in range(5) for j in range(5) if i != j}


def test_not_a_number_stays_in_its_graph() -> None:
    points, batch = torch.randn(12, 2, generator=torch.Generator().manual_seed(0)), batch_of([4, 6, 2])
    clean = nearest_neighbours(points, 3, batch)
    points[1] = torch.nan
    edges = nearest_neighbours(points, 3, batch)
    assert torch.equal(batch[edges.edge_index[0]], batch[edges.edge_index[1]])
    assert torch.equal(edges.edge_index[:, 12:], clean.edge_index[:, 12:])


@pytest.mark.parametrize("sizes", [[], [1], [1, 1]])
def test_nobody_to_connect(sizes: list[int]) -> None:
    edges = nearest_neighbours(torch.zeros(sum(sizes), 2), 3, batch_of(sizes))
    assert edges.edge_index.shape == (2, 0)
    assert edges.ptr is not None
    assert edges.ptr.tolist() == [0] * (sum(sizes) + 1)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="k=0"):
        nearest_neighbours(torch.zeros(3, 2), 0)
    with pytest.raises(ValueError, match=r"\[num_nodes, components\], got \[3\]"):
        nearest_neighbours(torch.zeros(3), 1)
    with pytest.raises(ValueError, match="not sorted"):
        nearest_neighbours(torch.zeros(3, 2), 1, torch.tensor([1, 0, 0]))
