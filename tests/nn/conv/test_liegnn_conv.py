from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch_geometric import EdgeIndex
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import Sequential

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.metrics.equivariance import equivariance_error
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.testing.equivariance import (
    assert_equivariant,
    randomize_parameters,
)

pytestmark = pytest.mark.usefixtures("edges_in_tiles")

VARIANTS = [
    {},
    {"invariants": ("distance",), "psi": "identity", "gate": False},
    {"invariants": ("inner",), "pos_aggr": "sum"},
    {"pos_aggr": "graph", "act": "relu", "hidden_channels": 7},
    {"edge_channels": 3, "linear_move": True},
]


def inputs(n: int, seed: int = 0, nodes: int = 9) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    options = {"dtype": torch.float64, "generator": generator}
    x, pos, vel = torch.randn(nodes, 5, **options), torch.randn(nodes, n, **options), torch.randn(nodes, n, **options)
    edge_index = torch.randint(nodes, (2, 30), generator=generator)
    return x, pos, vel, edge_index, torch.randn(30, 3, **options)


def layer(metric: Tensor, seed: int = 0, **options: object) -> LieGNNConv:
    conv = LieGNNConv(5, 5, metric=metric, **options).double()
    randomize_parameters(conv, generator=torch.Generator().manual_seed(seed))
    return conv


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_equivariant_to_rotations(n: int, options: dict[str, object]) -> None:
    conv = layer(torch.eye(n, dtype=torch.float64), velocity=True, edge_dim=3, **options)
    x, pos, vel, edge_index, edge_attr = inputs(n)
    g = LieAlgebra.rotation(n).sample(1, generator=torch.Generator().manual_seed(1))[0]
    assert_equivariant(
        lambda x, pos, vel: conv(x, pos, edge_index, edge_attr, vel), [x, pos, vel], [None, g, g], [None, g]
    )


@pytest.mark.parametrize("options", VARIANTS)
def test_equivariant_to_lorentz_and_conjugates_and_not_otherwise(options: dict[str, object]) -> None:
    x, pos, _, edge_index, _ = inputs(4)
    generator = torch.Generator().manual_seed(2)
    left, _, right = torch.linalg.svd(torch.randn(4, 4, dtype=torch.float64, generator=generator))
    conjugator = left @ torch.diag(torch.tensor([10.0, 5.0, 2.0, 1.0], dtype=torch.float64)) @ right
    inverse = torch.linalg.inv(conjugator)
    eta = minkowski(dtype=torch.float64)
    coefficients = 2 * torch.rand(6, dtype=torch.float64, generator=generator) - 1
    for algebra, metric in (
        (LieAlgebra.lorentz(), eta),
        (LieAlgebra.lorentz().conjugate(conjugator), inverse.T @ eta @ inverse),
    ):
        g = algebra.exp(coefficients)
        conv, wrong = layer(metric, **options), layer(torch.eye(4, dtype=torch.float64), **options)
        assert_equivariant(lambda x, p, conv=conv: conv(x, p, edge_index), [x, pos], [None, g], [None, g])
        with pytest.raises(AssertionError, match="not equivariant"):
            assert_equivariant(lambda x, p, conv=wrong: conv(x, p, edge_index), [x, pos], [None, g], [None, g])


def test_translations_are_kept_by_distances_alone() -> None:
    x, pos, _, edge_index, _ = inputs(3)
    move = lambda p: p + torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)  # noqa: E731
    conv = layer(torch.eye(3, dtype=torch.float64), invariants=("distance",))
    assert_equivariant(lambda x, p: conv(x, p, edge_index), [x, pos], [None, move], [None, move])
    conv = layer(torch.eye(3, dtype=torch.float64), invariants=("distance", "inner"))
    assert equivariance_error(lambda x, p: conv(x, p, edge_index), [x, pos], [None, move], [None, move]) > 1e-3


def test_several_forms_are_kept_together() -> None:
    """The unitary group keeps I and the symplectic form; the orthogonal group does not keep the second."""
    symplectic = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64).kron(torch.eye(2, dtype=torch.float64))
    conv = layer(torch.stack([torch.eye(4, dtype=torch.float64), symplectic]))
    x, pos, _, edge_index, _ = inputs(4)
    unitary = torch.linalg.matrix_exp(0.7 * symplectic)
    assert_equivariant(lambda x, p: conv(x, p, edge_index), [x, pos], [None, unitary], [None, unitary])
    g = LieAlgebra.rotation(4).sample(1, generator=torch.Generator().manual_seed(1))[0]
    assert equivariance_error(lambda x, p: conv(x, p, edge_index), [x, pos], [None, g], [None, g]) > 1e-6


