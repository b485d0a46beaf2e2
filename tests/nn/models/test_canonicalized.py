"""Uniform motion and magnitude kept by any network on vector fields."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import GCN

from pyg_liesym.field import PointGroup, regulars, vectors
from pyg_liesym.field.action import quarter_turn, reflect
from pyg_liesym.nn.field import SteerableConv2d
from pyg_liesym.nn.models.canonicalized import Canonicalized
from pyg_liesym.nn.models.field_conv_net import FieldConvNet
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.testing.equivariance import randomize_parameters

D4 = PointGroup.dihedral(4)
WIND = torch.tensor([30.0, -7.0], dtype=torch.float64)
kept = pytest.mark.parametrize("kept", [{}, {"magnitude": False}, {"uniform_motion": False}], ids=["both", "um", "mag"])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def network(frames: int = 3) -> FieldConvNet:
    torch.manual_seed(0)
    kinds = [vectors(D4, frames), regulars(D4, 2), vectors(D4, 1)]
    net = FieldConvNet(kinds, lambda a, b: SteerableConv2d(a, b, 3, padding="circular")).double()
    randomize_parameters(net, generator=torch.Generator().manual_seed(0))
    return net


def blown(field: Tensor, factor: float = 1.0, wind: Tensor | None = None) -> Tensor:
    """A field in a wind, and its magnitude changed."""
    field = factor * field
    return field if wind is None else field + wind.repeat(field.size(1) // 2)[:, None, None]


@torch.no_grad()
def error(net: Any, field: Tensor, factor: float, wind: Tensor | None) -> float:
    expected = blown(net(field), factor, wind)
    return float((net(blown(field, factor, wind)) - expected).norm() / expected.norm())


@kept
def test_whole_networks_keep_what_was_asked_for_and_nothing_else(kept: dict[str, bool]) -> None:
    net, field = Canonicalized(network(), 2, lattice_dims=2, **kept), random(4, 6, 8, 8)
    cases = {(1.0, True): net.uniform_motion, (1e-6, False): net.magnitude, (50.0, False): net.magnitude}
    for (factor, windy), keeps in cases.items():
        found = error(net, field, factor, WIND if windy else None)
        assert (found < 1e-10) if keeps else (found > 1e-3), (factor, windy, found)
    if not kept:
        assert error(net, field, 50.0, WIND) < 1e-10


def test_turns_and_reflections_stay() -> None:
    net, field, flow = Canonicalized(network(), 2, lattice_dims=2), random(4, 6, 8, 8), vectors(D4, 3)
    for act in (quarter_turn, reflect):
        torch.testing.assert_close(net(act(field, flow)), act(net(field), vectors(D4, 1)), rtol=0, atol=1e-10)


def test_items_of_a_batch_have_winds_of_their_own() -> None:
    net, field = Canonicalized(network(), 2, lattice_dims=2), random(2, 6, 8, 8)
    moved = torch.cat([blown(field[:1], 3.0, WIND), field[1:]])
    torch.testing.assert_close(net(moved)[1], net(field)[1], rtol=0, atol=1e-12)


def test_without_motion_the_answer_is_the_wind() -> None:
    net, nothing = Canonicalized(network(), 2, lattice_dims=2), torch.zeros(1, 6, 8, 8, dtype=torch.float64)
    field = nothing.clone().requires_grad_()
    answer = net(field)
    assert (answer == 0).all()
    answer.sum().backward()
    assert field.grad is not None
    assert field.grad.isfinite().all()
    torch.testing.assert_close(net(blown(nothing, 1.0, WIND)), blown(answer, 1.0, WIND), rtol=0, atol=1e-12)


def test_inside_a_forecaster_a_change_gets_no_wind() -> None:
    inner = Canonicalized(network(), 2, answer="change", lattice_dims=2)
    net, history = FieldForecaster(inner, history=3, scale=2.0, step=0.1).double(), random(2, 3, 2, 8, 8)
    whole = lambda flow: net.rollout(flow.unflatten(1, (3, 2)), 4).flatten(1, 2)  # noqa: E731
    assert error(whole, history.flatten(1, 2), 7.0, WIND) < 1e-10
    bare = FieldForecaster(network(), history=3).double()
    assert error(lambda flow: bare(flow.unflatten(1, (3, 2))), history.flatten(1, 2), 7.0, WIND) > 1e-3


def test_any_network_of_pyg_on_the_nodes_of_meshes() -> None:
    node = torch.arange(12)
    batch, edges = node // 6, torch.stack([node, (node + 1) % 6 + 6 * (node // 6)])
    bare = GCN(4, 8, 2, 2).double()
    randomize_parameters(bare, generator=torch.Generator().manual_seed(0))
    net, field = Canonicalized(bare, 2), random(12, 4)
    moved = torch.where(batch[:, None] == 0, 5 * field + WIND.repeat(2), field)
    found, before = net(moved, edges, batch=batch, batch_size=2), net(field, edges, batch=batch, batch_size=2)
    torch.testing.assert_close(found[:6], 5 * before[:6] + WIND, rtol=0, atol=1e-10)
    torch.testing.assert_close(found[6:], before[6:], rtol=0, atol=1e-10)
    assert (bare(moved, edges)[:6] - 5 * bare(field, edges)[:6] - WIND).abs().max() > 1e-2


def test_a_network_need_not_know_of_the_number_of_items() -> None:
    class Summed(nn.Module):
        def forward(self, x: Tensor, batch: Tensor) -> Tensor:
            return x[:, :2] + batch[:, None]

    net, batch = Canonicalized(Summed(), 2, magnitude=False), torch.tensor([0, 0, 1])
    field = random(3, 4)
    torch.testing.assert_close(net(field, batch=batch), field[:, :2] + batch[:, None])


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="uniform motion or magnitude"):
        Canonicalized(nn.Identity(), 2, uniform_motion=False, magnitude=False)
    with pytest.raises(ValueError, match="'field' or 'change'"):
        Canonicalized(nn.Identity(), 2, answer="step")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"2 components on axis 1 of the field, got \[3, 5, 8, 8\]"):
        Canonicalized(nn.Identity(), 2, lattice_dims=2)(torch.zeros(3, 5, 8, 8))


def test_size_is_the_root_of_the_mean_square_of_a_component() -> None:
    seen: list[Tensor] = []
    net = Canonicalized(nn.Identity(), 2)
    net.net.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    net(torch.tensor([[3.0, 1.0], [5.0, 1.0]]))
    torch.testing.assert_close(seen[0], math.sqrt(2) * torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))


def gappy(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Frames ``[B, T, C, H, W]`` with land, and frames with clouds of their own."""
    mask = random(2, 3, 1, 8, 8, seed=seed + 1) > -1.0
    mask[..., 2:5, :3] = False
    mask[1, ..., 6:, :] = False
    return random(2, 3, 2, 8, 8, seed=seed), mask


