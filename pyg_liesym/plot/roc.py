"""ROC of one or more taggers, as collider physics draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.plot.style import COLOURS, Array, as_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Values = Tensor | Array | Sequence[float]


def plot_roc(curves: Mapping[str, Sequence[Values | float]], *, title: str | None = None) -> Figure:
    """Background rejection 1/ε_B against signal efficiency ε_S, higher is better, with the areas in the legend.

    Args:
        curves: Name → ``(ε_S, ε_B)``, two rising sequences from 0 to 1; a `pyg_liesym.metrics.tagging.Roc` fits.
        title: Heading.

    Raises:
        ValueError: If there is no curve, or the two sequences of one differ in length.

    Example:
        >>> figure = plot_roc({"guess": ([0.0, 1.0], [0.0, 1.0])})
        >>> figure.axes[0].get_legend().get_texts()[0].get_text()
        'guess (AUC 0.5000)'
    """
    from matplotlib.figure import Figure

    if not curves:
        raise ValueError("expected at least one curve, got none")
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    ax = figure.subplots()
    best = 10.0
    styles = ("-", "--", "-.", ":")
    for k, (name, curve) in enumerate(curves.items()):
        signal, background = as_array(curve[0]), as_array(curve[1])  # type: ignore[arg-type]
        if signal.shape != background.shape:
            raise ValueError(f"curve {name!r}: ε_S and ε_B differ in shape, {signal.shape} and {background.shape}")
        area = float(torch.trapezoid(torch.as_tensor(signal), torch.as_tensor(background)))
        shown = background > 0
        best = max(best, float((1 / background[shown & (signal > 0.1)]).max(initial=1.0)))
        ax.plot(
            signal[shown],
            1 / background[shown],
            styles[(k // len(COLOURS)) % len(styles)],
            color=COLOURS[k % len(COLOURS)],
            linewidth=1.8,
            label=f"{name} (AUC {area:.4f})",
        )
    chance = np.linspace(0.01, 1, 100)
    ax.plot(chance, 1 / chance, color="#999999", linewidth=1, linestyle=":", label="guessing (AUC 0.5000)")
    ax.set(
        yscale="log",
        xlim=(0, 1),
        ylim=(1, 2 * best),
        xlabel="signal efficiency  $\\epsilon_S$  (share of signal kept)",
        ylabel="background rejection  $1/\\epsilon_B$",
        title=title or "Tagging: up and to the right is better",
    )
    ax.grid(alpha=0.3, which="major")
    ax.legend(frameon=False)
    return figure
