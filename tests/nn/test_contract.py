"""The contract of every public layer and network: a row of `contract.rows` times the columns below.

Run by itself, ``pytest tests/nn/test_contract.py`` prints the matrix.
"""

from __future__ import annotations

import copy
import math
import pickle

import pytest
import torch
from contract import two_processes
from contract.row import Batch, Points, Row
from contract.rows import ROWS
from torch import Tensor, nn
from torch.func import functional_call

from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.relaxable import make_strict, relaxation, relaxed_layers

TOLERANCE, BROKEN = 1e-10, 1e-5


def cells(column: str) -> pytest.MarkDecorator:
    """The rows to which a column applies."""
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS if column not in row.reasons])


def same(row: Row, first: nn.Module, second: nn.Module, **tolerance: float) -> None:
    batch = row.batch()
    torch.testing.assert_close(row.run(first, batch), row.run(second, batch), **tolerance)


def gradients(row: Row, net: nn.Module, batch: Batch, call: object = None) -> dict[str, Tensor]:
    parameters = dict(net.named_parameters())
    if not parameters:
        return {}
    loss = row.loss(net if call is None else call, batch)
    return dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))


@cells("no_edges")
def test_no_edges(row: Row) -> None:
    """Nodes without neighbours get finite answers."""
    assert isinstance(row.inputs, Points)
    batch = row.batch() if row.inputs.edges is not None else row.batch([1, 1])
    check_finite(row, row.net(), row.inputs.without_edges(batch))


@cells("empty")
def test_empty(row: Row) -> None:
    """A graph without nodes, a batch of such, a batch of nothing."""
    net = row.net()
    for sizes in ((4, 0, 3), (0,), ()):
        check_finite(row, net, row.batch(sizes), row.inputs.rows(sizes))
    if isinstance(row.inputs, Points) and row.inputs.takes:
        lone = {key: value for key, value in row.batch([0]).items() if key not in ("batch", "batch_size")}
        check_finite(row, net, lone, row.inputs.rows([0]))


def check_finite(row: Row, net: nn.Module, batch: Batch, count: int | None = None) -> None:
    net.zero_grad()
    for out in row.run(net, batch):
        assert out.isfinite().all()
        assert count is None or len(out) == count
    # Without edges the maps of edges have nothing to learn from.
    loss = row.loss(net, batch)
    if loss.requires_grad:
        loss.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


@cells("state_dict")
def test_state_dict(row: Row) -> None:
    net, other = row.net(), row.net(seed=1)
    other.load_state_dict(net.state_dict(), strict=True)
    same(row, net, other, rtol=0, atol=0)
    places = [value.data_ptr() for value in net.state_dict().values() if value.numel()]
    assert len(places) == len(set(places)), "a tensor has two names"


@cells("batch")
def test_batch(row: Row) -> None:
    """A batch is a loop over its items."""
    net = row.net()
    whole = [row.inputs.split(out) for out in row.run(net, row.batch())]
    for k, item in enumerate(row.items()):
        alone = row.run(net, row.inputs.join([item]))
        torch.testing.assert_close(tuple(parts[k] for parts in whole), alone, rtol=1e-9, atol=1e-12)


@cells("strict")
def test_strict(row: Row) -> None:
    """What can leave its symmetry keeps it at first, not with other parameters, and again once made strict."""
    net = row.fresh()
    assert relaxation(net) < 1e-12
    assert row.element is None or row.error(net, row.element) < TOLERANCE
    if not relaxed_layers(net):
        assert relaxation(row.net()) < 1e-12
        return
    net = row.net()
    assert relaxation(net) > 1e-3
    assert row.element is None or row.relaxed_keeps or row.error(net, row.element) > BROKEN
    before = row.run(net, row.batch())
    make_strict(net)
    assert relaxation(net) < 1e-12
    assert row.element is None or row.error(net, row.element) < TOLERANCE
    assert any((new - old).abs().max() > BROKEN for new, old in zip(row.run(net, row.batch()), before, strict=True))


@cells("equivariance")
def test_equivariance(row: Row) -> None:
    """With parameters drawn at random, and not to an element of another group."""
    net = row.net()
    make_strict(net)
    assert all(out.abs().max() > 1e-3 for out in row.run(net, row.batch())), "nothing keeps everything"
    assert row.element is not None
    assert row.error(net, row.element) < TOLERANCE
    if row.other is not None:
        assert row.error(net, row.other) > BROKEN
    else:
        assert relaxed_layers(net), "the control is another group or a relaxed layer"


@cells("permutation")
def test_permutation(row: Row) -> None:
    """Nodes and edges have no numbers, and a periodic lattice no origin."""
    net, batch = row.net(), row.batch()
    moved, action = row.inputs.renumbering(batch, torch.Generator().manual_seed(1))
    expected = tuple(out if action is None else action(out) for out in row.run(net, batch))
    torch.testing.assert_close(row.run(net, moved), expected, rtol=1e-9, atol=1e-12)


