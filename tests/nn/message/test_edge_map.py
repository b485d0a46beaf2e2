"""The layers through tiles and through the plain path, on every kind of graph."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch_geometric import EdgeIndex

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.conv.egnn_conv import EGNNConv
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.conv.lorentznet_conv import LorentzNetConv
from pyg_liesym.nn.message import cuts, edge_map, tile_maps
from pyg_liesym.nn.message.metric import MetricShape
from pyg_liesym.testing.equivariance import randomize_parameters

ETA = minkowski(dtype=torch.float64)
FORMS = torch.stack([ETA, torch.eye(4, dtype=torch.float64)])
LAYERS: dict[str, Callable[[], nn.Module]] = {
    "liegnn": lambda: LieGNNConv(5, 5, metric=ETA, edge_dim=2),
    "several metrics": lambda: LieGNNConv(5, 5, metric=FORMS, invariants=("inner", "distance")),
    "learned": lambda: LieGNNConv(5, 5, metric="learned", dim=4, pos_aggr="sum", hidden_channels=7),
    "velocities": lambda: LieGNNConv(5, 5, metric=ETA, velocity=True, gate=False, psi="identity", act="relu"),
    "no move": lambda: LieGNNConv(5, 3, metric=ETA, pos_aggr=None),
    "narrow edges": lambda: LieGNNConv(5, 5, metric=ETA, edge_channels=3, linear_move=True),
    "linear move behind the gate": lambda: EGNNConv(5, 5, dim=4, gate=True, edge_channels=7, linear_move=True),
    "target to source": lambda: LieGNNConv(5, 5, metric=ETA, edge_dim=2, flow="target_to_source"),
    "egnn": lambda: EGNNConv(5, 5, dim=4),
    "attention": lambda: EGNNConv(5, 5, dim=4, gate=True, edge_dim=2),
    "lorentznet": lambda: LorentzNetConv(5, 2),
    "lorentznet, last": lambda: LorentzNetConv(5, 2, move=False),
    "lorentznet, no symmetry": lambda: LorentzNetConv(5, 2, symmetric=False),
}
SIZES = [6, 3, 1, 3, 5]


def graphs() -> dict[str, tuple[int, Tensor | EdgeIndex | None, Tensor | None]]:
    generator = torch.Generator().manual_seed(3)
    random = torch.randint(9, (2, 40), generator=generator)
    by_target = random[:, random[1].argsort(stable=True)]
    return {
        "unsorted, self-loops, repeated": (9, random, None),
        "sorted": (9, EdgeIndex(by_target, sparse_size=(9, 9), sort_order="col"), None),
        "isolated nodes": (12, random, None),
        "no edges": (4, torch.empty(2, 0, dtype=torch.long), None),
        "single node": (1, None, None),
        "one complete graph": (7, None, None),
        "complete graphs of mixed sizes": (
            sum(SIZES), None, torch.repeat_interleave(torch.arange(len(SIZES)), torch.tensor(SIZES)),
        ),
    }  # fmt: skip


def run(conv: nn.Module, graph: str) -> list[Tensor]:
    """Outputs, gradients of everything, and the running moments."""
    num_nodes, edge_index, batch = graphs()[graph]
    torch.manual_seed(4)
    leaf = lambda *shape: torch.randn(*shape, dtype=torch.float64).requires_grad_()  # noqa: E731
    x, pos = leaf(num_nodes, 5), leaf(num_nodes, 4)
    inputs = [x, pos]
    if isinstance(conv, LorentzNetConv):
        inputs.append(leaf(num_nodes, 2))
        out = conv(x, pos, inputs[2], edge_index, batch)
    else:
        sizes = [num_nodes] if batch is None else SIZES
        num_edges = sum(s * (s - 1) for s in sizes) if edge_index is None else edge_index.size(1)
        edge_attr = leaf(num_edges, 2) if conv.edge_dim else None
        vel = leaf(num_nodes, 4) if conv.phi_v is not None else None
        inputs += [t for t in (edge_attr, vel) if t is not None]
        out = conv(x, pos, edge_index, edge_attr, vel, batch)
    leaves = inputs + list(conv.parameters())
    weights = [torch.randn_like(t) for t in out]
    loss = sum((t * w).sum() for t, w in zip(out, weights, strict=True))
    grads = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    return [*out, *grads, *(b for name, b in conv.named_buffers() if "running" in name)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("graph", graphs())
@pytest.mark.parametrize("name", LAYERS)
def test_tiles_equal_the_plain_path(monkeypatch: pytest.MonkeyPatch, name: str, graph: str, training: bool) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    monkeypatch.setattr(cuts, "_WORTHWHILE", 0.0)
    answers = []
    for tiled in (True, False):
        conv = LAYERS[name]().double().train(training)
        randomize_parameters(conv, generator=torch.Generator().manual_seed(0))
        calls: list[object] = []
        original = edge_map.message_sums
        monkeypatch.setattr(edge_map, "message_sums", lambda *args, o=original, c=calls: c.append(1) or o(*args))
        if not tiled:
            conv.register_message_forward_hook(lambda *_: None)
        answers.append(run(conv, graph))
        monkeypatch.setattr(edge_map, "message_sums", original)
        assert bool(calls) == (tiled and graph not in ("no edges", "single node"))
    torch.testing.assert_close(answers[0], answers[1], rtol=1e-10, atol=1e-10)


class Adapted(nn.Linear):
    """Stands for an adapter or a quantised map: its weight does not tell what it computes."""


def test_a_batch_norm_trains_on_nothing() -> None:
    conv = LorentzNetConv(5, 2)
    x, pos = conv(torch.ones(2, 5), torch.ones(2, 4), torch.ones(2, 2), torch.empty(2, 0, dtype=torch.long))
    assert torch.isfinite(x).all()
    assert torch.equal(pos, torch.ones(2, 4))


@pytest.mark.parametrize(
    "watch",
    [
        lambda conv: conv.register_message_forward_hook(lambda *_: None),
        lambda conv: conv.register_propagate_forward_pre_hook(lambda *_: None),
        lambda conv: conv.edge_map.phi_e[1].register_forward_hook(lambda *_: None),
        lambda conv: conv.edge_map.register_forward_hook(lambda *_: None),
        lambda conv: conv.edge_map.phi_e.__setitem__(0, nn.GELU()),
        lambda conv: conv.edge_map.phi_e.__setitem__(2, nn.ReLU()),
        lambda conv: conv.edge_map.phi_x.__setitem__(1, nn.ReLU()),
        lambda conv: conv.edge_map.phi_e.append(nn.SiLU()),
        lambda conv: conv.edge_map.phi_x.append(nn.Sigmoid()),
        lambda conv: setattr(conv.edge_map, "lin_edge", Adapted(2, 5, bias=False)),
        lambda conv: conv.edge_map.phi_m.__setitem__(0, Adapted(5, 1)),
        lambda conv: setattr(conv.edge_map, "phi_m", nn.Sequential(nn.Linear(5, 1, bias=False), nn.Sigmoid())),
    ],
)
def test_whoever_watches_or_changes_a_map_is_heard(
    monkeypatch: pytest.MonkeyPatch, watch: Callable[[LieGNNConv], object]
) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    monkeypatch.setattr(edge_map, "message_sums", lambda *_: pytest.fail("took the tiles"))
    conv = LieGNNConv(5, 5, metric=minkowski())
    watch(conv)
    conv(torch.randn(9, 5), torch.randn(9, 4))


def test_explanations_see_every_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    conv = LieGNNConv(5, 5, metric=minkowski())
    conv.explain = True
    with pytest.raises(ValueError, match="edge_mask"):
        conv(torch.randn(9, 5), torch.randn(9, 4))


def test_a_subclass_with_its_own_message_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    class Doubled(LieGNNConv):
        def message(self, target_i, source_j, pos_i, pos_j, edge_attr, metric):
            return 2 * super().message(target_i, source_j, pos_i, pos_j, edge_attr, metric)

    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    conv, other = (
        LieGNNConv(5, 5, metric=minkowski(), pos_aggr="sum"),
        Doubled(5, 5, metric=minkowski(), pos_aggr="sum"),
    )
    other.load_state_dict(conv.state_dict())
    x, pos = torch.randn(9, 5), torch.randn(9, 4)
    torch.testing.assert_close(other(x, pos)[1] - pos, 2 * (conv(x, pos)[1] - pos))


@pytest.mark.parametrize("name", LAYERS)
def test_state_dicts_from_before_the_maps_were_one_module_load(name: str) -> None:
    conv, other = LAYERS[name](), LAYERS[name]()
    randomize_parameters(conv, generator=torch.Generator().manual_seed(0))
    old = {key.replace("edge_map.", ""): value for key, value in conv.state_dict().items()}
    assert {"lin_target.weight", "phi_e.1.weight"} < old.keys()
    other.load_state_dict(old)
    for key, value in conv.state_dict().items():
        assert torch.equal(other.state_dict()[key], value)
    with pytest.raises(RuntimeError, match=r"Unexpected key.*phi_y"):
        other.load_state_dict({**old, "phi_y.0.weight": torch.ones(1)})


def test_a_map_of_its_own_keeps_its_name() -> None:
    class Normed(LorentzNetConv):
        def __init__(self) -> None:
            super().__init__(5, 2)
            self.norm = nn.LayerNorm(5)

    conv, other = Normed(), Normed()
    nn.init.normal_(conv.norm.weight)
    other.load_state_dict(conv.state_dict())
    assert torch.equal(other.norm.weight, conv.norm.weight)


def test_a_metric_comes_from_one_place() -> None:
    x, pos, forms = torch.randn(3, 5), torch.randn(3, 4), minkowski().float()[None]
    own, given = LieGNNConv(5, 5, metric=minkowski()), LieGNNConv(5, 5, metric=MetricShape(1, 4))
    given.load_state_dict(own.state_dict())
    assert "metric.J" not in given.state_dict()
    torch.testing.assert_close(given(x, pos, metric=forms), own(x, pos))
    with pytest.raises(ValueError, match="pass `metric` in every call"):
        given(x, pos)
    with pytest.raises(ValueError, match="build it with a MetricShape"):
        own(x, pos, metric=forms)
    with pytest.raises(ValueError, match=r"forms of shape \[1, 4, 4\], got \[2, 4, 4\]"):
        given(x, pos, metric=forms.expand(2, 4, 4))


def test_torch_func_takes_the_plain_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    conv = LieGNNConv(5, 5, metric=ETA).double()
    x, pos = torch.randn(6, 5).double(), torch.randn(6, 4).double()
    jacobian = torch.func.jacrev(lambda p: conv(x, p)[1])(pos)
    torch.testing.assert_close(jacobian, torch.autograd.functional.jacobian(lambda p: conv(x, p)[1], pos))


def test_inference_mode_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a prediction leaves for the next call can be written to by a training step."""
    monkeypatch.setattr(cuts, "_CPU_BYTES", 2000)
    monkeypatch.setattr(tile_maps, "_kept", threading.local())
    conv = LieGNNConv(5, 5, metric=minkowski(dtype=torch.float16)).half()
    big, small = (torch.randn(n, 9, dtype=torch.float16) for n in (60, 40))
    calls: list[object] = []
    original = edge_map.message_sums
    monkeypatch.setattr(edge_map, "message_sums", lambda *args: calls.append(1) or original(*args))
    with torch.inference_mode():
        conv(big[:, :5], big[:, 5:])
    conv(small[:, :5], small[:, 5:])[0].sum().backward()
    assert len(calls) == 2
    assert torch.isfinite(conv.edge_map.phi_e[1].weight.grad).all()


def test_autocast_keeps_messages_in_the_precision_of_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    conv = LieGNNConv(5, 5, metric=minkowski())
    x, pos = torch.randn(9, 5), torch.randn(9, 4)
    with torch.autocast("cpu", torch.bfloat16):
        got_x, got_pos = conv(x, pos)
    want_x, want_pos = conv(x, pos)
    assert got_pos.dtype == torch.float32
    torch.testing.assert_close(got_pos, want_pos, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(got_x.float(), want_x, rtol=3e-2, atol=3e-2)
