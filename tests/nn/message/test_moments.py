from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.message.moments import edge_moments
from pyg_liesym.nn.message.operands import Choices, Graph, Nodes
from pyg_liesym.nn.message.plain import plain_scalars

pytestmark = pytest.mark.usefixtures("engines")
SIZES = [5, 5, 1, 3, 3, 3, 9]
CHOICES = {
    "both": Choices(True, True, "log", "relu", "gated", 0.0),
    "inner": Choices(False, True, "identity", "relu", "gated", 0.0),
    "none": Choices(False, False, "log", "relu", "gated", 0.0),
}


def make(choices: Choices, channels: int, num_edges: int | None, offset: float = 0.0):
    torch.manual_seed(1)
    leaf = lambda *shape: torch.randn(*shape, dtype=torch.float64).requires_grad_()  # noqa: E731
    batch = torch.repeat_interleave(torch.arange(len(SIZES)), torch.tensor(SIZES))
    num_nodes, edge_index = sum(SIZES), None if num_edges is None else torch.randint(sum(SIZES), (2, num_edges))
    count = sum(s * (s - 1) for s in SIZES) if num_edges is None else num_edges
    metric = torch.randn(2, 3, 3, dtype=torch.float64)
    nodes = Nodes(
        (leaf(num_nodes, 4).detach() + offset).requires_grad_(),
        leaf(num_nodes, 4),
        leaf(2 * (choices.distance + choices.inner) + channels, 4),
        leaf(3, num_nodes),
        (metric + metric.mT).requires_grad_(),
        leaf(2, 3, num_nodes),
        leaf(count, channels) if channels else None,
    )
    return nodes, Graph(edge_index, batch)


def written_out(nodes: Nodes, graph: Graph, choices: Choices):
    scalars, _, (source, target) = plain_scalars(nodes, graph, choices)
    z = nodes.target[target] + nodes.source[source] + scalars @ nodes.weight
    degrees = tuple(torch.bincount(ends, minlength=sum(SIZES)) for ends in (target, source))
    return (z.mean(0), z.var(0, correction=0)), degrees


@pytest.mark.parametrize("num_edges", [None, 60])
@pytest.mark.parametrize("channels", [0, 2])
@pytest.mark.parametrize("choices", CHOICES)
@pytest.mark.parametrize("room", [400, 1 << 20])
def test_moments_and_two_derivatives(
    monkeypatch: pytest.MonkeyPatch, room: int, choices: str, channels: int, num_edges: int | None
) -> None:
    monkeypatch.setattr(cuts, "_CPU_BYTES", room)
    monkeypatch.setattr(cuts, "_WORTHWHILE", 0.0)
    nodes, graph = make(CHOICES[choices], channels, num_edges)
    leaves = [t for t in nodes if t is not None]
    answers = []
    for twice in (False, True):
        want, degrees = written_out(nodes, graph, CHOICES[choices])
        got = edge_moments(nodes, graph, CHOICES[choices], degrees)
        torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)
        answers = []
        for moments in (got, want):
            value = (moments[0] * torch.arange(4)).sum() + (moments[1] ** 2).sum()
            first = torch.autograd.grad(value, leaves, create_graph=twice, allow_unused=True, materialize_grads=True)
            if twice:
                value = sum((g**2).sum() for g in first)
                first = torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True)
            answers.append(first)
        torch.testing.assert_close(answers[0], answers[1], rtol=1e-8, atol=1e-8)


def test_single_precision_far_from_zero() -> None:
    choices = CHOICES["both"]
    nodes, graph = make(choices, 0, None, offset=100.0)
    (mean, var), degrees = written_out(nodes, graph, choices)
    single = Nodes(*(None if t is None else t.detach().float() for t in nodes))
    got_mean, got_var = edge_moments(single, graph, choices, degrees)
    torch.testing.assert_close(got_mean, mean.float(), rtol=1e-5, atol=0.0)
    torch.testing.assert_close(got_var, var.float(), rtol=1e-4, atol=0.0)


def test_no_edges() -> None:
    nodes, graph = make(CHOICES["both"], 0, 0)
    degrees = (torch.zeros(sum(SIZES), dtype=torch.long),) * 2
    for moment in edge_moments(nodes, graph, CHOICES["both"], degrees):
        assert torch.equal(moment, torch.zeros(4, dtype=torch.float64))
