from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.pairwise import tiles


@pytest.mark.parametrize("sizes", [[65] * 3, [200, 1, 1, 31], [5] * 1000, [1] * 10, [3000]])
def test_blocks_cover_every_pair_once(sizes: list[int]) -> None:
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    blocks = list(tiles._blocks(tiles.graph_sizes(batch, sum(sizes)), 7000))
    assert sum(block.num_edges for block in blocks) == sum(n * n for n in sizes)
    seen = torch.zeros(sum(sizes), dtype=torch.long)
    for block in blocks:
        seen[block.rows] += 1
        assert block.num_edges <= max(1.5 * 7000, block.n)
        graphs = batch[block.rows].unique()
        assert torch.equal(graphs, batch[block.cols].unique())
        assert graphs.numel() == block.g
    assert bool((seen == 1).all())


def test_stretches_cover_every_edge_once() -> None:
    edge_index = torch.randint(9, (2, 50))
    stretches = list(tiles._stretches(edge_index, 20))
    assert [tile.num_edges for tile in stretches] == [20, 20, 10]
    assert torch.equal(
        torch.stack([torch.cat([t.source for t in stretches]), torch.cat([t.target for t in stretches])]), edge_index
    )


def test_unsorted_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="not sorted"):
        tiles.cut(tiles.Graph(None, torch.tensor([1, 0])), torch.ones(2, 3))
