"""The terms of a flow's law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices
from pyg_liesym.discovery.flow_terms import REACH, flow_terms


@pytest.mark.parametrize(("first", "pairs"), [(13, (0, 0)), (16, (1, 1))])
def test_products_are_smoothed_as_products(first: int, pairs: tuple[int, int]) -> None:
    """A Gaussian of w w is nearer to what is taken for it than to the product of smoothed w, five times at least."""
    frames = simulate_vortices(Vortices(size=64, frames=5))
    terms, index = flow_terms(frames.velocity, (0.5, 0.5), 1.0, width=1.0, periodic=True)
    here = tuple(index.T)
    flow = frames.velocity[:, :, ::-1]
    smooth = [gaussian_filter(flow[:, part], (0, 1, 1), mode="wrap") for part in pairs]
    whole = gaussian_filter(flow[:, pairs[0]] * flow[:, pairs[1]], (0, 1, 1), mode="wrap")
    plain, exact = (values[REACH:-REACH][here] for values in (smooth[0] * smooth[1], whole))
    taken = terms.terms[:, first]
    assert np.abs(taken - exact).mean() < 0.2 * np.abs(plain - exact).mean()
