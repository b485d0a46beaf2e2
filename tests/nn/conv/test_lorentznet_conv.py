from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.metrics.equivariance import equivariance_error
from pyg_liesym.nn.conv.lorentznet_conv import LorentzNetConv
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.testing.equivariance import (
    assert_equivariant,
    assert_permutation_equivariant,
    randomize_parameters,
)

pytestmark = pytest.mark.usefixtures("edges_in_tiles")

NODES, HIDDEN, SCALARS = 9, 6, 2


def inputs(seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    options = {"dtype": torch.float64, "generator": generator}
    x, pos, scalars = (torch.randn(NODES, width, **options) for width in (HIDDEN, 4, SCALARS))
    return x, pos, scalars, torch.randint(NODES, (2, 30), generator=generator)


def layer(seed: int = 0, **options: object) -> LorentzNetConv:
    """A layer that is far from the identity, running statistics included."""
    generator = torch.Generator().manual_seed(seed)
    conv = LorentzNetConv(HIDDEN, SCALARS, **{"c": 0.7, **options}).double()
    randomize_parameters(conv, generator=generator)
    for name, buffer in conv.named_buffers():
        if "running" in name:
            buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
    return conv


def boost() -> Tensor:
    return LieAlgebra.lorentz().exp(torch.tensor([0.5, -0.8, 0.3, 1.0, -0.4, 0.6], dtype=torch.float64))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("move", [False, True])
def test_lorentz_equivariant_and_not_without_its_products(move: bool, training: bool) -> None:
    x, pos, scalars, edge_index = inputs()
    g = boost()
    for conv in (layer(move=move), layer(move=move, metric=torch.stack([minkowski(), 2 * minkowski()]))):
        conv.train(training)
        assert_equivariant(lambda x, p, conv=conv: conv(x, p, scalars, edge_index), [x, pos], [None, g], [None, g])
    for wrong in (layer(move=move, symmetric=False), layer(move=move, metric=torch.eye(4))):
        wrong.train(training)
        with pytest.raises(AssertionError, match="not equivariant"):
            assert_equivariant(lambda x, p, conv=wrong: conv(x, p, scalars, edge_index), [x, pos], [None, g], [None, g])


def test_the_clamp_breaks_the_symmetry_where_it_is_reached() -> None:
    conv = layer()
    x, pos, scalars, edge_index = inputs()
    g = boost()
    with torch.no_grad():
        conv.edge_map.phi_x[2].weight.mul_(1e4)
    assert equivariance_error(lambda p: conv(x, p, scalars, edge_index), [pos], [g], [None, g]) > 1e-2
    assert float((conv(x, pos, scalars, edge_index)[1] - pos).detach().abs().max()) <= 0.7 * 100 + 1e-9


@pytest.mark.parametrize("symmetric", [True, False])
def test_permutation(symmetric: bool) -> None:
    x, pos, scalars, edge_index = inputs()
    conv, generator = layer(symmetric=symmetric), torch.Generator().manual_seed(1)
    assert_permutation_equivariant(conv, [x, pos, scalars], edge_index, generator=generator)
    assert_permutation_equivariant(conv, [x, pos, scalars], generator=generator)
    assert_permutation_equivariant(conv.train(), [x, pos, scalars], edge_index, generator=generator)


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("symmetric", [True, False])
def test_equals_the_formula_edge_by_edge(symmetric: bool, scale: float) -> None:
    conv = layer(symmetric=symmetric)
    maps = conv.edge_map
    with torch.no_grad():
        maps.phi_x[2].weight.mul_(scale)
    x, pos, scalars, edge_index = inputs()
    eta = minkowski()
    psi = lambda s: torch.sign(s) * torch.log(1 + s.abs())  # noqa: E731
    relu, clamped = torch.relu, 0
    gathered, shift, count = torch.zeros(NODES, HIDDEN).double(), torch.zeros(NODES, 4).double(), torch.zeros(NODES)
    for j, i in edge_index.T.tolist():
        r = pos[i] - pos[j]
        if symmetric:
            first = maps.lin_target.weight @ x[i] + maps.lin_source.weight @ x[j]
            first = first + maps.lin_edge.weight @ torch.stack([psi(r @ eta @ r), psi(pos[i] @ eta @ pos[j])])
        else:
            first = maps.lin_target.weight @ torch.cat([x[i], pos[i]])
            first = first + maps.lin_source.weight @ torch.cat([x[j], pos[j]])
        norm = maps.norm
        first = (first - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        m = relu(maps.phi_e[1](relu(first)))
        m = m * torch.sigmoid(maps.phi_m[0](m))
        gathered[i] += m
        move = r * maps.phi_x[2](relu(maps.phi_x[0](m)))
        clamped += bool((move.abs() > 100).any())
        shift[i] += move.clamp(-100, 100)
        count[i] += 1
    assert (clamped > 0) is (scale > 1)
    new_x, new_pos = conv(x, pos, scalars, edge_index)
    torch.testing.assert_close(new_x, x + conv.phi_h(torch.cat([x, gathered, scalars], dim=1)))
    torch.testing.assert_close(new_pos, pos + 0.7 * shift / count.clamp(min=1)[:, None])


def test_complete_graph_is_the_default_and_sorted_edges_give_the_same() -> None:
    x, pos, scalars, _ = inputs()
    batch = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2])
    conv = layer()
    pairs = [[j, i] for i in range(NODES) for j in range(NODES) if i != j and batch[i] == batch[j]]
    edge_index = torch.tensor(pairs).T.contiguous()
    expected = conv(x, pos, scalars, edge_index[:, torch.randperm(edge_index.size(1), generator=torch.Generator())])
    sorted_edges = EdgeIndex(edge_index, sparse_size=(NODES, NODES), sort_order="col")
    for edges in (None, complete_graph(NODES, batch), sorted_edges):
        torch.testing.assert_close(conv(x, pos, scalars, edges, batch), expected)
    back = layer(flow="target_to_source")
    torch.testing.assert_close(back(x, pos, scalars, edge_index.flip(0)), expected)
    torch.testing.assert_close(back(x, pos, scalars, batch=batch), expected)


