"""Plumes of smoke in closed boxes, simulated with PhiFlow."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pyg_liesym.datasets.simulation.plume_settings import Plumes
from pyg_liesym.datasets.simulation.staggered import at_middles, remove_divergence

Array: TypeAlias = NDArray[np.float64]

VERSION = 1  # of what is simulated: raise it when the same settings give other frames


class PlumeFrames(NamedTuple):
    """Frames of simulated plumes, at the middles of the cells; rows run downwards, y upwards.

    Shapes:
        - **velocity**: components (u_x, u_y), :math:`(S, T, 2, H, W)`; **smoke**: density, :math:`(S, T, 1, H, W)`
    """

    velocity: NDArray[Any]
    smoke: NDArray[Any]


def simulate_plumes(
    plumes: Plumes,
    frames: int = 310,
    *,
    dtype: type[np.floating[Any]] = np.float32,
    progress: bool = True,
    report: Callable[[int], Any] = lambda _: None,
) -> PlumeFrames:
    r"""Let smoke rise in closed boxes with no-slip walls, all plumes at once.

    The protocol of `Approximately Equivariant Networks <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML
    2022, Section 5.1): smoke :math:`s` is carried along by the velocity :math:`u`, comes in through a disc
    :math:`D`, and buoyancy :math:`b` drives an incompressible flow; here it may also fade by a share :math:`f` (0 in
    the paper). From rest, each frame is

    .. math::
        s \leftarrow (1 - f)\, A^{MC}_{u}\, s + r\, 1_D, \qquad u \leftarrow P \left( A^{SL}_{u}\, u + b\, s \right)

    with MacCormack and semi-Lagrangian advection (PhiFlow, float64, velocities at the faces of the cells) and the
    projection :math:`P` onto fields without divergence, which is exact: in a closed box cosines solve for the pressure
    (:func:`remove_divergence`).

    Frame :math:`k` is the state after :math:`k + 1` such steps. Velocities are brought to the middles of the cells by
    the mean of both faces. (Taking the left and lower face instead, as the authors do, would break the symmetry under
    quarter turns.) The edge of the disc is as soft as one cell.

    Args:
        plumes: What is simulated.
        frames: Number of frames :math:`T`.
        dtype: Type of the results; the simulation itself has double precision.
        progress: Whether to show a progress bar.
        report: Called with 1 after every frame.

    Units:
        Lengths in those of ``plumes.spacing``, time in frames, density in that of ``plumes.rate``.

    Raises:
        ImportError: If PhiFlow is not installed.
        ValueError: If ``frames`` is not positive.

    Law: no divergence, to rounding. Turning or reflecting inflow, buoyancy and wind of a square box turns or reflects
    the frames, to rounding; exact for quarter turns and reflections only. Not so for translations (walls) and scalings
    (the lattice smooths small eddies, and fewer of a larger box).
    """
    if frames < 1:
        raise ValueError(f"frames must be at least 1, got {frames}")
    phi, backend = import_phiflow()
    height, width = _cells(plumes)
    u, v = np.zeros((len(plumes), height, width - 1)), np.zeros((len(plumes), height - 1, width))
    kept = [np.empty((len(plumes), frames, n, *plumes.resolution), dtype) for n in (2, 1)]
    with _quietly(), backend, phi.math.precision(64):
        step = _Step(phi, plumes)
        smoke = np.zeros((len(plumes), height, width))
        for frame in tqdm(range(frames), desc="plumes", unit="frame", disable=None if progress else True):
            u, v, smoke = step(u, v, smoke)
            u, v = remove_divergence(u, v)
            kept[0][:, frame] = _brought_back(at_middles(u, v), plumes) / plumes.factor
            kept[1][:, frame] = _brought_back(smoke[:, None], plumes)
            report(1)
    return PlumeFrames(*kept)


def import_phiflow() -> tuple[Any, Any]:
    """Import PhiFlow and its backend for torch, leaving its global settings alone.

    Raises:
        ImportError: If it is not installed, or in a version that does not fit.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own, of things that are experimental
            import phi.flow
            from phiml.backend.torch import TORCH
    except ImportError as error:
        raise ImportError(
            f'simulating plumes needs PhiFlow: run `pip install "pyg-liesym[fluids]"` (importing it says: {error})'
        ) from error
    return phi.flow, TORCH


class _Step:
    """Carries smoke and velocity along, lets smoke in and adds buoyancy; all rows upwards here."""

    def __init__(self, phi: Any, plumes: Plumes) -> None:
        height, width = _cells(plumes)
        x, y = (length * plumes.factor for length in plumes.size)
        grid = {"x": width, "y": height, "bounds": phi.Box(x=x, y=y)}
        self.math, self.sim = phi.math, phi.batch("plume")
        buoyancy = np.flip(plumes.buoyancy, 2) if plumes.buoyancy.ndim == 4 else plumes.buoyancy[:, :, None, None]
        inflow = self._cells_of(plumes.rate * _disc(plumes))
        lift = [self._cells_of(plumes.factor * buoyancy[:, i] + np.zeros((1, height, width))) for i in (0, 1)]

        def flow(u: Any, v: Any) -> Any:
            return phi.StaggeredGrid(phi.math.stack({"x": u, "y": v}, phi.dual("vector")), 0, **grid)

        wind = None if plumes.wind is None else flow(*map(self._cells_of, _wind_at_faces(plumes)))

        def carry(smoke: Any, u: Any, v: Any) -> tuple[Any, Any, Any]:
            velocity = flow(u, v)
            carrier = velocity if wind is None else velocity + wind
            density = phi.CenteredGrid(smoke, phi.ZERO_GRADIENT, **grid)
            density = phi.advect.mac_cormack(density, carrier, plumes.smoke_step) * (1 - plumes.fading) + inflow
            force = density.with_values(
                density.values * phi.math.stack({"x": lift[0], "y": lift[1]}, phi.channel("vector"))
            )
            velocity = phi.advect.semi_lagrangian(velocity, carrier, plumes.velocity_step) + phi.resample(
                force, to=velocity
            )
            return density.values, velocity.values.vector.dual["x"], velocity.values.vector.dual["y"]

        self.carry = phi.math.jit_compile(carry)

    def __call__(self, u: Array, v: Array, smoke: Array) -> tuple[Array, Array, Array]:
        density, *faces = self.carry(*map(self._cells_of, (smoke, u, v)))
        u, v, smoke = (values.numpy("plume,y,x") for values in (*faces, density))
        return u, v, smoke

    def _cells_of(self, values: Array) -> Any:
        return self.math.tensor(np.swapaxes(values, 1, 2), self.sim, self.math.spatial("x,y"))


def _cells(plumes: Plumes) -> tuple[int, int]:
    """Rows and columns of the simulation, the enlarged box's."""
    height, width = (round(n * plumes.factor) for n in plumes.resolution)
    return height, width


def _disc(plumes: Plumes) -> Array:
    """How much of every cell the inflow fills, ``[S, H, W]``, rows upwards: its edge is a ramp one cell wide."""
    cells = _cells(plumes)
    y, x = ((np.arange(n) + 0.5) * length / n for n, length in zip(cells, reversed(plumes.size), strict=True))
    dx, dy = x - plumes.inflow[:, :1], y - plumes.inflow[:, 1:]
    distance = np.hypot(dx[:, None, :], dy[:, :, None])
    filled: Array = np.clip((plumes.radius - distance) * cells[0] / plumes.size[1] + 0.5, 0.0, 1.0)
    return filled


def _wind_at_faces(plumes: Plumes) -> tuple[Array, Array]:
    """The wind at the inner faces, for every plume, ``[S, H, W - 1]`` and ``[S, H - 1, W]``, rows upwards."""
    assert plumes.wind is not None
    wind = plumes.wind[:, ::-1] if plumes.wind.ndim == 3 else plumes.wind[:, None, None]
    x, y = np.moveaxis(plumes.factor * wind + np.zeros((len(plumes), 2, *_cells(plumes))), 1, 0)
    return (x[:, :, 1:] + x[:, :, :-1]) / 2, (y[:, 1:] + y[:, :-1]) / 2


def _brought_back(values: Array, plumes: Plumes) -> Array:
    """Rows downwards, at the resolution that was asked for."""
    values = np.flip(values, 2)
    if values.shape[2:] == plumes.resolution:
        return values
    import torch

    lattice = torch.from_numpy(values.copy())
    coarse = torch.nn.functional.interpolate(lattice, plumes.resolution, mode="bilinear", antialias=True)
    averaged: Array = coarse.numpy()
    return averaged


@contextmanager
def _quietly() -> Iterator[None]:
    """PhiFlow's notes on tracing are not for our users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
