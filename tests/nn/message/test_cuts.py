from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.message.asked import tiles_alone
from pyg_liesym.nn.message.fused.library import engine
from pyg_liesym.nn.message.operands import Graph
from pyg_liesym.nn.message.tiles import BlockTile, ListTile

SIZES = [[65] * 3, [200, 1, 1, 31], [5] * 600, [1] * 10, [1500], [52, 54, 50, 53, 49, 90, 20, 51], []]


def cut_blocks(sizes: list[int], most: int, as_listed: bool = False) -> cuts.Cut:
    return cuts._blocks(tuple(sizes), most, as_listed, torch.float64, torch.device("cpu"))


@pytest.mark.parametrize("as_listed", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_blocks_cover_every_pair_once(sizes: list[int], as_listed: bool) -> None:
    num_nodes = sum(sizes)
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long))
    found = cut_blocks(sizes, 7000, as_listed)
    nodes = torch.arange(1, num_nodes + 1.0, dtype=torch.double)
    places, graphs = found.to_places(nodes).long(), found.to_places(batch.double() + 1).long()
    assert torch.equal(found.to_nodes(found.to_places(nodes)), nodes)
    pairs = []
    for tile in found.tiles:
        assert isinstance(tile, BlockTile)
        assert tile.num_edges <= max(1.5 * 7000, tile.n)
        weight = torch.ones(tile.num_edges, dtype=torch.double)
        tile.mask(weight)
        rows = places[tile.rows].view(tile.g, tile.r, 1).expand(-1, -1, tile.n).flatten()
        cols = places[tile.cols].view(tile.g, 1, tile.n).expand(-1, tile.r, -1).flatten()
        pairs.append(torch.stack([rows, cols])[:, weight.bool()])
        if as_listed:
            assert bool((graphs[tile.rows] > 0).all())
    seen = torch.cat([torch.zeros(2, 0, dtype=torch.long), *pairs], dim=1) - 1
    want = (batch[:, None] == batch) & ~torch.eye(num_nodes, dtype=torch.bool)
    count = torch.zeros_like(want, dtype=torch.long)
    assert torch.equal(count.index_put_((*seen,), torch.tensor(1), accumulate=True), want.long())


def test_filling_is_worth_its_tile() -> None:
    sizes = torch.randint(5, 90, (64,), generator=torch.Generator().manual_seed(0)).tolist()
    found, one_each = cut_blocks(sizes, 7000), cut_blocks(sizes, 7000, as_listed=True)
    pairs = sum(n * n for n in sizes)
    assert len(found.tiles) < 0.7 * len(one_each.tiles)
    assert sum(tile.num_edges for tile in found.tiles) - pairs <= (7000 * len(found.tiles) + pairs) / 16


def test_equal_graphs_stay_where_they_are() -> None:
    assert cut_blocks([4] * 9, 50).places is None


def test_stretches_cover_every_edge_once() -> None:
    edge_index = torch.randint(9, (2, 50))
    stretches = list(cuts._stretches(edge_index, 20))
    assert all(isinstance(tile, ListTile) for tile in stretches)
    assert [tile.num_edges for tile in stretches] == [20, 20, 10]
    assert torch.equal(
        torch.stack([torch.cat([t.source for t in stretches]), torch.cat([t.target for t in stretches])]), edge_index
    )


def test_unsorted_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="not sorted"):
        cuts.cut_edges(Graph(None, torch.tensor([1, 0])), torch.ones(2, 3))


def test_few_edges_are_a_tile_or_a_quarter_of_one_where_loops_are_compiled() -> None:
    nodes = torch.zeros(3, 16)
    most = cuts.most_edges(nodes)
    with tiles_alone():
        assert [cuts.are_few(count, nodes) for count in (most // 4, most // 4 + 1, most, most + 1)] == [True] * 3 + [
            False
        ]
    compiled = engine().library is not None
    assert [cuts.are_few(count, nodes) for count in (most // 4, most // 4 + 1)] == [True, not compiled]
