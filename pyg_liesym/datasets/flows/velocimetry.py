"""Velocities from pairs of pictures of particles that are carried along."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray


def measure_velocities(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    *,
    window: int = 32,
    search: int = 64,
    step: int = 16,
    least_ratio: float = 1.3,
) -> NDArray[np.float64]:
    r"""Particle image velocimetry: how far the particles of each window have moved from one picture to the next.

    OpenPIV (`doi:10.5281/zenodo.18304582 <https://doi.org/10.5281/zenodo.18304582>`_) correlates windows of the first
    picture with larger ones of the second. A velocity is kept if the highest peak of the correlation is so many times
    as high as the second, if it is not longer than the search can find, and if it fits its eight neighbours (Westerweel
    and Scarano, Exp. Fluids 39 (2005) 1096, equation 2, with their threshold 2 and 0.1 pixels). Nothing is put in the
    place of the others.

    Args:
        first: Grey levels of the first picture, row 0 uppermost, dark between the particles.
        second: Of the second.
        window: Rows and columns of a window in the first picture, in pixels.
        search: Rows and columns of the window in the second.
        step: Pixels from one window to the next.
        least_ratio: Least ratio of the two highest peaks.

    Shapes:
        - **first**, **second**: :math:`(H, W)`; **output**: :math:`(2, h, w)` with
          :math:`h = \lfloor (H - search) / step \rfloor + 1`, components to the right and upwards, NaN where nothing
          was measured

    Units:
        Pixels, for the time between the pictures.

    Raises:
        ImportError: If OpenPIV is not installed.
        ValueError: If the pictures differ in size or are smaller than the search, or a size does not fit.
    """
    piv, validation = _import_openpiv()
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(f"expected two pictures [H, W] of one size, got {first.shape} and {second.shape}")
    if not 1 <= step <= window <= search <= min(first.shape):
        raise ValueError(
            f"expected 1 ≤ step ≤ window ≤ search ≤ the size of the pictures {first.shape}, got {step}, {window} and "
            f"{search}"
        )
    grey = max(float(first.max()), float(second.max()), 1e-12) / 4095
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # its own, of windows without particles
        right, down, ratio = piv.extended_search_area_piv(
            *((picture / grey).astype(np.int32) for picture in (first, second)),
            window_size=window, overlap=search - step, search_area_size=search, sig2noise_method="peak2peak",
        )  # fmt: skip
        velocity = np.stack([right, -down])
        reach = (search - window) / 2 if search > window else window / 2
        wrong = ~(ratio >= least_ratio) | ~(np.abs(velocity).max(0) <= reach)
        velocity[:, wrong] = np.nan
        velocity[:, validation.local_norm_median_val(*velocity, 0.1, 2.0, size=1)] = np.nan
    return velocity


def _import_openpiv() -> tuple[Any, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own
            from openpiv import pyprocess, validation
    except ImportError as error:
        raise ImportError(
            f"measuring velocities in pictures needs OpenPIV: run `pip install 'pyg-liesym[piv]'` ({error})"
        ) from error
    return pyprocess, validation
