from __future__ import annotations

import pytest
import torch
from textbook_egnn import TextbookEGNN
from torch._dynamo.testing import CompileCounterWithBackend
from torch_geometric.explain import Explainer, GNNExplainer

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.message import invariants
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.nn.models import liegnn
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.testing.equivariance import (
    assert_equivariant,
    assert_invariant,
    assert_permutation_equivariant,
    randomize_parameters,
)

pytestmark = pytest.mark.usefixtures("edges_in_tiles")


def points(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(9, n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


BATCH = torch.tensor([0] * 4 + [1] * 3 + [2] * 2)


def network(*args: object, seed: int = 0, **options: object) -> LieGNN:
    model = LieGNN(*args, **options).double()
    randomize_parameters(model, generator=torch.Generator().manual_seed(seed))
    return model


@pytest.mark.parametrize("metric", [torch.eye(3).double(), minkowski(dtype=torch.float64)])
def test_equivariant_at_the_nodes_and_invariant_for_the_graph(metric: torch.Tensor) -> None:
    n = metric.size(0)
    algebra = LieAlgebra.rotation(n) if n == 3 else LieAlgebra.lorentz()
    g = algebra.exp(torch.linspace(-1, 1, algebra.dim, dtype=torch.float64))
    pos = points(n)
    model = network(0, 8, 2, 3, metric=metric)
    assert_equivariant(lambda p: model(None, p, batch=BATCH), [pos], [g], [None, g])
    for readout in ("mean", "sum"):
        model = network(0, 8, 2, 3, metric=metric, readout=readout)
        assert_invariant(lambda p, model=model: model(None, p, batch=BATCH), [pos], [g])
        assert_permutation_equivariant(
            lambda p, model=model: model(None, p), [pos], invariant=True, generator=torch.Generator().manual_seed(0)
        )
        wrong = network(0, 8, 2, 3, metric=torch.diag(torch.arange(1.0, n + 1)).double(), readout=readout)
        with pytest.raises(AssertionError):
            assert_invariant(lambda p, model=wrong: model(None, p, batch=BATCH), [pos], [g])


def test_the_fast_configuration_keeps_the_law() -> None:
    algebra, metric, pos = LieAlgebra.lorentz(), minkowski(dtype=torch.float64), points(4)
    g = algebra.exp(torch.linspace(-1, 1, 6, dtype=torch.float64))
    for wrong in (False, True):
        model = LieGNN.fast(0, 2, metric=torch.eye(4) if wrong else metric, hidden_channels=8, edge_channels=4).double()
        randomize_parameters(model, generator=torch.Generator().manual_seed(0))
        run = lambda p, model=model: model(None, p, batch=BATCH)  # noqa: E731
        assert run(pos).shape == (3, 2)
        if wrong:
            with pytest.raises(AssertionError):
                assert_invariant(run, [pos], [g])
        else:
            assert_invariant(run, [pos], [g])


def test_the_fast_configuration_and_what_is_changed_of_it() -> None:
    model = LieGNN.fast(3, 5, metric=torch.eye(4))
    assert (len(model.convs), model.readout, model.in_channels, model.out_channels) == (4, "mean", 3, 5)
    assert {(conv.hidden_channels, conv.edge_channels) for conv in model.convs} == {(64, 32)}
    model = LieGNN.fast(0, 2, metric=torch.eye(4), num_layers=2, readout=None, gate=False, act="relu")
    assert (len(model.convs), model.readout, model.convs[0].edge_map.phi_m) == (2, None, None)


def test_settings_that_give_the_published_egnn() -> None:
    """J = I, distances alone, no ψ, no gate: the textbook EGNN with the same weights, edge list and all."""
    hidden, pos, vel = 8, points(3), points(3, 1)
    model = network(
        1, hidden, 1, 3, metric=torch.eye(3), edge_dim=2,
        invariants=("distance",), psi="identity", gate=False, velocity=True,
    )  # fmt: skip
    textbook = TextbookEGNN(1, hidden, 3, edge_dim=2).double()
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
    edge_index = complete_graph(9, BATCH).edge_index
    edge_attr = torch.randn(edge_index.size(1), 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    speed = vel.norm(dim=1, keepdim=True)
    ours = model(speed, pos, edge_index, edge_attr, vel)
    theirs = textbook(speed, pos, edge_index, edge_attr, vel)
    torch.testing.assert_close(ours[1], theirs[1])


@pytest.mark.parametrize("nodes", [0, 1])
def test_graphs_without_edges_are_defined(nodes: int) -> None:
    model = network(0, 8, 2, 2, metric=minkowski(dtype=torch.float64), readout="mean")
    out = model(None, torch.ones(nodes, 4).double(), batch=torch.zeros(nodes, dtype=torch.long), batch_size=1)
    assert out.shape == (1, 2)
    assert bool(out.isfinite().all())


def test_boosts_under_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The maps may be coarse, the invariants may not: they would tell one frame from another."""

    def naive(a: torch.Tensor, b: torch.Tensor, metric: torch.Tensor) -> torch.Tensor:
        return ((a.bfloat16() @ metric[0].bfloat16()) * b.bfloat16()).sum(-1, keepdim=True).float()

    momenta = 30 * points(3)
    pos = torch.cat([(1 + momenta.square().sum(1, keepdim=True)).sqrt(), momenta], dim=1)
    g = LieAlgebra.lorentz().exp(torch.linspace(-1, 1, 6, dtype=torch.float64))
    model = network(0, 16, 2, 2, metric=minkowski(dtype=torch.float64), readout="mean").float()

    @torch.no_grad()
    def error() -> float:
        with torch.autocast("cpu", torch.bfloat16):
            here, there = (model(None, p.float(), batch=BATCH).double() for p in (pos, pos @ g.T))
        return float((here - there).norm() / here.norm())

    kept = error()
    monkeypatch.setattr(liegnn, "bilinear", naive)
    monkeypatch.setattr(invariants, "bilinear", naive)
    assert kept < 0.05, kept
    assert error() > 5 * kept


def test_one_learned_metric_for_all_layers() -> None:
    model = LieGNN(0, 8, 2, 3, metric="learned", dim=4, readout="mean")
    assert sum(parameter.shape == (4, 4) for parameter in model.parameters()) == 1
    assert [conv.metric for conv in model.convs] == [None, None, None]


def test_repr() -> None:
    text = "LieGNN(1, 2, num_layers=2)"
    assert repr(LieGNN(1, 4, 2, 2, metric=torch.eye(3))) == text


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((0, 8, 2, 0), {}, "at least one layer"),
        ((0, 8, 2, 1), {"readout": "max"}, "'mean', 'sum' or None"),
        ((0, 8, 2, 1), {"invariants": ("distance",)}, "no scalars at all"),
    ],
)
def test_bad_settings(args: tuple[int, ...], options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LieGNN(*args, metric=torch.eye(3), **options)


def test_bad_input() -> None:
    model = LieGNN(2, 8, 2, 1, metric=torch.eye(3))
    with pytest.raises(ValueError, match="in_channels=2 channels, got 0"):
        model(None, torch.ones(4, 3))
    with pytest.raises(ValueError, match=r"`pos` must be \[num_nodes, 3\]"):
        model(torch.ones(4, 2), torch.ones(4, 2))


class WithPositions(torch.nn.Module):
    """PyG's explainers call ``model(x, edge_index)``."""

    def __init__(self, net: LieGNN, pos: torch.Tensor) -> None:
        super().__init__()
        self.net, self.pos = net, pos

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        return self.net(x, self.pos, edge_index)


def test_an_explainer_can_mask_the_edges() -> None:
    generator = torch.Generator().manual_seed(0)
    x, pos = torch.randn(6, 2, generator=generator), torch.randn(6, 3, generator=generator)
    explainer = Explainer(
        WithPositions(LieGNN(2, 8, 3, 2, metric=torch.eye(3), readout="mean"), pos),
        GNNExplainer(epochs=2),
        explanation_type="model",
        edge_mask_type="object",
        model_config={"mode": "multiclass_classification", "task_level": "graph", "return_type": "raw"},
    )
    assert explainer(x, complete_graph(6).edge_index).edge_mask.shape == (30,)


@pytest.mark.parametrize("edges_in_tiles", ["tiles"], indirect=True)
def test_compiles_once_for_all_batch_shapes() -> None:
    """A first shape, then one with dynamic sizes that serves all others, forward and backward."""
    model = LieGNN(0, 6, 2, 2, metric=minkowski(), readout="mean")
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for sizes in ([5, 3], [4, 6, 7], [9, 2, 8, 4], [3, 3, 3, 3, 30]):
        batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        pos = torch.randn(sum(sizes), 4)
        out = compiled(None, pos, batch=batch, batch_size=len(sizes))
        torch.testing.assert_close(out, model(None, pos, batch=batch, batch_size=len(sizes)))
        out.sum().backward()
    assert counter.frame_count <= 2
