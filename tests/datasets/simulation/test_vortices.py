"""Vortices in a periodic square obey their equation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from pyg_liesym.datasets.simulation.vortices import SIDE, Vortices, simulate_vortices
from pyg_liesym.metrics.flows import divergence, vorticity

SHORT = {"size": 32, "frames": 5}


def curl(velocity: Any) -> Any:
    """By Fourier series, which is what the flow is made of; rows upwards."""
    u, v = np.moveaxis(np.fft.fft2(velocity[:, :, ::-1]), 1, 0)
    wave = np.fft.fftfreq(velocity.shape[-1], 1 / velocity.shape[-1])
    return np.fft.ifft2(1j * wave * v - 1j * wave[:, None] * u).real


def test_frames_are_free_of_divergence_and_mean() -> None:
    flow = simulate_vortices(Vortices(**SHORT))
    assert flow.velocity.shape == (5, 2, 32, 32)
    assert flow.spacing == pytest.approx(SIDE / 32)
    np.testing.assert_allclose(flow.velocity.mean((-2, -1)), 0, atol=1e-12)
    frames, cell = torch.from_numpy(flow.velocity.copy()), (flow.spacing, flow.spacing)
    size = vorticity(frames, cell, periodic=True).std()
    assert divergence(frames, cell, periodic=True).std() < 0.2 * size, "but for differences in place of series"
    assert np.sqrt(np.mean(flow.velocity[0] ** 2)) == pytest.approx(0.7)


def test_energy_and_enstrophy_stay_but_for_viscosity_and_drag() -> None:
    ideal = simulate_vortices(Vortices(viscosity=0.0, **SHORT)).velocity
    energy, enstrophy = (ideal**2).mean((1, 2, 3)), (curl(ideal) ** 2).mean((1, 2))
    np.testing.assert_allclose(energy, energy[0], rtol=1e-4)
    np.testing.assert_allclose(enstrophy, enstrophy[0], rtol=1e-3)
    slowed = simulate_vortices(Vortices(viscosity=0.0, drag=0.7, **SHORT)).velocity
    expected = energy[0] * np.exp(-2 * 0.7 * 0.05 * np.arange(5))
    np.testing.assert_allclose((slowed**2).mean((1, 2, 3)), expected, rtol=1e-4)


def test_without_advection_each_wave_decays_by_itself() -> None:
    flow = simulate_vortices(Vortices(advection=False, viscosity=0.03, anisotropy=0.5, **SHORT)).velocity
    first, last = (np.fft.fft2(curl(flow)[k]) for k in (0, 4))
    wave = np.fft.fftfreq(32, 1 / 32)
    decay = np.exp(-0.2 * (0.045 * wave[None, :] ** 2 + 0.015 * wave[:, None] ** 2))
    np.testing.assert_allclose(last, decay * first, atol=1e-4 * np.abs(first).max())


def test_a_wind_carries_everything_along() -> None:
    still = simulate_vortices(Vortices(**SHORT)).velocity
    cells = SIDE / 32 / 0.2  # one cell in four steps
    blown = simulate_vortices(Vortices(wind=(cells, 2 * cells), **SHORT)).velocity
    np.testing.assert_allclose(blown[4], np.roll(still[4], (-2, 1), (-2, -1)), atol=1e-4)


def test_a_patchy_drag_takes_more_where_its_cosine_is_high() -> None:
    flow = simulate_vortices(Vortices(advection=False, viscosity=0.0, drag=0.5, patchiness=0.8, **SHORT)).velocity
    # Without the mean, which nothing in the square can change.
    first, last = curl(flow)[0], curl(flow)[4]
    expected = first * np.exp(-0.2 * 0.5 * (1 + 0.8 * np.cos(np.arange(32) * SIDE / 32)))
    np.testing.assert_allclose(last, expected - expected.mean(), atol=1e-3 * np.abs(first).max())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 4}, "8 places a side"),
        ({"step": 0.0}, "positive step"),
        ({"anisotropy": 1.5}, "take energy away"),
        ({"drag": -1.0}, "take energy away"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vortices(**options)
