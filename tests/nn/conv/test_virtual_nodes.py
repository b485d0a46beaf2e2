from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.conv.virtual_nodes import VirtualNodes
from pyg_liesym.nn.message.invariants import signed_log
from pyg_liesym.nn.message.metric import MetricShape, as_metric
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

BATCH = torch.tensor([0] * 4 + [1] * 3 + [2] * 2)
NO_EDGES = torch.empty(2, 0, dtype=torch.long)
SQUEEZE = torch.tensor([[2.0, 0.3, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]], dtype=torch.float64)
PLANE = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
GALILEAN = torch.diag(torch.tensor([0.0, 1.0, 1.0, 1.0]))
AREA = torch.block_diag(*2 * [torch.tensor([[0.0, 1.0], [-1.0, 0.0]])])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def drawn(algebra: LieAlgebra) -> Tensor:
    return algebra.sample(1, 0.4, generator=torch.Generator().manual_seed(0))[0].double()


def layer(metric: Tensor, num_nodes: int = 3) -> VirtualNodes:
    virtual = VirtualNodes(5, 4, num_nodes, metric=MetricShape(*metric.shape[:2]), hidden_channels=8).double()
    return randomize_parameters(virtual, generator=torch.Generator().manual_seed(0))


def forms(value: Any) -> Tensor:
    return as_metric(value)().double()


GROUPS = {
    "so(3)": (torch.eye(3), LieAlgebra.rotation(3), LieAlgebra.preserving(torch.diag(torch.tensor([1.0, 2.0, 3.0])))),
    "so(1,3)": (minkowski(), LieAlgebra.lorentz(), LieAlgebra.rotation(4)),
    "a conjugate": (
        LieAlgebra.rotation(3).conjugate(SQUEEZE).invariant_metric(),
        LieAlgebra.rotation(3).conjugate(SQUEEZE),
        LieAlgebra.rotation(3),
    ),
    "so(2) in space, two forms": (PLANE.invariant_metric(), PLANE, LieAlgebra.rotation(3)),
    "sp(4)": (AREA, LieAlgebra.preserving(AREA), LieAlgebra.rotation(4)),
    "a degenerate form": (GALILEAN, LieAlgebra.preserving(GALILEAN), LieAlgebra.rotation(4)),
}


@pytest.mark.parametrize("name", GROUPS)
def test_keeps_the_group_of_its_forms_and_no_other(name: str) -> None:
    metric, kept, broken = forms(GROUPS[name][0]), GROUPS[name][1], GROUPS[name][2]
    n, virtual = metric.size(-1), layer(metric)
    x, pos, vectors, places = random(9, 5), random(9, n, seed=1), random(9, 4, n, seed=2), random(3, 3, n, seed=3)
    scalars = random(3, 5, seed=4)

    def run(pos: Tensor, vectors: Tensor, places: Tensor) -> tuple[Tensor, ...]:
        new_x, new_vectors, state = virtual(x, pos, vectors, metric, (scalars, places), BATCH, 3)
        return new_x, new_vectors, *state

    g, other = drawn(kept), drawn(broken)
    assert_equivariant(run, [pos, vectors, places], [lambda p: p @ g.mT + 7.0, g, g], [None, g, None, g])
    with pytest.raises(AssertionError):
        assert_equivariant(run, [pos, vectors, places], [other, other, other], [None, other, None, other])


def test_equals_the_formula_node_by_node() -> None:
    metric = random(2, 3, 3, seed=9)
    virtual = layer(metric, num_nodes=2)
    x, pos, vectors = random(4, 5), random(4, 3, seed=1), random(4, 4, 3, seed=2)
    scalars, places = torch.zeros(5).double(), [torch.zeros(3).double()] * 2
    own = [[pos[i] - pos.mean(0), *vectors[i]] for i in range(4)]

    def products(left: list[Tensor], right: list[Tensor]) -> Tensor:
        return signed_log(torch.stack([a @ form @ b for form in metric for a in left for b in right]))

    heard = [virtual.phi_g(torch.cat([x[i], scalars, products(own[i], [own[i][0], *places])])) for i in range(4)]
    pulls = [answer[8:].view(2, 5) for answer in heard]
    places = [sum(pulls[i][p, a] * own[i][a] for i in range(4) for a in range(5)) / 4 for p in range(2)]
    message = sum(answer[:8] for answer in heard) / 4
    scalars = scalars + virtual.phi_z(torch.cat([scalars, message, products(places, places)]))
    got_x, got_vectors, state = virtual(x, pos, vectors, metric)
    torch.testing.assert_close(state, (scalars[None], torch.stack(places)[None]))
    for i in range(4):
        theirs = [own[i][0], *places]
        told = virtual.phi_s(torch.cat([x[i], scalars, products(own[i], theirs)]))
        torch.testing.assert_close(got_x[i], x[i] + told[:5])
        moves = told[5:].view(4, 3) @ torch.stack(theirs)
        torch.testing.assert_close(got_vectors[i], vectors[i] + moves)


def test_graphs_do_not_hear_of_each_other_and_may_be_empty() -> None:
    metric = torch.eye(3).double()[None]
    virtual = layer(metric)
    x, pos, vectors = random(9, 5), random(9, 3, seed=1), random(9, 4, 3, seed=2)
    batch = torch.tensor([0] * 4 + [2] * 5)
    together = virtual(x, pos, vectors, metric, batch=batch, batch_size=4)
    assert all(bool(torch.isfinite(part).all()) for part in (*together[:2], *together[2]))
    for graph in (0, 2):
        own = batch == graph
        alone = virtual(x[own], pos[own], vectors[own], metric)
        torch.testing.assert_close(together[0][own], alone[0])
        torch.testing.assert_close(together[1][own], alone[1])
    nothing = virtual(x[:0], pos[:0], vectors[:0], metric)
    assert nothing[0].shape == (0, 5)
    assert bool(torch.isfinite(nothing[2][0]).all())


def second_order(virtual_nodes: int) -> Any:
    model = SecondOrderLieGNN(1, 8, 2, metric=torch.eye(3), origin="zero", virtual_nodes=virtual_nodes).double()
    randomize_parameters(model, generator=torch.Generator().manual_seed(0))
    return lambda x, pos, vel: model(x, pos, NO_EDGES, vel=vel)[1]


def of_vectors(virtual_nodes: int) -> Any:
    model = VectorLieGNN(1, 8, 1, 1, metric=torch.eye(3), in_vectors=1, virtual_nodes=virtual_nodes).double()
    randomize_parameters(model, generator=torch.Generator().manual_seed(0))
    return lambda x, pos, vel: model(x, pos, NO_EDGES, vectors=vel)[1]


@pytest.mark.parametrize("build", [second_order, of_vectors])
def test_bodies_without_edges_hear_of_each_other_through_virtual_nodes_alone(build: Any) -> None:
    x, pos, vel = random(6, 1), random(6, 3, seed=1), random(6, 3, seed=2)
    pos = pos - pos.mean(0)
    elsewhere = pos.clone()
    elsewhere[:2] += torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])  # the mean stays
    for virtual_nodes, hears in ((0, False), (2, True)):
        run = build(virtual_nodes)
        change = (run(x, elsewhere, vel) - run(x, pos, vel))[2:]
        assert bool((change.abs().amax(1) > 1e-6).all()) == hears


def test_refuses_no_virtual_node() -> None:
    with pytest.raises(ValueError, match="at least one virtual node, got 0"):
        VirtualNodes(5, 4, 0, metric=MetricShape(1, 3), hidden_channels=8)
