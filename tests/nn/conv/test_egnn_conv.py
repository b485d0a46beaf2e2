from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.conv.egnn_conv import EGNNConv
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.testing.equivariance import (
    assert_equivariant,
    randomize_parameters,
)

pytestmark = pytest.mark.usefixtures("edges_in_tiles")

NODES, CHANNELS = 9, 5
VARIANTS = [{}, {"gate": True}, {"gate": True, "pos_aggr": "sum", "hidden_channels": 7}]


def inputs(n: int = 3, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    options = {"dtype": torch.float64, "generator": generator}
    x, pos, vel = (torch.randn(NODES, width, **options) for width in (CHANNELS, n, n))
    edge_index = torch.randint(NODES, (2, 30), generator=generator)
    return x, pos, vel, edge_index, torch.randn(30, 3, **options)


def layer(seed: int = 0, **options: object) -> EGNNConv:
    conv = EGNNConv(CHANNELS, CHANNELS, **options).double()
    randomize_parameters(conv, generator=torch.Generator().manual_seed(seed))
    return conv


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("n", [2, 3])
def test_equivariant_to_rigid_motions_and_not_to_shears(n: int, options: dict[str, object]) -> None:
    conv = layer(dim=n, velocity=True, edge_dim=3, **options)
    x, pos, vel, edge_index, edge_attr = inputs(n)
    g = LieAlgebra.rotation(n).sample(1, generator=torch.Generator().manual_seed(1))[0]
    g[0] = -g[0]
    move = lambda p: p @ g.T + 3.0  # noqa: E731
    run = lambda x, p, v: conv(x, p, edge_index, edge_attr, v)  # noqa: E731
    assert_equivariant(run, [x, pos, vel], [None, move, g], [None, move])
    shear = torch.eye(n, dtype=torch.float64)
    shear[0, 1] = 0.5
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_equivariant(run, [x, pos, vel], [None, shear, shear], [None, shear])


@pytest.mark.parametrize("pos_aggr", ["sum", "mean", "graph", None])
@pytest.mark.parametrize("gate", [False, True])
def test_equals_the_formula_edge_by_edge(gate: bool, pos_aggr: str | None) -> None:
    conv = layer(edge_dim=3, gate=gate, pos_aggr=pos_aggr, velocity=pos_aggr is not None)
    x, pos, vel, edge_index, edge_attr = inputs()
    maps = conv.edge_map
    first = torch.cat([maps.lin_target.weight, maps.lin_source.weight, maps.lin_edge.weight], dim=1)
    silu = torch.nn.functional.silu
    gathered, shift, count = torch.zeros_like(x), torch.zeros_like(pos), torch.zeros(NODES)
    for e, (j, i) in enumerate(edge_index.T.tolist()):
        r = pos[i] - pos[j]
        m = first @ torch.cat([x[i], x[j], r.square().sum()[None], edge_attr[e]]) + maps.lin_target.bias
        m = silu(maps.phi_e[1](silu(m)))
        if gate:
            m = torch.sigmoid(maps.phi_m[0](m)) * m
        gathered[i] += m
        count[i] += 1
        if pos_aggr is not None:
            shift[i] += r * maps.phi_x[2](silu(maps.phi_x[0](m)))
    expected_x = x + conv.phi_h(torch.cat([x, gathered], dim=1))
    if pos_aggr is None:
        torch.testing.assert_close(conv(x, pos, edge_index, edge_attr), (expected_x, pos))
        return
    scale = {"sum": torch.ones(NODES), "mean": 1 / count.clamp(min=1), "graph": torch.full((NODES,), 1 / 8)}[pos_aggr]
    new_x, new_pos = conv(x, pos, edge_index, edge_attr, vel)
    torch.testing.assert_close(new_x, expected_x)
    torch.testing.assert_close(new_pos, pos + scale[:, None].double() * shift + conv.phi_v(x) * vel)


def test_without_attention_it_is_liegnn_with_distances_and_with_it_only_the_moves_differ() -> None:
    x, pos, _, edge_index, _ = inputs()
    for gate in (False, True):
        conv = layer(gate=gate)
        other = LieGNNConv(
            CHANNELS, CHANNELS, metric=torch.eye(3), invariants=("distance",), psi="identity", gate=gate
        ).double()
        other.load_state_dict(conv.state_dict())
        (ours, our_pos), (theirs, their_pos) = conv(x, pos, edge_index), other(x, pos, edge_index)
        torch.testing.assert_close(ours, theirs)
        assert torch.allclose(our_pos, their_pos) is not gate


@pytest.mark.parametrize("nodes", [0, 1])
def test_no_edges(nodes: int) -> None:
    x, pos = torch.ones(nodes, CHANNELS).double(), torch.ones(nodes, 3).double()
    new_x, new_pos = layer(gate=True)(x, pos, batch=torch.zeros(nodes, dtype=torch.long))
    assert new_x.shape == (nodes, CHANNELS)
    torch.testing.assert_close(new_pos, pos)


def test_gradients_are_finite_and_differentiable_again_at_coincident_points() -> None:
    conv = layer(gate=True)
    x, pos, *_ = inputs()
    pos[1] = pos[0]
    pos.requires_grad_()
    new_x, new_pos = conv(x, pos)
    (grad,) = torch.autograd.grad((new_x**2).sum() + (new_pos**2).sum(), pos, create_graph=True)
    (second,) = torch.autograd.grad((grad**2).sum(), pos)
    assert bool(grad.isfinite().all())
    assert bool(second.isfinite().all())


def test_hooks_see_one_message_tensor_and_change_nothing() -> None:
    conv = layer(gate=True)
    x, pos, _, edge_index, _ = inputs()
    expected = conv(x, pos, edge_index)
    seen: list[Tensor] = []
    conv.register_message_forward_hook(lambda module, args, out: seen.append(out))
    torch.testing.assert_close(conv(x, pos, edge_index), expected)
    assert [message.shape for message in seen] == [(30, CHANNELS + 3)]


@pytest.mark.parametrize("edges_in_tiles", ["tiles"], indirect=True)
def test_compiles_without_a_graph_break() -> None:
    """With sums in tiles as one operator; the contract has the plain path."""
    conv = layer(gate=True)
    x, pos, _, edge_index, _ = inputs()
    compiled = torch.compile(conv, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, pos, edge_index), conv(x, pos, edge_index))
    sum(value.sum() for value in compiled(x, pos, edge_index)).backward()


def test_repr() -> None:
    text = "EGNNConv(5, 5, dim=3, gate=True)"
    assert repr(layer(gate=True)) == text


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="'sum', 'mean', 'graph'"):
        EGNNConv(2, 2, pos_aggr="max")
    with pytest.raises(ValueError, match=r"`pos` must be \[num_nodes, 3\]"):
        EGNNConv(2, 2)(torch.ones(4, 2), torch.ones(4, 2))
    with pytest.raises(ValueError, match="needs `vel`"):
        EGNNConv(2, 2, velocity=True)(torch.ones(4, 2), torch.ones(4, 3))
