"""Vortices in a periodic plane, with terms that break one symmetry or another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

Array: TypeAlias = NDArray[np.float64]
Spectrum: TypeAlias = NDArray[np.complex128]

SIDE = 2 * np.pi
"""Length of a side."""


@dataclass(frozen=True)
class Vortices:
    r"""A flow in a periodic square of side :math:`2\pi`; see :func:`simulate_vortices`.

    Args:
        size: Places a side.
        frames: Number of frames.
        step: Time between frames.
        viscosity: ν.
        anisotropy: a: viscosity is :math:`\nu (1 + a)` along x and :math:`\nu (1 - a)` along y. Breaks rotation.
        drag: α. Breaks scaling.
        beta: β, how fast the earth's rotation changes with y. Breaks rotation, the mirror x → −x, uniform motion and
            scaling.
        wind: A flow W through the square that ``velocity`` leaves out. Breaks rotation, both mirrors unless it is along
            an axis, and scaling.
        patchiness: p, of a drag :math:`\alpha (1 + p \cos x)`. Breaks translation.
        advection: Whether vorticity is carried along. With it magnitude is broken, without uniform motion.
        velocity: Root mean square of a component at the start.
        seed: Of the first vortices, some five in a side.

    Raises:
        ValueError: If a number that must be positive is not, or the viscosity is negative along an axis.
    """

    size: int = 64
    frames: int = 60
    step: float = 0.05
    viscosity: float = 2e-3
    anisotropy: float = 0.0
    drag: float = 0.0
    beta: float = 0.0
    wind: tuple[float, float] = (0.0, 0.0)
    patchiness: float = 0.0
    advection: bool = True
    velocity: float = 0.7
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 8 or self.frames < 1 or not self.step > 0 or not self.velocity > 0:
            raise ValueError(
                f"expected 8 places a side, a frame, and a positive step and velocity at least, got {self}"
            )
        if self.viscosity < 0 or abs(self.anisotropy) > 1 or self.drag < 0 or abs(self.patchiness) > 1:
            raise ValueError(f"expected viscosities and a drag that take energy away, got {self}")


@dataclass(frozen=True)
class VortexFrames:
    r"""What comes out of :func:`simulate_vortices`.

    Attributes:
        velocity: Frames ``[T, 2, H, W]``, components (u_x, u_y), row 0 uppermost.
        spacing: Distance of neighbours.
        step: Time between frames.
    """

    velocity: Array
    spacing: float
    step: float


def simulate_vortices(vortices: Vortices) -> VortexFrames:
    r"""Solve the vorticity equation in a periodic square.

    .. math:: \partial_t \omega + (w + W) \cdot \nabla \omega + \beta\, w_y
        = \nu (1 + a)\, \partial_x^2 \omega + \nu (1 - a)\, \partial_y^2 \omega - \alpha (1 + p \cos x)\, \omega

    with Fourier series, products free of aliasing (the 2/3 rule), and SciPy's Runge–Kutta method of order 5(4).

    Args:
        vortices: What to simulate.

    Units:
        Lengths of a square of side 2π, and any unit of time.

    Raises:
        RuntimeError: If the integration fails.

    Example:
        >>> simulate_vortices(Vortices(size=16, frames=3)).velocity.shape
        (3, 2, 16, 16)
    """
    equation = _Equation(vortices)
    times = np.arange(vortices.frames) * vortices.step
    start = equation.start()
    solution = solve_ivp(
        equation, (0.0, times[-1] if len(times) > 1 else 0.0), start.ravel().view(np.float64), t_eval=times,
        rtol=1e-6, atol=1e-7 * float(np.abs(start).max()),
    )  # fmt: skip
    if not solution.success:
        raise RuntimeError(f"the vortices could not be integrated: {solution.message}")
    frames = [np.stack(equation.velocity(equation.spectrum(state)))[:, ::-1] for state in solution.y.T]
    return VortexFrames(np.stack(frames), SIDE / vortices.size, vortices.step)


class _Equation:
    """The right-hand side, on spectra; rows upwards."""

    def __init__(self, vortices: Vortices) -> None:
        self.vortices, n = vortices, vortices.size
        waves = np.fft.fftfreq(n, 1 / n)
        self.x, self.y = waves[None, :], waves[:, None]
        square = self.x**2 + self.y**2
        self.inverse = np.where(square > 0, 1 / np.where(square > 0, square, 1.0), 0.0)
        self.kept = np.maximum(np.abs(self.x), np.abs(self.y)) < n / 3
        along = vortices.viscosity * (1 + vortices.anisotropy), vortices.viscosity * (1 - vortices.anisotropy)
        self.decay = along[0] * self.x**2 + along[1] * self.y**2 + vortices.drag
        self.patches = vortices.drag * vortices.patchiness * np.cos(np.arange(n) * SIDE / n)

    def start(self) -> Spectrum:
        n = self.vortices.size
        noise = np.fft.fft2(np.random.default_rng(self.vortices.seed).normal(size=(n, n)))
        size = np.sqrt(self.x**2 + self.y**2)
        spectrum = noise * np.exp(-(((size - 5) / 2) ** 2)) * self.kept * (size > 0)
        speed = np.sqrt(np.mean(np.square(self.velocity(spectrum))))
        scaled: Spectrum = spectrum * (self.vortices.velocity / speed)
        return scaled

    def spectrum(self, state: Array) -> Spectrum:
        return np.ascontiguousarray(state).view(np.complex128).reshape(self.kept.shape)

    def velocity(self, spectrum: Spectrum) -> tuple[Array, Array]:
        stream = spectrum * self.inverse
        return np.fft.ifft2(1j * self.y * stream).real, np.fft.ifft2(-1j * self.x * stream).real

    def __call__(self, time: float, state: Array) -> Array:
        spectrum = self.spectrum(state)
        u, v = self.velocity(spectrum)
        slope_x, slope_y = (np.fft.ifft2(1j * wave * spectrum).real for wave in (self.x, self.y))
        (across, up), carried = self.vortices.wind, float(self.vortices.advection)
        change = (carried * u + across) * slope_x + (carried * v + up) * slope_y + self.vortices.beta * v
        if self.vortices.patchiness:
            change = change + self.patches * np.fft.ifft2(spectrum).real
        rate = -np.fft.fft2(change) * self.kept - self.decay * spectrum
        packed: Array = np.ascontiguousarray(rate).ravel().view(np.float64)
        return packed
