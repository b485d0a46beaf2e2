from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyg_liesym.nn.message.edges import complete_graph


@given(st.lists(st.integers(0, 5), max_size=5))
def test_complete_graph_against_two_loops(sizes: list[int]) -> None:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes, dtype=torch.long))
    nodes = batch.numel()
    expected = [[j, i] for i in range(nodes) for j in range(nodes) if i != j and batch[i] == batch[j]]
    edges = complete_graph(nodes, batch)
    assert edges.edge_index.T.tolist() == expected
    assert edges.ptr is not None
    assert edges.ptr.diff().tolist() == [sum(i == node for _, i in expected) for node in range(nodes)]


@pytest.mark.parametrize("nodes", [0, 1, 2, 5])
def test_one_graph_needs_no_batch(nodes: int) -> None:
    for value, expected in zip(
        complete_graph(nodes), complete_graph(nodes, torch.zeros(nodes, dtype=torch.long)), strict=True
    ):
        assert torch.equal(value, expected)