@pytest.mark.parametrize("fill", [0.0, -3.0, math.nan])
def test_means_are_over_known_places_and_the_fill_does_not_matter(fill: float) -> None:
    net, (flow, mask) = Canonicalized(network(), 2, lattice_dims=2), gappy()
    seen: list[Tensor] = []
    net.net.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    net(torch.where(mask, flow, fill).flatten(1, 2), mask=mask.flatten(1, 2))
    for item in range(2):
        known = flow[item].movedim(1, -1)[mask[item, :, 0]]
        rest = known - known.mean(0)
        expected = torch.zeros_like(flow[item]).movedim(1, -1)
        expected[mask[item, :, 0]] = rest / rest.square().mean().sqrt()
        torch.testing.assert_close(seen[0][item].unflatten(0, (3, 2)).movedim(1, -1), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("factor", [1.0, 50.0])
def test_water_between_coasts_keeps_uniform_motion_and_magnitude(factor: float) -> None:
    inner = Canonicalized(network(), 2, answer="change", lattice_dims=2)
    flow, mask = gappy()
    last = mask[:, -1:].expand(-1, 4, 2, -1, -1)
    moved = factor * flow + WIND.view(2, 1, 1)

    def forecast(net: FieldForecaster, flow: Tensor) -> Tensor:
        frames: Tensor = net.double().rollout(torch.where(mask, flow, 0.0), 4, mask)
        assert (frames[~last] == 0).all(), "land stays at its fill"
        return frames[last]

    expected = WIND.view(2, 1, 1).expand_as(last)[last]
    for masked, keeps in ((True, True), (False, False)):
        net = FieldForecaster(inner, history=3, scale=2.0, step=0.1, masked=masked)
        with torch.no_grad():
            before, after = forecast(net, flow), forecast(net, moved)
        error = float((after - factor * before - expected).norm() / after.norm())
        assert (error < 1e-10) if keeps else (error > 1e-3), (masked, error)


def test_where_all_is_known_a_mask_changes_nothing_and_where_nothing_is_the_answer_is_finite() -> None:
    net, flow = Canonicalized(network(), 2, lattice_dims=2), random(2, 6, 8, 8)
    mask = torch.ones(2, 3, 8, 8, dtype=torch.bool)
    torch.testing.assert_close(net(flow, mask=mask), net(flow), rtol=0, atol=1e-12)
    mask[0] = False
    field = torch.where(mask.repeat_interleave(2, 1), flow, torch.nan).requires_grad_()
    answer = net(field, mask=mask)
    assert (answer[0] == 0).all()
    torch.testing.assert_close(answer[1], net(flow)[1], rtol=0, atol=1e-12)
    answer.sum().backward()
    assert field.grad is not None
    assert field.grad[1].isfinite().all()
    with pytest.raises(ValueError, match=r"a mask of the vectors, \[2, 3, 8, 8\], got \[2, 1, 8, 8\]"):
        net(flow, mask=mask[:, :1])


def test_nodes_may_be_unknown() -> None:
    class Mixing(nn.Module):
        def forward(self, x: Tensor, batch: Tensor) -> Tensor:
            return (x[:, :2] * x[:, 2:]).cumsum(0) + batch[:, None]

    net, batch = Canonicalized(Mixing(), 2), torch.tensor([0, 0, 0, 1, 1])
    field, mask = random(5, 4), torch.tensor([[1, 1], [0, 1], [1, 0], [1, 1], [0, 0]]).bool()
    moved = torch.where(batch[:, None] == 0, 5 * field + WIND.repeat(2), field)
    holes = lambda field: torch.where(mask.repeat_interleave(2, 1), field, torch.nan)  # noqa: E731
    before, after = (net(holes(each), batch=batch, mask=mask) for each in (field, moved))
    torch.testing.assert_close(after[:3], 5 * before[:3] + WIND, rtol=0, atol=1e-10)
    torch.testing.assert_close(after[3:], before[3:], rtol=0, atol=1e-10)
    wrong = net(torch.where(mask.repeat_interleave(2, 1), moved, 0.0), batch=batch)[:3] - WIND
    assert (wrong - 5 * net(torch.where(mask.repeat_interleave(2, 1), field, 0.0), batch=batch)[:3]).abs().max() > 0.1


def test_a_mask_breaks_no_graph_of_the_compiler() -> None:
    inner = Canonicalized(network(), 2, answer="change", lattice_dims=2)
    net, (flow, mask) = FieldForecaster(inner, history=3, masked=True).double(), gappy()
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(flow, mask), net(flow, mask), rtol=0, atol=1e-12)
