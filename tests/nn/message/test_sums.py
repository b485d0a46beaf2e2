from __future__ import annotations

import pytest
import torch
from message.leaves import SIZES, gradients, leaf

from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.message.operands import Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.plain import plain_sums
from pyg_liesym.nn.message.sums import message_sums
from pyg_liesym.nn.message.tiles import BlockTile, ListTile

pytestmark = pytest.mark.usefixtures("engines")
CHOICES = {
    "liegnn": Choices(True, True, "log", "silu", "message", 0.0),
    "relu": Choices(True, True, "log", "relu", "message", 0.0),
    "egnn": Choices(True, False, "identity", "silu", "message", 0.0),
    "attention": Choices(True, False, "identity", "silu", "gated", 0.0),
    "inner": Choices(False, True, "log", "relu", "message", 0.0),
    "clamped": Choices(True, True, "log", "relu", "message", 0.5),
    "no scalars": Choices(False, False, "identity", "relu", "message", 0.5),
}
PARTS = {
    "all": (True, "mlp", 2),
    "no gate": (False, "mlp", 0),
    "no move": (True, None, 0),
    "linear move": (True, "linear", 0),
    "linear move, no gate": (False, "linear", 2),
}


def case(
    sizes: list[int], choices: Choices, parts: tuple[bool, str | None, int], num_edges: int | None, forms: int = 2
):
    torch.manual_seed(len(sizes))
    gate, move, channels = parts
    n, hidden, num_nodes = 3, 6, sum(sizes)
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long))
    edge_index = None if num_edges is None else torch.randint(max(num_nodes, 1), (2, num_edges))
    count = sum(s * (s - 1) for s in sizes) if num_edges is None else num_edges
    metric = torch.randn(forms, n, n, dtype=torch.float64)
    nodes = Nodes(
        leaf(num_nodes, hidden),
        leaf(num_nodes, hidden),
        leaf(forms * (choices.distance + choices.inner) + channels, hidden),
        leaf(n, num_nodes),
        (metric + metric.mT).requires_grad_(),
        leaf(forms, n, num_nodes),
        leaf(count, channels) if channels else None,
    )
    gates = (leaf(hidden), leaf(1)) if gate else (None, None)
    moves = (leaf(hidden, hidden), leaf(hidden)) if move == "mlp" else (None, None)
    last = leaf(hidden) if move else None
    return nodes, Maps(leaf(hidden, hidden), leaf(hidden), *gates, *moves, last), Graph(edge_index, batch), choices


def assert_equals_plain(nodes: Nodes, maps: Maps, graph: Graph, choices: Choices) -> None:
    leaves = [t for t in [*nodes, *maps] if t is not None and t.requires_grad]
    for twice in (False, True):
        tiled = message_sums(nodes, maps, graph, choices)
        plain = plain_sums(nodes, maps, graph, choices)
        torch.testing.assert_close(tiled, plain, rtol=1e-10, atol=1e-10)
        cotangents = [torch.randn_like(t) for t in tiled]
        got, want = gradients(tiled, leaves, cotangents, twice), gradients(plain, leaves, cotangents, twice)
        torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("room", "parts"), [*((room, parts) for room in (7, 30) for parts in PARTS), (4096, "all")])
@pytest.mark.parametrize("choices", CHOICES)
def test_complete_graphs(monkeypatch: pytest.MonkeyPatch, room: int, choices: str, parts: str) -> None:
    """Several graphs in a tile, rows of one graph in a tile, everything in a tile; values and two derivatives."""
    monkeypatch.setattr(cuts, "_CPU_BYTES", room * 6 * 8)
    monkeypatch.setattr(cuts, "_WORTHWHILE", 0.0)
    assert_equals_plain(*case(SIZES["mixed"], CHOICES[choices], PARTS[parts], None))


@pytest.mark.parametrize("sizes", ["equal", "single", "none"])
@pytest.mark.parametrize("room", [40, 4096])
def test_sizes_of_complete_graphs(monkeypatch: pytest.MonkeyPatch, room: int, sizes: str) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", room * 6 * 8)
    assert_equals_plain(*case(SIZES[sizes], CHOICES["liegnn"], PARTS["all"], None))


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("choices", CHOICES)
def test_edge_lists(monkeypatch: pytest.MonkeyPatch, choices: str, parts: str) -> None:
    """In no order, with self-loops, repeated edges and isolated nodes, cut into several stretches."""
    monkeypatch.setattr(cuts, "_CPU_BYTES", 20 * 6 * 8)
    assert_equals_plain(*case(SIZES["mixed"], CHOICES[choices], PARTS[parts], 50))
    assert_equals_plain(*case(SIZES["mixed"], CHOICES[choices], PARTS[parts], 0))


def test_small_graphs_whose_edges_have_features_become_a_list() -> None:
    nodes, maps, graph, choices = case(SIZES["mixed"], CHOICES["liegnn"], PARTS["all"], None)
    assert {type(tile) for tile in cuts.cut_edges(graph, nodes.target, as_listed=True).tiles} == {ListTile}
    assert {type(tile) for tile in cuts.cut_edges(graph, nodes.target).tiles} == {BlockTile}
    assert_equals_plain(nodes, maps, graph, choices)


def test_nothing_of_size_edges_times_channels_is_saved() -> None:
    nodes, maps, graph, choices = case([40, 40], CHOICES["liegnn"], (True, "mlp", 0), None)
    saved: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.numel()) or t, lambda t: t):
        message_sums(nodes, maps, graph, choices)
    assert max(saved) <= 80 * 6


def test_far_from_the_origin_in_single_precision() -> None:
    """Distances are taken of differences, so an offset of 1e3 costs no more than the rounding of the positions."""
    nodes, maps, graph, _ = case([8, 8], CHOICES["egnn"], PARTS["no gate"], None, forms=1)
    nodes = nodes._replace(pos=(nodes.pos.detach() + 1e3).float().double())
    want = message_sums(nodes, maps, graph, CHOICES["egnn"])
    single = lambda values: type(values)(*(None if t is None else t.detach().float() for t in values))  # noqa: E731
    got = message_sums(single(nodes), single(maps), graph, CHOICES["egnn"])
    for a, b in zip(got, (t.detach() for t in want), strict=True):
        assert float((a - b).norm() / b.norm()) < 1e-5


def test_registered_as_operators_should_be() -> None:
    nodes, maps, graph, choices = case([4, 4], CHOICES["liegnn"], PARTS["all"], None)
    torch.library.opcheck(torch.ops.pyg_liesym.pairwise.default, (*nodes, *maps, *graph, *choices))


@pytest.mark.parametrize("frozen", [("pos", "lowered", "metric"), ("metric",), ("pos", "lowered")])
def test_gradients_that_nobody_waits_for_change_no_other(frozen: tuple[str, ...]) -> None:
    nodes, maps, graph, choices = case(SIZES["mixed"], CHOICES["liegnn"], (True, "mlp", 0), None)
    nodes = nodes._replace(**{name: getattr(nodes, name).detach() for name in frozen})
    assert_equals_plain(nodes, maps, graph, choices)
