from __future__ import annotations

import pytest
import torch
from textbook_egnn import TextbookEGNN
from torch import Tensor
from torch.nn import functional as F

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.testing.equivariance import (
    assert_equivariant,
    randomize_parameters,
)

pytestmark = pytest.mark.usefixtures("edges_in_tiles")

BATCH = torch.tensor([0] * 4 + [1] * 3 + [2] * 2)
VARIANTS = [{}, {"gate": True}, {"velocity": True, "gate": True, "edge_dim": 2}, {"pos_aggr": "sum"}]


def inputs(n: int = 3, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, pos, vel = (torch.randn(9, width, dtype=dtype, generator=generator) for width in (2, n, n))
    return x, pos, vel


def attributes(edges: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(edges, 2, dtype=dtype, generator=torch.Generator().manual_seed(3))


def network(seed: int = 0, **options: object) -> EGNN:
    model = EGNN(2, 8, 3, 3, **options).double()
    randomize_parameters(model, generator=torch.Generator().manual_seed(seed))
    return model


def published(*, attention: bool, velocity: bool, edge_dim: int, n_body: bool) -> dict[str, Tensor]:
    """Weights at random under the released names."""
    generator, hidden, shapes = torch.Generator().manual_seed(0), 8, {}

    def linear(name: str, rows: int, columns: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (rows, columns)
        if bias:
            shapes[f"{name}.bias"] = (rows,)

    linear("embedding" if n_body else "embedding_in", hidden, 2)
    if not n_body:
        linear("embedding_out", 3, hidden)
    for k in range(3):
        linear(f"gcl_{k}.edge_mlp.0", hidden, 2 * hidden + 1 + edge_dim)
        linear(f"gcl_{k}.edge_mlp.2", hidden, hidden)
        linear(f"gcl_{k}.node_mlp.0", hidden, 2 * hidden)
        linear(f"gcl_{k}.node_mlp.2", hidden, hidden)
        linear(f"gcl_{k}.coord_mlp.0", hidden, hidden)
        linear(f"gcl_{k}.coord_mlp.2", 1, hidden, bias=False)
        if attention:
            linear(f"gcl_{k}.att_mlp.0", 1, hidden)
        if velocity:
            linear(f"gcl_{k}.coord_mlp_vel.0", hidden, hidden)
            linear(f"gcl_{k}.coord_mlp_vel.2", 1, hidden)
    return {name: 0.3 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def reference(
    state: dict[str, Tensor],
    x: Tensor,
    pos: Tensor,
    edge_index: Tensor,
    edge_attr: Tensor | None,
    vel: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The released network from its formula: an edge list, concatenation and ``index_add``."""

    def linear(name: str, value: Tensor) -> Tensor:
        return F.linear(value, state[f"{name}.weight"], state.get(f"{name}.bias"))

    def mlp(name: str, value: Tensor) -> Tensor:
        return linear(f"{name}.2", F.silu(linear(f"{name}.0", value)))

    j, i = edge_index
    count = torch.zeros(len(x), 1, dtype=x.dtype).index_add(0, i, torch.ones(len(i), 1, dtype=x.dtype)).clamp(min=1)
    h = linear("embedding" if "embedding.weight" in state else "embedding_in", x)
    for k in range(3):
        layer, difference = f"gcl_{k}", pos[i] - pos[j]
        parts = [h[i], h[j], difference.square().sum(1, keepdim=True)]
        m = F.silu(mlp(f"{layer}.edge_mlp", torch.cat(parts if edge_attr is None else [*parts, edge_attr], dim=1)))
        if f"{layer}.att_mlp.0.weight" in state:
            m = m * linear(f"{layer}.att_mlp.0", m).sigmoid()
        pos = pos + torch.zeros_like(pos).index_add(0, i, difference * mlp(f"{layer}.coord_mlp", m)) / count
        if vel is not None:
            pos = pos + mlp(f"{layer}.coord_mlp_vel", h) * vel
        h = h + mlp(f"{layer}.node_mlp", torch.cat([h, torch.zeros_like(h).index_add(0, i, m)], dim=1))
    return (linear("embedding_out", h) if "embedding_out.weight" in state else h), pos


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("velocity", [False, True])
@pytest.mark.parametrize("edge_dim", [0, 2])
@pytest.mark.parametrize("n_body", [False, True])
def test_published_weights_give_the_published_answers(
    attention: bool, velocity: bool, edge_dim: int, n_body: bool
) -> None:
    state = published(attention=attention, velocity=velocity, edge_dim=edge_dim, n_body=n_body)
    x, pos, vel = inputs(dtype=torch.float32)
    edge_index = complete_graph(9, BATCH).edge_index
    edge_attr = attributes(edge_index.size(1), torch.float32) if edge_dim else None
    expected = reference(state, x, pos, edge_index, edge_attr, vel if velocity else None)
    for prefix in ("", "module."):
        model = EGNN.from_published({prefix + name: value for name, value in state.items()}).eval()
        out = model(x, pos, edge_index, edge_attr, vel if velocity else None)
        torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-5)


def test_what_the_weights_do_not_tell_is_an_argument() -> None:
    state = published(attention=False, velocity=False, edge_dim=0, n_body=False)
    model = EGNN.from_published({n: v.double() for n, v in state.items()}, dim=2, pos_aggr="sum")
    assert [conv.pos_aggr for conv in model.convs] == ["sum"] * 3
    x, pos, _ = inputs(2)
    assert model(x, pos)[1].dtype is torch.float64


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("gcl_1.att_mlp.0.bias", None, r"expected an entry 'gcl_1.att_mlp.0.bias' of shape \[1\], got none"),
        ("gcl_0.edge_mlp.0.weight", None, "expected an entry 'gcl_0.edge_mlp.0.weight'"),
        ("embedding_in.weight", None, "expected an entry 'embedding_in.weight'"),
        ("embedding_out.weight", None, "expected an entry 'embedding_out.weight'"),
        ("embedding_out.weight", torch.ones(3, 9), r"'embedding_out.weight' of shape \[3, 8\], got \[3, 9\]"),
        ("gcl_0.edge_mlp.0.weight", torch.ones(8, 9), r"'gcl_0.edge_mlp.0.weight' of shape \[8, 17\], got \[8, 9\]"),
        ("gcl_2.edge_mlp.0.weight", torch.ones(8, 9), r"'gcl_2.edge_mlp.0.weight' of shape \[8, 19\], got \[8, 9\]"),
        ("gcl_1.coord_mlp.2.bias", torch.ones(1), r"no entry 'gcl_1.coord_mlp.2.bias', got one of shape \[1\]"),
        ("gcl_5.node_mlp.0.bias", torch.ones(8), "expected no entry 'gcl_5.node_mlp.0.bias'"),
        ("extra", torch.ones(2, 3), r"no entry 'extra', got one of shape \[2, 3\]"),
    ],
)
def test_wrong_published_weights_are_refused_by_name(name: str, value: Tensor | None, message: str) -> None:
    state = published(attention=True, velocity=True, edge_dim=2, n_body=False)
    state.pop(name, None)
    if value is not None:
        state[name] = value
    with pytest.raises(ValueError, match=message):
        EGNN.from_published(state)


def test_equals_the_textbook_with_velocities() -> None:
    model = network(velocity=True, edge_dim=2)
    textbook = TextbookEGNN(2, 8, 3, edge_dim=2).double()
    with torch.no_grad():
        textbook.embedding.load_state_dict(model.embedding.state_dict())
        for k, conv in enumerate(model.convs):
            maps = conv.edge_map
            first, second = textbook.edge_mlps[k][0], textbook.edge_mlps[k][2]
            first.weight.copy_(torch.cat([maps.lin_target.weight, maps.lin_source.weight, maps.lin_edge.weight], 1))
            first.bias.copy_(maps.lin_target.bias)
            second.load_state_dict(maps.phi_e[1].state_dict())
            textbook.node_mlps[k].load_state_dict(conv.phi_h.state_dict())
            textbook.pos_mlps[k].load_state_dict(maps.phi_x.state_dict())
            textbook.vel_mlps[k].load_state_dict(conv.phi_v.state_dict())
    x, pos, vel = inputs()
    edge_index = complete_graph(9, BATCH).edge_index
    edge_attr = attributes(edge_index.size(1))
    out, new_pos = model(x, pos, edge_index, edge_attr, vel)
    h, expected = textbook(x, pos, edge_index, edge_attr, vel)
    torch.testing.assert_close((out, new_pos), (model.head(h), expected))


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("n", [2, 3])
def test_equivariant_to_rigid_motions_and_not_to_shears(n: int, options: dict[str, object]) -> None:
    model = network(dim=n, **options)
    edge_index = complete_graph(9, BATCH).edge_index
    edge_attr = attributes(edge_index.size(1)) if "edge_dim" in options else None
    x, pos, vel = inputs(n)
    g = LieAlgebra.rotation(n).sample(1, generator=torch.Generator().manual_seed(1))[0]
    g[0] = -g[0]
    shear = torch.eye(n, dtype=torch.float64)
    shear[0, 1] = 0.5
    if "velocity" in options:
        run, values = (lambda p, v: model(x, p, edge_index, edge_attr, v)), [pos, vel]
    else:
        run, values = (lambda p: model(x, p, edge_index, edge_attr)), [pos]
    rigid = [lambda p: p @ g.T + 3.0, g][: len(values)]
    assert_equivariant(run, values, rigid, [None, rigid[0]])
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_equivariant(run, values, [shear] * len(values), [None, shear])


@pytest.mark.parametrize("nodes", [0, 1, 9])
def test_no_edges_move_nothing(nodes: int) -> None:
    x, pos = (value[:nodes] for value in inputs()[:2])
    out, new_pos = network(gate=True)(x, pos, torch.empty(2, 0, dtype=torch.long))
    assert out.shape == (nodes, 3)
    torch.testing.assert_close(new_pos, pos)


def test_positions_that_stay() -> None:
    model = network(gate=True, pos_aggr=None)
    x, pos, _ = inputs()
    out, same = model(x, pos, batch=BATCH)
    assert same is pos
    out.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_repr() -> None:
    text = "EGNN(2, 3, num_layers=3)"
    assert repr(network(gate=True)) == text


def test_bad_settings_and_input() -> None:
    with pytest.raises(ValueError, match="at least one layer"):
        EGNN(2, 8, 1, 0)
    with pytest.raises(ValueError, match=r"in_channels=2 channels, got \[4, 3\]"):
        EGNN(2, 8, 1)(torch.ones(4, 3), torch.ones(4, 3))
    with pytest.raises(ValueError, match="needs `vel`"):
        EGNN(2, 8, 1, velocity=True)(torch.ones(4, 2), torch.ones(4, 3))