@pytest.mark.parametrize("pos_aggr", ["sum", "mean", "graph"])
def test_equals_the_formula_edge_by_edge(pos_aggr: str) -> None:
    metric = minkowski(dtype=torch.float64)
    conv = layer(metric, edge_dim=3, pos_aggr=pos_aggr, velocity=True)
    x, pos, vel, edge_index, edge_attr = inputs(4)
    maps = conv.edge_map
    first = torch.cat([maps.lin_target.weight, maps.lin_source.weight, maps.lin_edge.weight], dim=1)
    psi = lambda s: torch.sign(s) * torch.log(1 + s.abs())  # noqa: E731
    gathered, shift, count = torch.zeros(9, 5).double(), torch.zeros(9, 4).double(), torch.zeros(9)
    for e, (j, i) in enumerate(edge_index.T.tolist()):
        r = pos[i] - pos[j]
        scalars = torch.stack([psi(r @ metric @ r), psi(pos[i] @ metric @ pos[j])])
        message = maps.phi_e(first @ torch.cat([x[i], x[j], scalars, edge_attr[e]]) + maps.lin_target.bias)
        gathered[i] += maps.phi_m(message) * message
        shift[i] += r * maps.phi_x(message)
        count[i] += 1
    scale = {"sum": torch.ones(9), "mean": 1 / count.clamp(min=1), "graph": torch.full((9,), 1 / 8)}[pos_aggr]
    new_x, new_pos = conv(x, pos, edge_index, edge_attr, vel)
    torch.testing.assert_close(new_x, x + conv.phi_h(torch.cat([x, gathered], dim=1)))
    torch.testing.assert_close(new_pos, pos + scale[:, None].double() * shift + conv.phi_v(x) * vel)


def test_complete_graph_is_the_default_and_sorted_edges_give_the_same() -> None:
    x, pos, *_ = inputs(3)
    batch = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2])
    conv = layer(torch.eye(3, dtype=torch.float64))
    pairs = [[j, i] for i in range(9) for j in range(9) if i != j and batch[i] == batch[j]]
    edge_index = torch.tensor(pairs).T.contiguous()
    expected = conv(x, pos, edge_index[:, torch.randperm(edge_index.size(1), generator=torch.Generator())])
    for edges in (None, complete_graph(9, batch), EdgeIndex(edge_index, sparse_size=(9, 9), sort_order="col")):
        for value, reference in zip(conv(x, pos, edges, batch=batch), expected, strict=True):
            torch.testing.assert_close(value, reference)


def test_widths_of_nodes_and_edges() -> None:
    """The maps of edges have one width, those of nodes the other; the default is one width for all, under old names."""
    conv = LieGNNConv(6, 6, metric=torch.eye(3), edge_channels=4, linear_move=True, velocity=True)
    shapes = {name: tuple(value.shape) for name, value in conv.named_parameters()}
    assert shapes == {
        "edge_map.lin_target.weight": (4, 6), "edge_map.lin_target.bias": (4,),
        "edge_map.lin_source.weight": (4, 6), "edge_map.lin_edge.weight": (4, 2),
        "edge_map.phi_e.1.weight": (4, 4), "edge_map.phi_e.1.bias": (4,),
        "edge_map.phi_m.0.weight": (1, 4), "edge_map.phi_m.0.bias": (1,),
        "edge_map.phi_x.0.weight": (1, 4), "phi_v.0.weight": (6, 6), "phi_v.0.bias": (6,), "phi_v.2.weight": (1, 6),
        "phi_v.2.bias": (1,), "phi_h.0.weight": (6, 10), "phi_h.0.bias": (6,), "phi_h.2.weight": (6, 6),
        "phi_h.2.bias": (6,),
    }  # fmt: skip
    wide = LieGNNConv(6, 6, metric=torch.eye(3), hidden_channels=5)
    assert wide.state_dict().keys() >= {f"edge_map.phi_x.{name}" for name in ("0.weight", "0.bias", "2.weight")}
    widths = {wide.edge_map.lin_target.out_features, wide.edge_map.channels, wide.phi_h[0].out_features}
    assert widths == {5}


