from __future__ import annotations

import pytest
import torch

from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs


def test_a_state_is_a_graph_of_its_vectors() -> None:
    states = torch.arange(24.0).view(3, 4, 2)
    graph = VectorPairs(states, -states)[1]
    assert torch.equal(graph.pos, states[1])
    assert torch.equal(graph.y, -states[1])
    assert torch.equal(graph.x, torch.eye(4))


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3, 4, 2\] and \[3, 4\]"):
        VectorPairs(torch.zeros(3, 4, 2), torch.zeros(3, 4))
