"""Convection between a warm floor and a cold ceiling, in a closed box."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pyg_liesym.datasets.simulation.staggered import at_middles, remove_divergence

Array: TypeAlias = NDArray[np.float64]
State: TypeAlias = tuple[Array, Array, Array]

VERSION = 1  # of what is simulated: raise it when the same settings give other frames
# The third-order scheme is stable up to 1.73 cells of flow a step, or 2.51 of what diffusion changes.
_FLOW, _DIFFUSION = 1.5, 2.3
_FEWEST = 20.0  # steps a free-fall time, even where nothing moves yet


@dataclass(frozen=True)
class Convection:
    r"""Boxes of fluid that is warmed from below, simulated together; see :func:`simulate_convection`.

    Args:
        rayleigh: Rayleigh number :math:`g \alpha \Delta T\, h^3 / (\nu \kappa)`.
        prandtl: Prandtl number :math:`\nu / \kappa`; 0.71 is air.
        rows: Rows of cells; the box has height 1.
        aspect: Width of the box in its heights.
        seeds: One box for each, begun from other disturbances.
        disturbance: Standard deviation of the first temperatures about those of conduction.

    Raises:
        ValueError: If a number is not positive, there are fewer than four rows, or the columns are no whole number.
    """

    rayleigh: float = 1e6
    prandtl: float = 0.71
    rows: int = 64
    aspect: float = 7.0
    seeds: tuple[int, ...] = (0,)
    disturbance: float = 0.1

    def __post_init__(self) -> None:
        for name in ("rayleigh", "prandtl", "aspect", "disturbance"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        columns = self.rows * self.aspect
        if self.rows < 4 or columns < 4 or abs(columns - round(columns)) > 1e-9 or not self.seeds:
            raise ValueError(f"expected 4 rows, whole columns and a seed at least, got {self}")

    @property
    def columns(self) -> int:
        """Columns of cells."""
        return round(self.rows * self.aspect)

    @property
    def viscosity(self) -> float:
        """ν in box heights and free-fall times."""
        return math.sqrt(self.prandtl / self.rayleigh)

    @property
    def diffusivity(self) -> float:
        """κ in box heights and free-fall times."""
        return 1 / math.sqrt(self.prandtl * self.rayleigh)


class ConvectionFrames(NamedTuple):
    """Frames of convection, at the middles of the cells; rows run downwards, y upwards.

    Shapes:
        - **velocity**: components (u_x, u_y), :math:`(S, T, 2, H, W)`; **temperature**: 1 at the floor, 0 at the
          ceiling, :math:`(S, T, 1, H, W)`
    """

    velocity: NDArray[Any]
    temperature: NDArray[Any]


def simulate_convection(
    convection: Convection,
    frames: int,
    *,
    interval: float = 0.25,
    start: float = 0.0,
    dtype: type[np.floating[Any]] = np.float32,
    progress: bool = True,
) -> ConvectionFrames:
    r"""Let fluid turn over between a warm floor and a cold ceiling: Rayleigh–Bénard convection in two dimensions.

    The Boussinesq equations in box heights, free-fall times :math:`\sqrt{h / (g \alpha \Delta T)}` and the difference
    of temperature between floor and ceiling,

    .. math::
        \partial_t u + u \cdot \nabla u = -\nabla p + \sqrt{Pr / Ra}\, \nabla^2 u + T \hat y, \qquad
        \nabla \cdot u = 0, \qquad \partial_t T + u \cdot \nabla T = \frac{1}{\sqrt{Pr\, Ra}} \nabla^2 T

    in a closed box: no slip at its four walls, T = 1 at the floor, 0 at the ceiling, no flux through the sides. Square
    cells with velocities at their faces and central differences (Harlow and Welch, Phys. Fluids 8 (1965) 2182), third
    order in time (Shu and Osher, J. Comput. Phys. 77 (1988) 439) in as many steps as stability asks for, without
    divergence after each of their stages (:func:`remove_divergence`). The first temperatures are those of conduction
    plus smooth random ones, the same at any number of rows.

    Args:
        convection: What is simulated.
        frames: Number of frames.
        interval: Time between them.
        start: Time of the first.
        dtype: Type of the results; the simulation itself has double precision.
        progress: Whether to show a progress bar.

    Units:
        Lengths in heights of the box, time in free-fall times, velocities in heights per free-fall time.

    Raises:
        ValueError: If ``frames`` or ``interval`` is not positive, or ``start`` is negative.

    Law: no divergence, to rounding; conduction stays what it is, to rounding; mirror images stay mirror images. Below
    the critical Rayleigh number disturbances die out, above it they grow: 2585 in a square box, 1708 in a wide one.
    """
    if frames < 1 or not interval > 0 or not start >= 0:
        raise ValueError(f"expected frames ≥ 1, interval > 0 and start ≥ 0, got {frames}, {interval} and {start}")
    state, size = first_state(convection), (convection.rows, convection.columns)
    kept = [np.empty((len(convection.seeds), frames, n, *size), dtype) for n in (2, 1)]
    state = advance(convection, state, start)
    for frame in tqdm(range(frames), desc="convection", unit="frame", disable=None if progress else True):
        if frame:
            state = advance(convection, state, interval)
        kept[0][:, frame] = np.flip(at_middles(*state[:2]), 2)
        kept[1][:, frame] = np.flip(state[2], 1)[:, None]
    return ConvectionFrames(*kept)


def first_state(convection: Convection) -> State:
    """Fluid at rest with disturbed temperatures, rows upwards: u, v at the inner faces and T in the cells."""
    rows, columns = convection.rows, convection.columns
    y, x = ((np.arange(n) + 0.5) / rows for n in (rows, columns))
    waves, layers = np.arange(1, math.ceil(4 * convection.aspect) + 1), np.arange(1, 4)
    along, across = np.cos(np.pi * np.outer(waves, x) / convection.aspect), np.sin(np.pi * np.outer(layers, y))
    shape = len(layers), len(waves)
    drawn = np.stack([np.random.default_rng(seed).standard_normal(shape) for seed in convection.seeds])
    disturbance = convection.disturbance * np.einsum(
        "slw,ly,wx->syx", drawn * 2 / math.sqrt(math.prod(shape)), across, along
    )
    rest = np.zeros((len(drawn), rows, columns - 1)), np.zeros((len(drawn), rows - 1, columns))
    return *rest, (1 - y)[:, None] + disturbance


def advance(convection: Convection, state: State, time: float) -> State:
    """Go on for so much time; steps are as long as is stable with the velocities at their beginning."""
    left = time
    while left > 0:
        steps = math.ceil(left / _longest_step(convection, state))
        state, left = _step(convection, state, left / steps), left * (1 - 1 / steps)
    return state


def _longest_step(convection: Convection, state: State) -> float:
    flow = convection.rows * sum(float(np.abs(component).max()) for component in state[:2])
    diffusion = 8 * convection.rows**2 * max(convection.viscosity, convection.diffusivity)
    return 1 / (flow / _FLOW + diffusion / _DIFFUSION + _FEWEST)


def _step(convection: Convection, state: State, step: float) -> State:
    stage = state
    for kept in (0.0, 3 / 4, 1 / 3):
        change = _change(convection, *stage)
        u, v, t = (
            kept * old + (1 - kept) * (now + step * rate) for old, now, rate in zip(state, stage, change, strict=True)
        )
        stage = (*remove_divergence(u, v), t)
    return stage


def _change(convection: Convection, u: Array, v: Array, t: Array) -> State:
    """Changes in time without the pressure's."""
    per, nu, kappa = convection.rows, convection.viscosity, convection.diffusivity
    wide, tall = np.pad(u, ((0, 0), (0, 0), (1, 1))), np.pad(v, ((0, 0), (1, 1), (0, 0)))
    in_cells = [(wide[:, :, 1:] + wide[:, :, :-1]) / 2, (tall[:, 1:] + tall[:, :-1]) / 2]
    at_corners = (u[:, 1:] + u[:, :-1]) * (v[:, :, 1:] + v[:, :, :-1]) / 4  # uv, zero at the walls
    du = np.diff(in_cells[0] ** 2, axis=2) + np.diff(at_corners, axis=1, prepend=0.0, append=0.0)
    dv = np.diff(in_cells[1] ** 2, axis=1) + np.diff(at_corners, axis=2, prepend=0.0, append=0.0)
    flux = u * (t[:, :, 1:] + t[:, :, :-1]) / 2, v * (t[:, 1:] + t[:, :-1]) / 2
    dt = np.diff(flux[0], axis=2, prepend=0.0, append=0.0) + np.diff(flux[1], axis=1, prepend=0.0, append=0.0)
    lift = (t[:, 1:] + t[:, :-1]) / 2
    warm = np.concatenate([2 - t[:, :1], t, -t[:, -1:]], 1)
    spread = np.diff(np.diff(t, axis=2), axis=2, prepend=0.0, append=0.0) + np.diff(warm, n=2, axis=1)
    return (
        nu * per**2 * (np.diff(wide, n=2, axis=2) + np.diff(_no_slip(u, 1), n=2, axis=1)) - per * du,
        nu * per**2 * (np.diff(tall, n=2, axis=1) + np.diff(_no_slip(v, 2), n=2, axis=2)) - per * dv + lift,
        kappa * per**2 * spread - per * dt,
    )


def _no_slip(component: Array, axis: int) -> Array:
    """The component and its mirror images beyond the walls half a cell away, so that it is zero there."""
    first, last = np.take(component, [0], axis), np.take(component, [-1], axis)
    return np.concatenate([-first, component, -last], axis)
