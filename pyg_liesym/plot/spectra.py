"""Energy spectra of flows beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_spectra(spectra: Mapping[str, ArrayLike], *, title: str | None = None) -> Figure:
    """Energy at each wave number, a line for each flow.

    Args:
        spectra: Name → what :func:`~pyg_liesym.metrics.energy_spectrum` gives, of the truth first. The mean flow, at
            zero, is not shown.
        title: Heading.

    Shapes:
        - each spectrum: :math:`(K)`

    Raises:
        ValueError: If there is none.

    Example:
        >>> figure = plot_spectra({"truth": [0.0, 1.0, 0.1], "forecast": [0.0, 0.9, 0.02]})
        >>> figure.axes[0].get_ylabel()
        'energy'
    """
    from matplotlib.figure import Figure

    if not spectra:
        raise ValueError("expected at least one spectrum, got none")
    figure = Figure(figsize=(5.5, 3.8), layout="constrained")
    ax = figure.subplots()
    for number, (name, spectrum) in enumerate(spectra.items()):
        energy = np.asarray(spectrum, dtype=float)[1:]
        style = "k--" if number == 0 else "-"
        colour = {} if number == 0 else {"color": COLOURS[(number - 1) % len(COLOURS)]}
        ax.loglog(range(1, len(energy) + 1), energy, style, label=name, **colour)
    ax.set(xlabel="waves in the side of the lattice", ylabel="energy")
    ax.set_title(title or "Energy spectra")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return figure