# What torch.compile looks at itself, behind a break of the graph.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@cells("compile")
def test_compile(row: Row) -> None:
    """The same answers and gradients, in one graph."""
    torch._dynamo.reset()
    net, batch = row.net(), row.batch()
    compiled = torch.compile(net, backend="aot_eager", fullgraph=not row.graph_break)
    torch.testing.assert_close(row.run(compiled, batch), row.run(net, batch))
    torch.testing.assert_close(gradients(row, net, batch, compiled), gradients(row, net, batch))


@cells("tiles")
def test_tiles(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages made tile by tile give the same answers and gradients as those made at once."""
    net, batch = row.net(), row.batch()
    expected, slopes = row.run(net, batch), gradients(row, net, batch)
    monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    torch.testing.assert_close(row.run(net, batch), expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(gradients(row, net, batch), slopes, rtol=1e-8, atol=1e-12)


@cells("autocast")
def test_autocast(row: Row) -> None:
    """In bfloat16 where that is good enough: near the answer in single precision, and with gradients."""
    net, batch = row.fresh(torch.float32), row.batch(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        low = row.run(net, batch)
        found = gradients(row, net, batch)
    for value, reference in zip(low, row.run(net, batch), strict=True):
        assert (value - reference).norm() <= 0.03 * reference.norm()
    assert all(gradient.isfinite().all() for gradient in found.values())


@pytest.fixture(scope="module")
def data_parallel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return two_processes.run(tmp_path_factory.mktemp("ddp"))


@cells("ddp")
def test_ddp(row: Row, data_parallel: dict[str, str]) -> None:
    """Two processes, each with a batch: no unused parameter, and the mean of the gradients on both."""
    assert data_parallel[row.name] == "same"


@cells("functional")
def test_functional(row: Row) -> None:
    """A call with other parameters is that of a network that has them, and leaves this one alone."""
    net, other, batch = row.net(), row.net(seed=1), row.batch()
    before, kept = row.run(net, batch), {name: value.clone() for name, value in net.state_dict().items()}
    tensors = dict(other.named_parameters()) | dict(other.named_buffers())

    def call(*args: object, **kwargs: object) -> object:
        return functional_call(net, tensors, args, kwargs)

    torch.testing.assert_close(row.run(call, batch), row.run(other, batch), rtol=0, atol=0)
    torch.testing.assert_close(row.run(net, batch), before, rtol=0, atol=0)
    torch.testing.assert_close(dict(net.state_dict()), kept, rtol=0, atol=0)

    def loss(parameters: dict[str, Tensor]) -> Tensor:
        return row.loss(lambda *args, **kwargs: functional_call(net, parameters, args, kwargs), batch)

    found = torch.func.grad(loss)(dict(net.named_parameters()))
    torch.testing.assert_close(found, gradients(row, net, batch))


@cells("copies")
def test_copies(row: Row) -> None:
    """A deep copy and a pickled one answer alike, and are networks of their own."""
    net, drawn = row.net(), row.net(seed=1)
    expected = row.run(net, row.batch())
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        same(row, net, other, rtol=0, atol=0)
        other.load_state_dict(drawn.state_dict())
        same(row, other, drawn, rtol=0, atol=0)
    torch.testing.assert_close(row.run(net, row.batch()), expected, rtol=0, atol=0)


@cells("reset")
def test_reset(row: Row) -> None:
    """Drawn anew, a network is what its constructor makes: the same constants, other draws of the same size."""
    fresh, net = row.fresh(), row.net()
    old = {name: value.detach().clone() for name, value in net.named_parameters()}
    torch.manual_seed(1)
    net.reset_parameters()
    again = copy.deepcopy(net)
    torch.manual_seed(1)
    again.reset_parameters()
    for name, value in fresh.state_dict().items():
        new = net.state_dict()[name]
        assert torch.equal(new, again.state_dict()[name]), name
        if value.unique().numel() == 1 and (value.numel() > 1 or float(value) in (0, 1)):
            assert torch.equal(new, value), name
        elif name in old:
            assert not (new == old[name]).any(), name
            assert value.numel() < 16 or 0.5 < float(new.norm() / value.norm()) < 2, name


@cells("gradients")
def test_gradients(row: Row) -> None:
    """Every parameter matters, and its gradient is the slope of the loss along a direction."""
    net, batch = row.net(), row.batch()
    found, parameters = gradients(row, net, batch), dict(net.named_parameters())
    assert all(gradient.isfinite().all() and (not len(gradient) or gradient.any()) for gradient in found.values())
    generator, step, losses = torch.Generator().manual_seed(1), 1e-6, []
    ways = {name: torch.randn(value.shape, dtype=value.dtype, generator=generator) for name, value in found.items()}
    with torch.no_grad():
        for way in (step, -step):
            moved = {name: parameters[name] + way * ways[name] for name in found}
            losses.append(row.loss(lambda *args, **kwargs: functional_call(net, moved, args, kwargs), batch))  # noqa: B023
    slope = sum(float((found[name] * ways[name]).sum()) for name in found)
    assert math.isclose(float(losses[0] - losses[1]) / (2 * step), slope, rel_tol=1e-5, abs_tol=1e-8)
