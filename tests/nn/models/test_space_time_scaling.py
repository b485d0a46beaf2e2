"""Networks that keep the scalings of space and time of the Navier-Stokes equations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.field.representation import scalars
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.models.field_forecasters import C1
from pyg_liesym.nn.models.field_res_net import FieldResNet
from pyg_liesym.nn.models.riesz_rate_net import RieszRateNet
from pyg_liesym.nn.models.space_time_scaling import SpaceTimeScaling
from pyg_liesym.testing.equivariance import randomize_parameters

RATIO = 2**0.5
FRAMES = 5


def rows(side: int) -> SpaceTimeScaling:
    """Rows that do not hear each other; scales and kernels grow with the lattice."""
    torch.manual_seed(0)
    scales = [side / 48 * RATIO**k for k in range(4)]
    size = 2 * round(2.5 * scales[-1]) + 1
    layer = lambda before, after, **more: ScaleConv2d(  # noqa: E731
        before.channels, after.channels, size, scales, interaction=0, max_order=2, padding="circular", **more
    )
    net = FieldResNet(
        scalars(C1, 4), scalars(C1, 4), scalars(C1, 2), layer,
        num_blocks=1, first=partial(layer, zero_mean=True), act="tanh",
    )  # fmt: skip
    randomize_parameters(net.double(), 1.0, torch.Generator().manual_seed(0))
    return SpaceTimeScaling(net, scales, FRAMES, times=2).double()


def riesz(history: int = 1) -> nn.Module:
    torch.manual_seed(0)
    net = RieszRateNet(history, 6, padding="circular").double()
    return randomize_parameters(net, 0.3, torch.Generator().manual_seed(0))


def plain() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(2 * FRAMES, 8, 5, padding=2, padding_mode="circular"), nn.Tanh()]
    net = nn.Sequential(*layers, nn.Conv2d(8, 2, 5, padding=2, padding_mode="circular")).double()
    return randomize_parameters(net, 0.3, torch.Generator().manual_seed(0))


def flow(side: int, factor: float = 1.0, box: float = 20.0) -> Tensor:
    r"""Frames of :math:`T_\lambda w` for a vortex that drifts and spreads, in a box of some of its radii."""
    along = factor * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2) / side * box
    frames = []
    for k in range(FRAMES):
        t = factor**2 * 0.05 * (k - FRAMES + 1)
        x, y, width = along - t, -along[:, None] + 0.5 * t, 1 + 0.4 * t
        bump = torch.exp(-(x**2 + y**2) / (2 * width)) / width
        frames += [-(y + 0.3) * bump, x * bump]
    return factor * torch.stack(frames)[None]


PLACES = torch.linspace(-0.35, 0.35, 41, dtype=torch.float64)
GRID = torch.stack(torch.meshgrid(PLACES, PLACES, indexing="xy"), -1)[None]


def relative(found: Tensor, expected: Tensor, factor: float) -> float:
    """How far a field is from another one scaled in space, in the middle."""
    sample = lambda f, grid: nn.functional.grid_sample(f, grid, mode="bicubic", align_corners=False)  # noqa: E731
    wanted = sample(expected, GRID * factor)
    return float((sample(found, GRID) - wanted).norm() / wanted.norm())


@torch.no_grad()
def scaling_error(net: Callable[[Tensor], Tensor], side: int, factor: float = RATIO) -> float:
    """How far the rate of the scaled flow is from the scaled rate."""
    return relative(net(flow(side, factor)), factor**3 * net(flow(side)), factor)


def last_frame(net: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda field: net(field[:, -2:])


def test_without_a_row_the_error_falls_with_the_resolution() -> None:
    """`pytest -s` shows the table."""
    sides = (32, 64, 128)
    errors = [scaling_error(last_frame(riesz()), side) for side in sides]
    others = [scaling_error(plain(), side) for side in sides]
    for side, error, other in zip(sides, errors, others, strict=True):
        print(f"scaled by √2, {side:3} places a side: Riesz {error:.3f}, plain {other:.3f}, {other / error:.1f} times")
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 0.06
    assert others[2] > 10 * errors[2]
    assert scaling_error(last_frame(riesz()), 128, 1.2) < 0.05, "any factor will do"


def test_changes_before_scale_as_rates() -> None:
    frames, net = flow(32), riesz(FRAMES)
    with torch.no_grad():
        for layer in (net.carrying, net.spreading):
            layer.kernel.weight.zero_()
    drift = torch.linspace(0, 3, FRAMES).double()[:, None].expand(-1, 2).reshape(1, -1, 1, 1)
    still = frames[:, -2:].repeat(1, FRAMES, 1, 1)
    assert net(still).abs().max() < 1e-12
    torch.testing.assert_close(net(still + 2 * drift * still), 2 * net(still + drift * still))


@torch.no_grad()
def test_a_scaled_flow_is_one_scale_down_the_row() -> None:
    errors = []
    for side in (48, 96):
        net, seen = rows(side), []
        net.net.register_forward_hook(lambda module, args, out, seen=seen: seen.append(out))
        net(flow(side, box=10.0))
        net(flow(side, RATIO, box=10.0))
        whole, scaled = seen
        errors.append([relative(scaled[:, :, k], whole[:, :, k + 1], RATIO) for k in range(2)])
    assert max(errors[1]) < 0.03 < max(errors[0]) / 3, "the error falls with the resolution"
    assert relative(scaled[:, :, 0], whole[:, :, 0], RATIO) > 0.5, "at the same scale it is another"


def test_frames_of_a_steady_flow_are_all_alike_and_the_factors_are_those_of_units() -> None:
    seen: list[Tensor] = []
    net = SpaceTimeScaling(nn.Identity(), (1.0, 2.0), history=FRAMES, times=1)
    net.net.register_forward_hook(lambda module, args, out: seen.append(out))
    still = torch.randn(1, 2, 4, 4).repeat(1, FRAMES, 1, 1)
    rate = net(still)
    torch.testing.assert_close(seen[0], torch.stack([still[:, :2], 2 * still[:, :2]], 2))
    torch.testing.assert_close(rate, still[:, :2] * (1 + 2 / 8) / 2)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_times_are_sampled_as_squares_of_scales(times: int) -> None:
    scales = (2**-0.5, 1.0, RATIO)
    net = SpaceTimeScaling(nn.Identity(), scales, history=FRAMES, times=times)
    step = 1.0 if times == 1 else (FRAMES - 1) / (times - 1) / 2
    frames = torch.arange(FRAMES, dtype=torch.float32) - FRAMES + 1  # the time itself
    for (number, scale), k in itertools.product(enumerate(scales), range(times)):
        assert float(net.weights[number, k] @ frames) == pytest.approx(-k * scale**2 * step, abs=1e-5)
        assert float(net.weights[number, k].sum()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"history": 3, "times": 3, "step": 1.0}, "2 frames apart at the largest scale, reach back beyond 3 frames"),
        ({"history": 0}, "one frame and one time or more"),
        ({"history": 3, "step": 0.0}, "a positive step, got 0.0"),
        ({"history": 1, "times": 2}, "a positive step, got 0.0"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpaceTimeScaling(nn.Identity(), (1.0, RATIO), **options)


def test_other_fields_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a field \[B, 6, H, W\], got \[1, 4, 8, 8\]"):
        SpaceTimeScaling(nn.Identity(), (1.0, 2.0), history=3)(torch.zeros(1, 4, 8, 8))
    with pytest.raises(ValueError, match=r"expected a field \[B, 6, H, W\], got \[1, 4, 8, 8\]"):
        RieszRateNet(3, 2)(torch.zeros(1, 4, 8, 8))
    with pytest.raises(ValueError, match="one frame, layer and product or more"):
        RieszRateNet(0, 2)