def test_linear_move_equals_the_formula() -> None:
    conv = layer(minkowski(dtype=torch.float64), edge_channels=3, linear_move=True, pos_aggr="sum")
    maps = conv.edge_map
    x, pos, _, edge_index, _ = inputs(4)
    moved = pos.clone()
    for j, i in edge_index.T.tolist():
        difference = pos[i] - pos[j]
        eta = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
        raw = torch.stack([(eta * difference**2).sum(), (eta * pos[i] * pos[j]).sum()])
        first = maps.lin_target(x[i]) + maps.lin_source(x[j]) + maps.lin_edge(raw.sign() * raw.abs().log1p())
        moved[i] += difference * (maps.phi_x[0].weight[0] @ maps.phi_e(first))
    torch.testing.assert_close(conv(x, pos, edge_index)[1], moved)


def test_flow_and_self_loops() -> None:
    x, pos, _, edge_index, _ = inputs(3)
    conv = layer(torch.eye(3, dtype=torch.float64))
    back = layer(torch.eye(3, dtype=torch.float64), flow="target_to_source")
    torch.testing.assert_close(conv(x, pos, edge_index), back(x, pos, edge_index.flip(0)))
    torch.testing.assert_close(conv(x, pos), back(x, pos))
    loop = torch.tensor([[4], [4]])
    new_x, new_pos = conv(x, pos, loop)
    torch.testing.assert_close(new_pos, pos)
    assert not torch.allclose(new_x[4], conv(x, pos, loop[:, :0])[0][4])


@pytest.mark.parametrize("nodes", [0, 1])
def test_no_edges(nodes: int) -> None:
    conv = layer(torch.eye(3, dtype=torch.float64))
    x, pos = torch.ones(nodes, 5).double(), torch.ones(nodes, 3).double()
    new_x, new_pos = conv(x, pos, batch=torch.zeros(nodes, dtype=torch.long))
    assert new_x.shape == (nodes, 5)
    torch.testing.assert_close(new_pos, pos)


def test_nan_stays_in_its_graph() -> None:
    conv = layer(torch.eye(3, dtype=torch.float64))
    x, pos, *_ = inputs(3)
    pos[0, 0] = torch.nan
    new_x, new_pos = conv(x, pos, batch=torch.tensor([0] * 4 + [1] * 5))
    assert bool(new_x[:4].isnan().any(dim=1).all())
    assert not bool(new_x[4:].isnan().any() | new_pos[4:].isnan().any())


def test_gradients_at_coincident_points_are_finite_and_differentiable_again() -> None:
    conv = layer(minkowski(dtype=torch.float64))
    x, pos, *_ = inputs(4)
    pos[1] = pos[0]
    pos[2] = 0
    pos.requires_grad_()
    new_x, new_pos = conv(x, pos)
    (grad,) = torch.autograd.grad((new_x**2).sum() + (new_pos**2).sum(), pos, create_graph=True)
    (second,) = torch.autograd.grad((grad**2).sum(), pos)
    assert bool(grad.isfinite().all())
    assert bool(second.isfinite().all())


def test_learned_metric_learns_and_yields_its_algebra() -> None:
    conv = LieGNNConv(5, 5, metric="learned", dim=3).double()
    randomize_parameters(conv, generator=torch.Generator().manual_seed(0))
    x, pos, _, edge_index, _ = inputs(3)
    conv(x, pos, edge_index)[0].sum().backward()
    assert conv.metric.weight.grad is not None
    assert float(conv.metric.weight.grad.norm()) > 0
    algebra = LieAlgebra.preserving(conv.metric.J.detach())
    assert algebra.dim == 3
    g = algebra.sample(1, scale=0.3, generator=torch.Generator().manual_seed(1))[0]
    assert_equivariant(lambda x, p: conv(x, p, edge_index), [x, pos], [None, g], [None, g])


