from __future__ import annotations

import pytest
import torch
from textbook_egnn import TextbookEGNN

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.testing.equivariance import assert_equivariant, assert_permutation_equivariant, randomize_parameters


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def egnn(generator: torch.Generator) -> TextbookEGNN:
    net = TextbookEGNN(2, 8, 3, edge_dim=1).double()
    randomize_parameters(net, generator=generator)
    return net


def inputs(generator: torch.Generator) -> list[torch.Tensor]:
    edges = complete_graph(5).edge_index
    shapes = ((5, 2), (5, 3), (edges.size(1), 1), (5, 3))
    x, pos, attr, vel = (torch.randn(shape, dtype=torch.float64, generator=generator) for shape in shapes)
    return [x, pos, edges, attr, vel]


def test_turns_and_shifts(generator: torch.Generator) -> None:
    net, data = egnn(generator), inputs(generator)
    rotation = LieAlgebra.rotation(3).sample(1, generator=generator)[0]
    shift = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    assert_equivariant(net, data, [None, rotation, None, None, rotation], [None, rotation])
    assert_equivariant(net, data, [None, lambda pos: pos + shift, None, None, None], [None, lambda pos: pos + shift])
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_equivariant(net, data, [None, rotation, None, None, None], [None, rotation])


def test_new_numbers(generator: torch.Generator) -> None:
    net = egnn(generator)
    x, pos, edges, attr, vel = inputs(generator)
    assert_permutation_equivariant(
        lambda x, pos, vel, edges, attr: net(x, pos, edges, attr, vel), [x, pos, vel], edges, attr, generator=generator
    )


def test_liegnn_has_its_number_of_parameters_but_for_bias_and_head() -> None:
    ours = LieGNN(
        1, 64, 1, 4, metric=torch.eye(3), edge_dim=2,
        invariants=("distance",), psi="identity", gate=False, velocity=True,
    )  # fmt: skip
    textbook = TextbookEGNN(1, 64, 4, edge_dim=2)
    size = sum(parameter.numel() for parameter in textbook.parameters())
    head = sum(parameter.numel() for parameter in ours.head.parameters())
    assert sum(parameter.numel() for parameter in ours.parameters()) - head == size
