"""The compiled loops against the formula where rounding, threads and damage could tell them apart."""

from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.message.asked import tiles_alone
from pyg_liesym.nn.message.edge_map import EdgeMap
from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.fused.library import engine
from pyg_liesym.nn.message.operands import Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.sums import message_sums

pytestmark = pytest.mark.skipif(engine().library is None, reason=engine().says)


def sums(edge_map: EdgeMap, x, pos, edges, metric):
    message, shift = edge_map.tiled_sums(*edge_map.ends(x), pos, edges, None, metric, "source_to_target")
    loss = message.square().sum() + shift.square().sum()
    return [message, shift, *torch.autograd.grad(loss, [pos, x, *edge_map.parameters()])]


def nodes(sizes: list[int], dtype: torch.dtype, scale: float = 1.0):
    torch.manual_seed(0)
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    x, pos = torch.randn(len(batch), 5, dtype=dtype), scale * torch.randn(len(batch), 4, dtype=dtype)
    neighbours = torch.tensor(sizes)[batch] - 1
    return x.requires_grad_(), pos.requires_grad_(), CompleteGraph(neighbours, batch)


MINKOWSKI = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))[None]


@pytest.mark.parametrize("channels", [1, 7, 16, 33, 72, 130])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-11)])
def test_any_width_in_both_precisions(channels: int, dtype: torch.dtype, tolerance: float) -> None:
    """Widths that are no multiple of a vector, and more than a panel of the products."""
    edge_map = EdgeMap(5, channels, 1).to(dtype)
    operands = *nodes([9, 1, 30, 17], dtype), MINKOWSKI.to(dtype)
    got = sums(edge_map, *operands)
    with tiles_alone():
        want = sums(edge_map, *operands)
    for mine, theirs in zip(got, want, strict=True):
        assert (mine - theirs).abs().max() <= tolerance * theirs.abs().max()


@pytest.mark.parametrize("listed", [False, True])
def test_threads_share_the_edges(listed: bool) -> None:
    x, pos, graph = nodes([50, 40, 60], torch.float64)
    edges = graph.listed("source_to_target") if listed else graph
    if listed:  # in no order, so that threads meet at every node
        edges = Edges(edges.edge_index[:, torch.randperm(edges.edge_index.size(1))])
    edge_map, threads = EdgeMap(5, 8, 1).double(), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = sums(edge_map, x, pos, edges, MINKOWSKI.double())
        torch.set_num_threads(3)
        three = sums(edge_map, x, pos, edges, MINKOWSKI.double())
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(three, one, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("act", ["silu", "relu"])
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e3, 1e15])
def test_sizes_of_numbers(scale: float, act: str) -> None:
    """Where exponentials run over, and logarithms see next to nothing or squares near the largest number."""
    edge_map = EdgeMap(5, 16, 1, act=act)
    operands = *nodes([20, 25], torch.float32, scale), MINKOWSKI
    got = sums(edge_map, *operands)
    with tiles_alone():
        want = sums(edge_map, *operands)
    for mine, theirs in zip(got, want, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4 * float(theirs.detach().abs().max()))


@pytest.mark.parametrize(("dtype", "units"), [(torch.float32, 8), (torch.float64, 8)])
def test_their_own_functions_are_right_to_the_last_places(dtype: torch.dtype, units: int) -> None:
    """σ∘σ of numbers of both signs, and the signed logarithm of sizes from 1e-30 to 1e30, one edge each."""
    eye, count = torch.eye(1, dtype=dtype), 2001
    z = torch.linspace(-60, 60, count, dtype=dtype)[:, None]
    size = torch.logspace(-15, 15, count, dtype=dtype) * torch.tensor([1.0, -1.0], dtype=dtype).repeat(1001)[:count]
    ends = torch.stack([torch.arange(count) + count, torch.arange(count)])
    zeros = torch.zeros(count, 1, dtype=dtype)
    maps = Maps(eye, torch.zeros(1, dtype=dtype), None, None, None, None, None)

    def message(target: torch.Tensor, weight: torch.Tensor, pos: torch.Tensor, inner: bool, act: str) -> torch.Tensor:
        pos = torch.stack([torch.cat([pos, pos.abs()])])
        nodes = Nodes(torch.cat([target, zeros]), torch.cat([zeros, zeros]), weight, pos, eye[None], pos[None], None)
        choices = Choices(False, inner, "log", act, "message", 0.0)
        return message_sums(nodes, maps, Graph(ends, None), choices)[0][:count, 0]

    def error(got: torch.Tensor, want: torch.Tensor) -> float:
        return float(((got.double() - want).abs() / want.abs().clamp(min=1e-30)).max())

    limit = units * torch.finfo(dtype).eps
    silu = torch.nn.functional.silu
    got = message(z, eye[:0], size * 0, False, "silu")
    assert error(got, silu(silu(z[:, 0].double()))) < limit
    got = message(zeros, eye, size, True, "relu")
    raw = size.double() * size.double().abs()
    assert error(got, raw.abs().log1p().copysign(raw).clamp(min=0)) < limit


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_passed_on(bad: float) -> None:
    x, pos, graph = nodes([12, 12], torch.float32)
    with torch.no_grad():
        x[3] = bad
        edge_map = EdgeMap(5, 16, 1)
        message, shift = edge_map.tiled_sums(*edge_map.ends(x), pos, graph, None, MINKOWSKI, "source_to_target")
    assert not message[:12].isfinite().all(1).any()
    assert message[12:].isfinite().all()
    assert shift[12:].isfinite().all()


@pytest.mark.parametrize("wrong", [-1, 12, 2**40])
def test_an_edge_to_no_node_is_refused(wrong: int) -> None:
    x, pos, _ = nodes([12], torch.float32)
    edges = Edges(torch.tensor([[0, 1, wrong], [1, 0, 2]]))
    with pytest.raises(IndexError, match="expected `edge_index` to name nodes from 0 to 11, found others"):
        sums(EdgeMap(5, 8, 1), x, pos, edges, MINKOWSKI)


def test_the_processor_is_left_as_it_was() -> None:
    """Tiny numbers count as zero inside the loops alone."""
    sums(EdgeMap(5, 8, 1), *nodes([12], torch.float32), MINKOWSKI)
    assert torch.tensor(1e-42) * 1.0 != 0
