"""Flows whose law is known, asked which symmetries it keeps."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import t as student
from torch import Tensor

from pyg_liesym.datasets.simulation.vortices import VortexFrames, Vortices, simulate_vortices
from pyg_liesym.discovery.flow_findings import FlowSymmetries, _answer, flow_symmetries
from pyg_liesym.discovery.flow_terms import _outer, _Smoothed
from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.sampling import perturbed_positions

# What each term breaks by more than the margin, besides magnitude, which advection breaks.
KNOWN: dict[str, tuple[dict[str, Any], set[str]]] = {
    "Navier-Stokes": ({}, set()),
    "wind along x": ({"wind": (1.0, 0.0)}, {"rotation", "mirror x", "scaling"}),
    "wind across": ({"wind": (1.0, 0.5)}, {"rotation", "mirror x", "mirror y", "scaling"}),
    "drag": ({"drag": 0.5}, {"scaling"}),
    "beta": ({"beta": 2.0}, {"rotation", "mirror x", "uniform motion", "scaling"}),
    "layers": ({"anisotropy": 0.8, "viscosity": 1e-2}, {"rotation"}),
    "rough on one side": ({"drag": 0.3, "patchiness": 1.0}, {"translation"}),
    "no advection": ({"advection": False, "viscosity": 2e-2}, {"uniform motion"}),
}
# The drag of one side breaks it by about the margin.
OPEN = {"rough on one side": {"scaling"}}


@cache
def flow(name: str) -> VortexFrames:
    return simulate_vortices(Vortices(**KNOWN[name][0]))


def asked(name: str, **options: Any) -> FlowSymmetries:
    frames = flow(name)
    usual = {"spacing": frames.spacing, "step": frames.step, "max_samples": 15_000}
    return flow_symmetries(torch.from_numpy(frames.velocity), **usual | options)


@pytest.mark.parametrize("name", KNOWN)
def test_what_a_known_law_keeps_and_breaks(name: str) -> None:
    """Without knowing that the lattice closes on itself."""
    broken = KNOWN[name][1] | (set() if name == "no advection" else {"magnitude"})
    found = asked(name)
    assert found.told > 0.85
    assert set(found.named("refuted")) == broken
    assert set(found.named("certified")) == {one.symmetry for one in found.symmetries} - broken - OPEN.get(name, set())
    assert all(one.null < 0.005 for one in found.symmetries)


@pytest.mark.parametrize("name", ["Navier-Stokes", "drag"])
def test_a_wide_gaussian_is_no_length_of_its_own(name: str) -> None:
    found = asked(name, width=2.0)
    assert set(found.named("refuted")) == KNOWN[name][1] | {"magnitude"}


def test_a_gaussian_wider_than_the_vortices_decides_nothing() -> None:
    """Its own law, and not that of the flow, would be asked: it breaks uniform motion."""
    found = asked("Navier-Stokes", width=4.0)
    assert found.told > 0.5
    assert found.blur > 1 > asked("Navier-Stokes").blur
    assert found.headline == "NOTHING CAN BE SAID: the Gaussian is as wide as the vortices"
    assert "Record more finely" in found.advice


def test_products_of_smoothed_fields_would_break_scaling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the second term of the series the Gaussian is a length."""
    monkeypatch.setattr(_Smoothed, "product", lambda smooth, one, other: _outer(smooth.taken(one), smooth.taken(other)))
    found = asked("Navier-Stokes", width=2.0)
    assert "scaling" in found.named("refuted")


def test_flows_moved_by_a_symmetry_have_the_same_answers() -> None:
    """Turned by a quarter the mirrors change places; the units of length, time and velocity do not matter."""
    frames = flow("wind along x")
    turned = np.rot90(frames.velocity, 1, (2, 3))
    turned = np.stack([-turned[:, 1], turned[:, 0]], 1)
    found = flow_symmetries(torch.from_numpy(turned.copy()), spacing=frames.spacing, step=frames.step)
    assert set(found.named("refuted")) == {"rotation", "mirror y", "scaling", "magnitude"}
    whole, other = (
        flow_symmetries(torch.from_numpy(factor * frames.velocity), spacing=3 * frames.spacing, step=step)
        for factor, step in ((3.0, frames.step), (30.0, frames.step / 10))
    )
    for one, two in zip(whole.symmetries, other.symmetries, strict=True):
        assert one.breaking.size == pytest.approx(two.breaking.size, rel=1e-5, abs=1e-6)


def test_without_units_vorticity_may_be_carried_at_any_multiple() -> None:
    assert "uniform motion" in asked("Navier-Stokes", spacing=None, step=None).named("certified")
    assert "uniform motion" in asked("no advection", spacing=None, step=None).named("certified")
    half = torch.from_numpy(0.5 * flow("Navier-Stokes").velocity)
    frames = flow("Navier-Stokes")
    assert "uniform motion" in flow_symmetries(half, spacing=frames.spacing, step=frames.step).named("refuted")


def test_noise_has_no_law() -> None:
    noise = torch.randn(20, 2, 48, 48, generator=torch.Generator().manual_seed(0))
    found = flow_symmetries(noise)
    assert found.symmetries == ()
    assert found.headline.startswith("NOTHING CAN BE SAID")
    shuffled = torch.from_numpy(flow("Navier-Stokes").velocity)[torch.randperm(60)]
    assert flow_symmetries(shuffled).symmetries == ()


