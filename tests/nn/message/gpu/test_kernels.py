"""The kernels against the formula, on a GPU, or through Triton's interpreter where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from message.leaves import gradients, leaf
from torch.utils._python_dispatch import TorchDispatchMode

from pyg_liesym.nn.message.asked import tiles_alone
from pyg_liesym.nn.message.gpu import call
from pyg_liesym.nn.message.gpu.bounds import bounds_of
from pyg_liesym.nn.message.operands import Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.plain import plain_sums
from pyg_liesym.nn.message.sums import message_sums

pytest.importorskip("triton")
# The interpreter computes in numpy, which says so where an exponential runs over, as it may.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LIMIT = 1e-4
FEW = [5, 1, 4]
BLOCKS = [3, 14, 1, 2]
"""More nodes than a block has, a graph in two of them."""
CASES = {
    "liegnn": (Choices(True, True, "log", "silu", "message", 0.0), True, "mlp"),
    "no gate": (Choices(True, True, "log", "relu", "message", 0.0), False, "mlp"),
    "last layer": (Choices(True, False, "identity", "silu", "message", 0.0), True, None),
    "gated sight": (Choices(True, True, "log", "silu", "gated", 0.0), True, "mlp"),
    "linear, gated": (Choices(False, True, "log", "relu", "gated", 0.0), True, "linear"),
    "linear, no gate": (Choices(False, True, "identity", "silu", "message", 0.0), False, "linear"),
    "clamped": (Choices(True, False, "log", "relu", "gated", 0.5), True, "mlp"),
    "no scalars": (Choices(False, False, "identity", "silu", "message", 0.5), True, "mlp"),
}


def case(name: str, sizes: list[int], hidden: int, forms: int = 2, n: int = 3) -> tuple[Nodes, Maps, Graph, Choices]:
    choices, gate, move = CASES[name]
    num_nodes = sum(sizes)
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes, dtype=torch.long))
    metric = torch.randn(forms, n, n, dtype=torch.float64)
    nodes = Nodes(
        leaf(num_nodes, hidden),
        leaf(num_nodes, hidden),
        leaf(forms * (choices.distance + choices.inner), hidden),
        leaf(n, num_nodes),
        (metric + metric.mT).requires_grad_(),
        leaf(forms, n, num_nodes) if choices.inner else torch.zeros(forms, 0, 0, dtype=torch.float64).requires_grad_(),
        None,
    )
    w2, w3 = ((leaf(hidden, hidden).detach() / hidden**0.5).requires_grad_() for _ in range(2))
    gates = (leaf(hidden), leaf(1)) if gate else (None, None)
    moves = (w3, leaf(hidden)) if move == "mlp" else (None, None)
    last = (leaf(hidden), leaf(1)) if move else (None, None)
    return nodes, Maps(w2, leaf(hidden), *gates, *moves, *last), Graph(None, batch), choices


def there(values):
    """In float32, on the device."""
    moved = (t if t is None or not t.is_floating_point() else t.detach().float() for t in values)
    return type(values)(*(None if t is None else t.to(DEVICE) for t in moved))


def errors(operands, needed: tuple[bool, bool] = (True, True)) -> list[float]:
    """Of both sums and of all gradients, beside the largest number of each."""
    nodes, maps, graph, choices = operands
    want = plain_sums(*operands)
    cotangents = [torch.randn_like(t) for t in want]
    leaves = [t for t in (*nodes, *maps) if t is not None]
    grads = gradients(want, leaves, cotangents, False)
    moved = there(nodes), there(maps), there(graph), choices
    got = call.pair_sums(*moved)
    found = call.pair_gradients(tuple(c.float().to(DEVICE) for c in cotangents), *moved, needed)
    pairs = zip([*got, *(g for g in found if g is not None)], [t.detach() for t in (*want, *grads)], strict=True)
    return [float((a.cpu() - b).abs().max() / b.abs().max().clamp(min=1e-3)) for a, b in pairs if b.numel()]


@pytest.mark.parametrize("name", CASES)
def test_equals_the_formula(name: str) -> None:
    """Sums and gradients of everything: graphs of different sizes in one block, one of them without an edge."""
    assert max(errors(case(name, FEW, 8))) < LIMIT


@pytest.mark.parametrize(("hidden", "forms", "n"), [(16, 1, 4), (24, 1, 2)])
def test_graphs_over_several_blocks(hidden: int, forms: int, n: int) -> None:
    assert max(errors(case("liegnn", BLOCKS, hidden, forms, n))) < LIMIT


@pytest.mark.parametrize("sizes", [[1, 1], []])
def test_without_an_edge_everything_is_zero(sizes: list[int]) -> None:
    nodes, maps, graph, choices = map(there_or_choices, case("liegnn", sizes, 8))
    given = torch.ones_like(nodes.target), torch.ones_like(nodes.pos)
    found = call.pair_gradients(given, nodes, maps, graph, choices, (True, True))
    for values in (*call.pair_sums(nodes, maps, graph, choices), *found):
        assert values is None or not values.any()


def there_or_choices(values):
    return values if isinstance(values, Choices) else there(values)


def test_one_graph_without_a_batch() -> None:
    nodes, maps, _, choices = case("last layer", [6], 8)
    assert max(errors((nodes, maps, Graph(None, None), choices))) < LIMIT


def test_gradients_that_nobody_waits_for_change_no_other() -> None:
    """Those at the ends and of the maps; the rest may be anything."""
    operands = case("liegnn", FEW, 8)
    kept = [0, 1, 2, 3, 4, *range(8, 16)]
    found = errors(operands, (False, False))
    assert max(found[place] for place in kept if place < len(found)) < LIMIT


@pytest.mark.parametrize(("asked", "least", "most"), [("high", 0.0, 0.1), ("medium", 1e-4, 0.1)])
def test_products_in_less_precision(asked: str, least: float, most: float) -> None:
    """Invariants stay exact: far from the origin, distances of rounded vectors would be off by all they are."""
    nodes, maps, graph, choices = case("clamped", FEW, 8)
    nodes = nodes._replace(pos=(nodes.pos.detach().float() + 300).double().requires_grad_())
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(asked)
        found = errors((nodes, maps, graph, choices))
    finally:
        torch.set_float32_matmul_precision(before)
    assert least <= max(found[:2]) < most


def test_operators_call_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through autograd, and to the second derivative, which goes through the formula."""
    nodes, maps, graph, choices = case("liegnn", FEW, 8)
    want = plain_sums(nodes, maps, graph, choices)
    cotangents = [torch.randn_like(t) for t in want]
    leaves = [t for t in (*nodes, *maps) if t is not None]
    second = gradients(want, leaves, cotangents, True)
    called: list[str] = []
    single = [t.detach().float().to(DEVICE).requires_grad_() for t in leaves]
    values = iter(single)
    moved = [type(part)(*(None if t is None else next(values) for t in part)) for part in (nodes, maps)]
    monkeypatch.setattr(call, "takes", lambda *_: True)
    for name in ("pair_sums", "pair_gradients"):
        own = getattr(call, name)
        monkeypatch.setattr(call, name, lambda *a, own=own, name=name: (called.append(name), own(*a))[1])
    with tiles_alone():
        got = message_sums(*moved, there(graph), choices)
        found = gradients(got, single, [c.float().to(DEVICE) for c in cotangents], True)
    assert called == ["pair_sums", "pair_gradients"]
    for mine, theirs in zip((*got, *found), (*want, *second), strict=True):
        assert (mine.cpu() - theirs).abs().max() <= 1e-3 * theirs.abs().max()


