"""Derivatives of flows, and how their energy is spread."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pyg_liesym.field import PointGroup, vectors
from pyg_liesym.field.action import quarter_turn
from pyg_liesym.metrics.flows import divergence, energy_spectrum, spectrum_error, vorticity

FLOW = vectors(PointGroup.cyclic(4), 1)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def places(n: int, length: float) -> tuple[Tensor, Tensor]:
    along = torch.arange(n, dtype=torch.float64) * length / n
    return along.expand(n, n), along.flip(0)[:, None].expand(n, n)


def test_linear_flows_have_their_divergence_and_vorticity_up_to_the_border() -> None:
    x, y = places(6, 3.0)
    flow = torch.stack([2 * x - 3 * y, 5 * x + 0.5 * y])
    for found, expected in ((divergence(flow, (0.5, 0.5)), 2.5), (vorticity(flow, (0.5, 0.5)), 8.0)):
        torch.testing.assert_close(found, torch.full_like(x, expected))


def test_a_streamfunction_has_no_divergence_and_its_own_vorticity() -> None:
    x, y = places(64, 2 * torch.pi)
    flow = torch.stack([torch.sin(x) * torch.cos(2 * y) * 2, -torch.cos(x) * torch.sin(2 * y)])
    step = 2 * torch.pi / 64
    assert divergence(flow, (step, step), periodic=True).abs().max() < 1e-2
    expected = 5 * torch.sin(x) * torch.sin(2 * y)
    # Central differences are off by k³ h² / 6 of a wave: 4/3 h² · 2 at most.
    torch.testing.assert_close(vorticity(flow, (step, step), periodic=True), expected, rtol=0, atol=3e-2)


@pytest.mark.parametrize("periodic", [False, True])
def test_both_turn_with_the_flow_and_a_reflection_turns_vorticity_over(periodic: bool) -> None:
    flow = random(3, 2, 6, 8)
    turned = quarter_turn(flow, FLOW)
    for field in (divergence, vorticity):
        before = torch.rot90(field(flow, periodic=periodic), 1, (-2, -1))
        torch.testing.assert_close(field(turned, periodic=periodic), before)
    mirrored = flow.flip(-2) * torch.tensor([1.0, -1.0])[:, None, None]
    torch.testing.assert_close(vorticity(mirrored), -vorticity(flow).flip(-2))
    torch.testing.assert_close(divergence(mirrored), divergence(flow).flip(-2))


def test_the_spectrum_holds_the_energy() -> None:
    x, _ = places(32, 2 * torch.pi)
    wave = torch.stack([torch.sin(5 * x), torch.zeros_like(x)])
    expected = torch.zeros(17, dtype=torch.float64)
    expected[5] = 0.25
    torch.testing.assert_close(energy_spectrum(wave), expected, rtol=0, atol=1e-12)
    smooth = torch.fft.fft2(random(2, 32, 32))
    far = torch.hypot(*(q.abs() for q in torch.meshgrid(*2 * [torch.fft.fftfreq(32, 1 / 32)], indexing="ij")))
    smooth = torch.fft.ifft2(smooth * (far < 12)).real
    torch.testing.assert_close(energy_spectrum(smooth).sum(), smooth.square().sum(0).mean() / 2)


def test_the_spectrum_knows_no_direction_and_no_wind_but_in_its_first_entry() -> None:
    flow = random(2, 16, 16)
    spectrum = energy_spectrum(flow)
    torch.testing.assert_close(energy_spectrum(quarter_turn(flow[None], FLOW)[0]), spectrum)
    torch.testing.assert_close(energy_spectrum(flow + 3.0)[1:], spectrum[1:])
    assert energy_spectrum(flow + 3.0)[0] > spectrum[0] + 1
    torch.testing.assert_close(energy_spectrum(3 * flow), 9 * spectrum)


def test_the_spectrum_error_sees_what_is_smoothed_away() -> None:
    flow = random(8, 2, 32, 32)
    assert spectrum_error(flow, flow) == 0
    assert spectrum_error(flow.roll((3, 5), (-2, -1)), flow) < 1e-6
    smooth = (flow + flow.roll(1, -1) + flow.roll(1, -2) + flow.roll((1, 1), (-2, -1))) / 4
    assert spectrum_error(smooth, flow) > 1
    with pytest.raises(ValueError, match="flows of one shape"):
        spectrum_error(flow, flow[:4])
    with pytest.raises(ValueError, match="no energy but that of its mean"):
        spectrum_error(flow, torch.ones_like(flow))
    with pytest.raises(ValueError, match=r"two places a side or more, got \[8, 2, 1, 32\]"):
        vorticity(flow[..., :1, :])