def test_batch_is_a_loop_over_graphs() -> None:
    x, pos, scalars, _ = inputs()
    conv = layer()
    whole = conv(x, pos, scalars, batch=torch.tensor([0] * 4 + [1] * 5))
    for rows in (slice(0, 4), slice(4, 9)):
        for value, reference in zip(whole, conv(x[rows], pos[rows], scalars[rows]), strict=True):
            torch.testing.assert_close(value[rows], reference)


@pytest.mark.parametrize("nodes", [0, 1])
def test_no_edges(nodes: int) -> None:
    x, pos, scalars = (value[:nodes] for value in inputs()[:3])
    new_x, new_pos = layer()(x, pos, scalars, batch=torch.zeros(nodes, dtype=torch.long))
    assert new_x.shape == (nodes, HIDDEN)
    torch.testing.assert_close(new_pos, pos)


def test_no_edges_in_training_leave_the_statistics_of_edges_alone() -> None:
    x, pos, scalars, edge_index = inputs()
    conv = layer().train()
    before = conv.edge_map.norm.running_mean.clone()
    new_x, new_pos = conv(x, pos, scalars, edge_index[:, :0])
    assert bool(new_x.isfinite().all())
    torch.testing.assert_close(new_pos, pos)
    torch.testing.assert_close(conv.edge_map.norm.running_mean, before)


@pytest.mark.parametrize("training", [False, True])
def test_gradients_are_finite_at_coincident_points(training: bool) -> None:
    conv = layer().train(training)
    x, pos, scalars, _ = inputs()
    pos[1] = pos[0]
    pos[2] = 0
    pos.requires_grad_()
    new_x, new_pos = conv(x, pos, scalars)
    (new_x.square().sum() + new_pos.square().sum()).backward()
    assert bool(pos.grad.isfinite().all())
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in conv.parameters())


def test_hooks_see_one_message_tensor() -> None:
    conv = layer()
    x, pos, scalars, edge_index = inputs()
    seen: list[Tensor] = []
    conv.register_message_forward_hook(lambda module, args, out: seen.append(out))
    conv(x, pos, scalars, edge_index)
    assert [message.shape for message in seen] == [(30, HIDDEN + 4)]


@pytest.mark.parametrize("edges_in_tiles", ["compiled"], indirect=True)
def test_compiles_without_a_graph_break() -> None:
    """With sums in tiles as one operator; the contract has the plain path."""
    conv = layer()
    x, pos, scalars, edge_index = inputs()
    compiled = torch.compile(conv, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, pos, scalars, edge_index), conv(x, pos, scalars, edge_index))
    sum(value.sum() for value in compiled(x, pos, scalars, edge_index)).backward()


def test_repr() -> None:
    text = "LorentzNetConv(6, 2, dim=4, move=True, symmetric=True)"
    assert repr(layer()) == text


def test_bad_input() -> None:
    conv = LorentzNetConv(3, 2)
    x, pos, scalars = torch.ones(4, 3), torch.ones(4, 4), torch.ones(4, 2)
    with pytest.raises(TypeError, match="bipartite"):
        conv((x, x), (pos, pos), scalars)
    with pytest.raises(ValueError, match=r"`pos` must be \[num_nodes, 4\]"):
        conv(x, torch.ones(4, 3), scalars)
    with pytest.raises(ValueError, match=r"`x` of shape \[4, 3\], got \[4, 2\]"):
        conv(scalars, pos, scalars)
    with pytest.raises(ValueError, match=r"`scalars` of shape \[4, 2\], got \[4, 3\]"):
        conv(x, pos, x)
    with pytest.raises(ValueError, match="needs `dim`"):
        LorentzNetConv(3, 2, metric="learned")