def test_gaps_are_left_out_and_not_filled() -> None:
    frames = torch.from_numpy(flow("Navier-Stokes").velocity.copy())
    frames[:, :, 20:26, 30:40] = torch.nan
    found = flow_symmetries(frames, max_samples=15_000)
    assert set(found.named("refuted")) == {"magnitude"}
    assert not found.named("no evidence")
    frames[:, :, ::9] = torch.nan
    with pytest.raises(ValueError, match="0 places lie far enough from the border, from gaps"):
        flow_symmetries(frames)


def at_points(name: str, share: float = 0.4) -> tuple[Tensor, Tensor]:
    """A flow at the places of a lattice that were moved, by Fourier series, which are exact."""
    frames = torch.from_numpy(flow(name).velocity)
    size = frames.shape[-1]
    pos = perturbed_positions(Lattice(size, size), share, torch.Generator().manual_seed(1)).double()
    waves = 2j * math.pi * torch.fft.fftfreq(size, dtype=torch.float64)
    across, up = (torch.exp(pos[:, axis, None] * waves) for axis in (0, 1))
    spectrum = torch.fft.fft2(frames.flip(2)) / size**2
    values = torch.einsum("tcyx,ny,nx->tnc", spectrum, up, across).real
    return values, pos * flow(name).spacing


@pytest.mark.parametrize("name", ["Navier-Stokes", "wind along x"])
def test_a_flow_at_points_has_the_answers_of_its_lattice(name: str) -> None:
    """The wind breaks rotation and one mirror; without it nothing does."""
    velocity, pos = at_points(name)
    found = flow_symmetries(velocity, pos=pos, step=flow(name).step, max_samples=15_000)
    assert set(found.named("refuted")) == KNOWN[name][1] | {"magnitude"}
    assert not found.named("no evidence")


def test_points_without_a_step_have_no_units() -> None:
    velocity, pos = at_points("Navier-Stokes")
    assert "uniform motion" in flow_symmetries(velocity / 2, pos=pos, max_samples=15_000).named("certified")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"periodic": True}, "points have no lattice that closes on itself"),
        ({"spacing": (1.0, 2.0)}, "one `spacing` of the lattice for points"),
        ({"pos": torch.rand(8, 2)}, "of 8 points, got"),
        ({"velocity": torch.zeros(9, 2, 30)}, r"\[T, N, 2\] at points, got \[9, 2, 30\]"),
    ],
)
def test_points_that_are_refused(options: dict[str, Any], message: str) -> None:
    usual = {"velocity": torch.randn(9, 30, 2), "pos": torch.rand(30, 2)}
    with pytest.raises(ValueError, match=message):
        flow_symmetries(**usual | options)


@pytest.mark.parametrize(
    ("velocity", "options", "message"),
    [
        (torch.zeros(4, 2, 32, 32), {}, r"\[T, 2, H, W\] of 5 frames or more, got \[4, 2, 32, 32\]"),
        (torch.zeros(9, 3, 32, 32), {}, r"got \[9, 3, 32, 32\]"),
        (torch.zeros(9, 2, 32, 32), {"spacing": 1.0}, "both `spacing` and `step`"),
        (
            torch.zeros(9, 2, 32, 32),
            {"spacing": 1.0, "step": -0.1},
            "a spacing and a step above zero, got 1.0 and -0.1",
        ),
        (torch.zeros(9, 2, 32, 32), {"spacing": 0.0, "step": 1.0}, "a spacing and a step above zero, got 0.0 and 1.0"),
        (torch.full((9, 2, 32, 32), torch.inf), {}, "infinite somewhere"),
        (torch.ones(9, 2, 32, 32), {}, "does not change"),
        (torch.ones(9, 2, 9, 9), {}, "place[s]? lie far enough"),
    ],
)
def test_what_is_refused(velocity: Tensor, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flow_symmetries(velocity, **options)


@pytest.mark.parametrize(
    ("gain", "spread", "null", "status"),
    [
        (0.0, 0.001, 0.0, "certified"),
        (0.05, 0.001, 0.0, "refuted"),
        (0.05, 0.001, 0.2, "no evidence"),  # other places give as much
        (0.05, 0.3, 0.0, "no evidence"),  # the blocks do not agree
        (0.01, 0.001, 0.0, "no evidence"),  # on the margin
        (-0.05, 0.001, 0.0, "no evidence"),  # more terms than the frames can tell apart
    ],
)
def test_what_the_frames_do_not_decide_stays_open(gain: float, spread: float, null: float, status: str) -> None:
    told, signs = np.ones(64), np.resize([1.0, -1.0], 64)
    found = _answer("rotation", gain + spread * signs, np.full(64, null), told, margin=0.01)
    assert (found.status, found.breaking.size) == (status, pytest.approx(gain))
    # The jackknife of a mean is its standard error.
    half = student.ppf(0.975, 63) * spread / 63**0.5
    assert found.breaking.high - found.breaking.low == pytest.approx(2 * half)


def test_says_what_to_do() -> None:
    text = str(asked("wind along x"))
    assert text.startswith("BROKEN: rotation, mirror x, magnitude, scaling; kept: translation, time, mirror y")
    assert "Build in translation, time, mirror y, uniform motion" in text
    assert "Do not ask for rotation, mirror x, scaling." in text
