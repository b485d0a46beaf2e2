"""The terms of a flow's law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices
from pyg_liesym.discovery.flow_terms import REACH, flow_terms, usable_places


@pytest.mark.parametrize(("first", "pairs"), [(13, (0, 0)), (16, (1, 1))])
def test_products_are_smoothed_as_products(first: int, pairs: tuple[int, int]) -> None:
    """A Gaussian of w w is nearer to what is taken for it than to the product of smoothed w, five times at least."""
    frames = simulate_vortices(Vortices(size=64, frames=5))
    index = usable_places(np.ones((5, 64, 64), bool), width=1.0, periodic=True)
    terms = flow_terms(frames.velocity, (0.5, 0.5), 1.0, index, width=1.0, periodic=True)
    here = tuple(index.T)
    flow = frames.velocity[:, :, ::-1]
    smooth = [gaussian_filter(flow[:, part], (0, 1, 1), mode="wrap") for part in pairs]
    whole = gaussian_filter(flow[:, pairs[0]] * flow[:, pairs[1]], (0, 1, 1), mode="wrap")
    plain, exact = (values[REACH:-REACH][here] for values in (smooth[0] * smooth[1], whole))
    taken = terms.terms[:, first]
    assert np.abs(taken - exact).mean() < 0.2 * np.abs(plain - exact).mean()


@pytest.mark.parametrize(("column", "part", "axis"), [(25, 0, -1), (28, 1, -2)])
def test_advection_is_smoothed_as_a_product_on_uneven_cells(column: int, part: int, axis: int) -> None:
    """u ∂ω/∂x and v ∂ω/∂y, with cells twice as long as high; what they are is known from Fourier series."""
    frames, spacing = simulate_vortices(Vortices(size=64, frames=5)), {-1: 0.5, -2: 0.25}
    index = usable_places(np.ones((5, 64, 64), bool), width=1.0, periodic=True)
    terms = flow_terms(frames.velocity, (0.5, 0.25), 1.0, index, width=1.0, periodic=True)
    flow = frames.velocity[:, :, ::-1].astype(float)

    def slope(values: np.ndarray, along: int) -> np.ndarray:
        waves = 2j * np.pi * np.fft.fftfreq(64, spacing[along])
        waves = waves if along == -1 else waves[:, None]
        return np.fft.ifft2(waves * np.fft.fft2(values)).real

    change = slope(slope(flow[:, 1], -1) - slope(flow[:, 0], -2), axis)
    smooth = [gaussian_filter(one, (0, 1, 1), mode="wrap") for one in (flow[:, part], change, flow[:, part] * change)]
    here = tuple(index.T)
    plain, exact = (values[REACH:-REACH][here] for values in (smooth[0] * smooth[1], smooth[2]))
    assert np.abs(terms.terms[:, column] - exact).mean() < 0.3 * np.abs(plain - exact).mean()