def test_in_sequential_with_a_loader() -> None:
    model = Sequential(
        "x, pos, edge_index, batch",
        [
            (LieGNNConv(2, 8, metric=torch.eye(3)), "x, pos, edge_index -> x, pos"),
            (LieGNNConv(8, 8, metric=torch.eye(3)), "x, pos, edge_index -> x, pos"),
            (nn.Linear(8, 1), "x -> x"),
        ],
    )
    graphs = [Data(x=torch.ones(k, 2), pos=torch.randn(k, 3), edge_index=complete_graph(k).edge_index) for k in (3, 5)]
    batch = next(iter(DataLoader(graphs, batch_size=2)))
    assert model(batch.x, batch.pos, batch.edge_index, batch.batch).shape == (8, 1)


def test_hooks_see_one_message_tensor() -> None:
    conv = layer(torch.eye(3, dtype=torch.float64))
    x, pos, _, edge_index, _ = inputs(3)
    seen: list[Tensor] = []
    conv.register_message_forward_hook(lambda module, args, out: seen.append(out))
    conv(x, pos, edge_index)
    assert [message.shape for message in seen] == [(30, 5 + 3)]


@pytest.mark.parametrize("edges_in_tiles", ["tiles"], indirect=True)
def test_compiles_without_a_graph_break() -> None:
    """With sums in tiles as one operator; the contract has the plain path."""
    conv = layer(minkowski(dtype=torch.float64))
    x, pos, _, edge_index, _ = inputs(4)
    compiled = torch.compile(conv, backend="aot_eager", fullgraph=True)
    for edges in (edge_index, None):
        torch.testing.assert_close(compiled(x, pos, edges), conv(x, pos, edges))
        sum(value.sum() for value in compiled(x, pos, edges)).backward()


def test_repr() -> None:
    text = "LieGNNConv(5, 5, dim=4, invariants=('distance', 'inner'))"
    assert repr(layer(minkowski(dtype=torch.float64))) == text


def test_precision_of_the_metric_survives_a_change_of_dtype() -> None:
    metric = torch.tensor([[1.0, 1e-9], [1e-9, 1.0]], dtype=torch.float64)
    assert torch.equal(LieGNNConv(2, 2, metric=metric).double().metric()[0], metric)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": torch.ones(3, 4)}, r"shape \[n, n\]"),
        ({"metric": torch.full((3, 3), torch.nan)}, "finite"),
        ({"metric": "learned"}, "needs `dim`"),
        ({"metric": "minkowski"}, "got 'minkowski'"),
        ({"metric": torch.eye(3), "dim": 4}, "vectors of 3 components, but `dim` is 4"),
        ({"metric": torch.eye(3), "invariants": ("angle",)}, "'distance' and 'inner'"),
        ({"metric": torch.eye(3), "invariants": ()}, "'distance' and 'inner'"),
        ({"metric": torch.eye(3), "psi": "sqrt"}, "'log' or 'identity'"),
        ({"metric": torch.eye(3), "pos_aggr": "max"}, "'sum', 'mean', 'graph'"),
        ({"metric": torch.eye(3), "pos_aggr": None, "velocity": True}, "pos_aggr=None"),
    ],
)
def test_bad_settings(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LieGNNConv(2, 2, **options)


def test_bad_input() -> None:
    conv = LieGNNConv(2, 2, metric=torch.eye(3))
    x, pos = torch.ones(4, 2), torch.ones(4, 3)
    with pytest.raises(TypeError, match="bipartite"):
        conv((x, x), (pos, pos))
    with pytest.raises(ValueError, match=r"`pos` must be \[num_nodes, 3\]"):
        conv(x, torch.ones(4, 2))
    with pytest.raises(ValueError, match=r"`x` of shape \[4, 2\]"):
        conv(torch.ones(4, 3), pos)
    with pytest.raises(ValueError, match="edge_dim=0"):
        conv(x, pos, edge_attr=torch.ones(12, 1))
    with pytest.raises(ValueError, match="velocity=True"):
        conv(x, pos, vel=pos)
    with pytest.raises(ValueError, match="needs `vel`"):
        LieGNNConv(2, 2, metric=torch.eye(3), velocity=True)(x, pos)
    with pytest.raises(ValueError, match=r"\[2, num_edges\]"):
        conv(x, pos, torch.ones(3, 2, dtype=torch.long))
    with pytest.raises(ValueError, match="not sorted"):
        conv(x, pos, batch=torch.tensor([1, 0, 0, 1]))
    with pytest.raises(TypeError, match="list"):
        LieGNNConv(2, 2, metric=[[1.0]])