class Watch(TorchDispatchMode):
    """Remembers the largest tensor that is made, and refuses to give numbers to the host."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert "_local_scalar_dense" not in str(func)
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.largest = max(self.largest, out.numel())
        return out


def test_nothing_of_size_edges_times_channels_is_made_and_the_host_waits_for_nothing(monkeypatch) -> None:
    nodes, maps, graph, choices = map(there_or_choices, case("liegnn", [40, 40], 16))
    given = torch.ones_like(nodes.target), torch.ones_like(nodes.pos)
    launched: list[str] = []
    from pyg_liesym.nn.message.gpu import kernels

    class Stub:
        def __init__(self, name: str) -> None:
            self.name = name

        def __getitem__(self, grid):
            return lambda *args, **options: launched.append(self.name)

    for name in ("sum_messages", "pull_back"):
        monkeypatch.setattr(kernels, name, Stub(name))
    with Watch() as watch:
        call.pair_sums(nodes, maps, graph, choices)
        call.pair_gradients(given, nodes, maps, graph, choices, (True, True))
    assert launched == ["sum_messages", "pull_back", "pull_back"]
    assert watch.largest <= 80 * 16


def test_graphs_are_found_once_for_a_batch() -> None:
    batch = torch.tensor([0, 0, 2, 2, 2], device=DEVICE)
    bounds = bounds_of(batch, 5, batch.device)
    assert bounds.first.tolist() == [0, 0, 2, 2, 2]
    assert bounds.last.tolist() == [2, 2, 5, 5, 5]
    assert bounds_of(batch, 5, batch.device) is bounds
    batch[2] = 0
    assert bounds_of(batch, 5, batch.device).last.tolist() == [3, 3, 3, 5, 5]


@pytest.mark.skipif(DEVICE == "cuda", reason="what fails on a GPU ends the process")
def test_a_batch_that_is_not_sorted_is_refused() -> None:
    with pytest.raises(RuntimeError, match="`batch` is not sorted"):
        bounds_of(torch.tensor([1, 0]), 2, torch.device("cpu"))


def test_they_compile_for_a_gpu(tmp_path: Path) -> None:
    """The compiler takes less than the interpreter does."""
    pytest.importorskip("triton", minversion="3.9")  # what stands for a GPU is no public interface
    env = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    env |= {"TRITON_CACHE_DIR": str(tmp_path), "TRITON_DEFAULT_FP_FUSION": "1"}
    script = Path(__file__).with_name("compile_kernels.py")
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["sum_messages True", "pull_back True"], done.stderr


def test_what_the_kernels_take(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes, maps, graph, _ = case("liegnn", FEW, 8)
    assert not call.takes(nodes, maps, graph)
    monkeypatch.setattr(call, "serves", lambda values: True)
    assert call.takes(nodes, maps, graph)
    listed = Graph(torch.zeros(2, 4, dtype=torch.long), None)
    assert not call.takes(nodes, maps, listed)
    assert not call.takes(nodes._replace(edge_attr=torch.zeros(4, 1)), maps, graph)
    assert not call.takes(nodes._replace(target=torch.zeros(10, 129)), maps, graph)
    assert not call.takes(nodes._replace(metric=torch.zeros(1, 9, 9)), maps, graph)
    assert not call.takes(nodes, maps._replace(w4=torch.zeros(2, 8)), graph)
