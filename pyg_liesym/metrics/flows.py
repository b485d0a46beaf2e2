"""Numbers about flows on lattices: divergence, vorticity, and how the energy is spread over sizes."""

from __future__ import annotations

import torch
from torch import Tensor


def divergence(velocity: Tensor, spacing: tuple[float, float] = (1.0, 1.0), *, periodic: bool = False) -> Tensor:
    r"""The divergence :math:`\partial_x u + \partial_y v` by central differences, by one-sided ones at a border.

    Args:
        velocity: Components (u, v) along x, to the right, and y, upwards; row 0 is the uppermost.
        spacing: Distance of neighbours in x and in y.
        periodic: Whether the lattice closes on itself.

    Shapes:
        - **velocity**: :math:`(*, 2, H, W)`; **output**: :math:`(*, H, W)`

    Units:
        Of velocity over those of ``spacing``.

    Raises:
        ValueError: If it is no field of two components, or has fewer than two places a side.

    Example:
        >>> x = torch.arange(3.0).expand(3, 3)
        >>> divergence(torch.stack([2 * x, x]))[1].tolist()
        [2.0, 2.0, 2.0]
    """
    u, v = _components(velocity)
    return _slope(u, -1, spacing[0], periodic) - _slope(v, -2, spacing[1], periodic)


def vorticity(velocity: Tensor, spacing: tuple[float, float] = (1.0, 1.0), *, periodic: bool = False) -> Tensor:
    r"""The vorticity :math:`\partial_x v - \partial_y u`, positive where the flow turns counterclockwise.

    Arguments, shapes and units are those of :func:`divergence`.

    Example:
        >>> x, y = torch.arange(3.0).expand(3, 3), torch.arange(3.0).flip(0)[:, None].expand(3, 3)
        >>> vorticity(torch.stack([-y, x]))[1].tolist()
        [2.0, 2.0, 2.0]
    """
    u, v = _components(velocity)
    return _slope(v, -1, spacing[0], periodic) + _slope(u, -2, spacing[1], periodic)


def energy_spectrum(velocity: Tensor) -> Tensor:
    r"""Kinetic energy per mass at each wave number, :math:`E(k) = \tfrac12 \sum_{q:\, [|q|] = k} |\hat u(q)|^2`.

    Wave numbers count waves in the side of the lattice, each side its own. The first entry, k = 0, is the energy of the
    mean, and the sum over all, with what lies in the corners beyond the last k, that of the flow,
    :math:`\langle |u|^2 \rangle / 2`. A flow that does not close on itself has, in addition, the spectrum of the jump
    at its border.

    Args:
        velocity: A field of any number of components.

    Shapes:
        - **velocity**: :math:`(*, C, H, W)`; **output**: :math:`(*, \min(H, W) / 2 + 1)`

    Units:
        Of velocity squared.

    Example:
        >>> wave = torch.sin(2 * torch.pi * 3 * torch.arange(16) / 16).expand(16, 16)
        >>> energy_spectrum(wave[None])[2:5].round(decimals=4).abs().tolist()
        [0.0, 0.25, 0.0]
    """
    height, width = velocity.shape[-2:]
    # Waves of either direction: a real transform would have half of them.
    power = torch.fft.fft2(velocity, norm="forward").abs().square().sum(-3) / 2
    rows, columns = (torch.fft.fftfreq(n, 1 / n, device=velocity.device) for n in (height, width))
    ring = torch.hypot(rows[:, None], columns).round().long().flatten()
    count = min(height, width) // 2 + 1
    sums = power.new_zeros(*power.shape[:-2], int(ring.max()) + 1).index_add(-1, ring, power.flatten(-2))
    spectrum: Tensor = sums[..., :count]
    return spectrum


def spectrum_error(forecast: Tensor, truth: Tensor) -> Tensor:
    r"""Energy spectrum error, the root mean square over k ≥ 1 of :math:`\ln E(k) - \ln E_{\text{true}}(k)`.

    It sees forecasts that are right on average but too smooth, which are low at large k. After the energy spectrum
    error of `"Incorporating Symmetry into Deep Dynamics Models for Improved Generalization"
    <https://arxiv.org/abs/2002.03061>`_ (Wang, Walters, Yu, ICLR 2021), whose released code takes decimal logarithms of
    the spectrum of another field, the variance of the velocity in time; numbers are not those of its tables. Spectra
    are means over all leading axes first. Where the truth has no energy beyond rounding, k is left out.

    Shapes:
        - **forecast**, **truth**: :math:`(*, C, H, W)`; **output**: a scalar

    Raises:
        ValueError: If the shapes differ, or the truth does not move.

    Example:
        >>> flow = torch.randn(4, 2, 16, 16)
        >>> round(float(spectrum_error(torch.e * flow, flow)), 4)
        2.0
    """
    if forecast.shape != truth.shape:
        raise ValueError(f"expected flows of one shape, got {list(forecast.shape)} and {list(truth.shape)}")
    found, expected = (energy_spectrum(flow).flatten(0, -2).mean(0)[1:] for flow in (forecast, truth))
    least = torch.finfo(expected.dtype).eps ** 2 * expected.sum()
    kept = expected > least
    if not bool(kept.any()):
        raise ValueError("the true flow has no energy but that of its mean: there is no spectrum to compare")
    ratio = found[kept].clamp(min=torch.finfo(found.dtype).tiny).log() - expected[kept].log()
    return ratio.square().mean().sqrt()


def _components(velocity: Tensor) -> tuple[Tensor, Tensor]:
    if velocity.dim() < 3 or velocity.size(-3) != 2 or min(velocity.shape[-2:]) < 2:
        raise ValueError(f"expected a flow [..., 2, H, W] of two places a side or more, got {list(velocity.shape)}")
    u, v = velocity.unbind(-3)
    return u, v


def _slope(values: Tensor, axis: int, spacing: float, periodic: bool) -> Tensor:
    if periodic:
        return (values.roll(-1, axis) - values.roll(1, axis)) / (2 * spacing)
    slope: Tensor = torch.gradient(values, spacing=spacing, dim=axis)[0]
    return slope
