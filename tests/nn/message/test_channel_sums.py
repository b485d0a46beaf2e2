"""Sums of vector channels in tiles: the values of the plain formula, and two derivatives."""

from __future__ import annotations

import pytest
import torch
from message.leaves import SIZES, gradients, leaf

from pyg_liesym.nn.conv import vector_liegnn_conv
from pyg_liesym.nn.conv.vector_liegnn_conv import VectorLieGNNConv
from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.message.channel_sums import channel_sums
from pyg_liesym.nn.message.invariants import ChannelLayout
from pyg_liesym.nn.message.operands import ChannelNodes, Choices, Graph, Maps
from pyg_liesym.nn.message.plain import plain_channel_sums

pytestmark = pytest.mark.usefixtures("engines")
PARTS = {
    "all": (True, "mlp", 2),
    "no gate": (False, "mlp", 0),
    "no move": (True, None, 0),
    "linear move": (True, "linear", 0),
    "linear move, no gate": (False, "linear", 2),
}


def case(sizes: list[int], parts: tuple[bool, str | None, int], num_edges: int | None, act: str = "silu"):
    torch.manual_seed(len(sizes))
    gate, move, features = parts
    n, channels, forms, hidden, num_nodes = 3, 2, 2, 6, sum(sizes)
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long))
    edge_index = None if num_edges is None else torch.randint(max(num_nodes, 1), (2, num_edges))
    count = sum(s * (s - 1) for s in sizes) if num_edges is None else num_edges
    nodes = ChannelNodes(
        leaf(num_nodes, hidden),
        leaf(num_nodes, hidden),
        leaf(forms * (2 + 3 * channels) + features, hidden),
        leaf(num_nodes, n),
        leaf(num_nodes, n * channels),
        leaf(num_nodes, forms * n * channels),
        leaf(forms, n, n),
        leaf(count, features) if features else None,
    )
    gates = (leaf(hidden), leaf(1)) if gate else (None, None)
    moves = (leaf(hidden, hidden), leaf(hidden)) if move == "mlp" else (None, None)
    last = (leaf(2 * channels, hidden), leaf(2 * channels)) if move else (None, None)
    maps = Maps(leaf(hidden, hidden), leaf(hidden), *gates, *moves, *last)
    layout = ChannelLayout.of(n, channels, (1.0, 7.0)).to(torch.float64)
    choices = Choices(False, False, "log", act, "gated", 0.0)
    return nodes, maps, layout, Graph(edge_index, batch), choices


def assert_equals_plain(*operands) -> None:
    leaves = [t for t in [*operands[0], *operands[1]] if t is not None]
    for twice in (False, True):
        tiled, plain = channel_sums(*operands), plain_channel_sums(*operands)
        torch.testing.assert_close(tiled, plain, rtol=1e-10, atol=1e-10)
        cotangents = [torch.randn_like(t) for t in tiled]
        got, want = gradients(tiled, leaves, cotangents, twice), gradients(plain, leaves, cotangents, twice)
        torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("room", [7, 30, 4096])
def test_complete_graphs(monkeypatch: pytest.MonkeyPatch, room: int, parts: str) -> None:
    """Several graphs in a tile, rows of one graph in a tile, everything in a tile."""
    monkeypatch.setattr(cuts, "_CPU_BYTES", room * 6 * 8)
    monkeypatch.setattr(cuts, "_WORTHWHILE", 0.0)
    assert_equals_plain(*case(SIZES["mixed"], PARTS[parts], None))


@pytest.mark.parametrize("sizes", ["equal", "single", "none"])
@pytest.mark.parametrize("act", ["silu", "relu"])
def test_sizes_of_complete_graphs(monkeypatch: pytest.MonkeyPatch, act: str, sizes: str) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", 40 * 6 * 8)
    assert_equals_plain(*case(SIZES[sizes], PARTS["all"], None, act))


@pytest.mark.parametrize("parts", PARTS)
def test_edge_lists(monkeypatch: pytest.MonkeyPatch, parts: str) -> None:
    """In no order, with self-loops, repeated edges and isolated nodes, cut into several stretches."""
    monkeypatch.setattr(cuts, "_CPU_BYTES", 20 * 6 * 8)
    assert_equals_plain(*case(SIZES["mixed"], PARTS[parts], 50))
    assert_equals_plain(*case(SIZES["mixed"], PARTS[parts], 0))


@pytest.mark.parametrize("needs", [(), ("pos",), ("metric",)])
def test_only_what_is_needed(needs: tuple[str, ...]) -> None:
    """Vectors and weights get their gradients also where positions and forms need none."""
    nodes, *rest = case(SIZES["mixed"], PARTS["all"], None)
    fixed = {name: getattr(nodes, name).detach() for name in {"pos", "metric"} - set(needs)}
    nodes = nodes._replace(**fixed)
    leaves = [t for t in [*nodes, *rest[0]] if t is not None and t.requires_grad]
    cotangents = [torch.randn_like(nodes.target), torch.randn_like(nodes.vectors)]
    got = gradients(channel_sums(nodes, *rest), leaves, cotangents, False)
    torch.testing.assert_close(got, gradients(plain_channel_sums(nodes, *rest), leaves, cotangents, False))


def test_who_takes_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large graphs take the operator; a hook on φx, or another map in its place, takes the plain path again."""
    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    calls: list[int] = []
    operator = vector_liegnn_conv.channel_sums
    monkeypatch.setattr(vector_liegnn_conv, "channel_sums", lambda *o: (calls.append(1), operator(*o))[1])
    conv = VectorLieGNNConv(4, 4, 2, metric=torch.eye(3))
    inputs = torch.randn(9, 4), torch.randn(9, 3)
    expected = conv(*inputs, vectors=torch.ones(9, 2, 3))
    assert len(calls) == 1
    assert conv.phi_x is not None
    hook = conv.phi_x[0].register_forward_hook(lambda *_: None)
    torch.testing.assert_close(conv(*inputs, vectors=torch.ones(9, 2, 3)), expected)
    hook.remove()
    conv.phi_x[1] = torch.nn.Tanh()
    conv(*inputs, vectors=torch.ones(9, 2, 3))
    assert len(calls) == 1
