"""What a tagger does to jets: its scores, as probabilities too, and the background's mass before and after a cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.plot.style import COLOURS, as_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pyg_liesym.metrics.calibration import Calibration


def plot_scores(
    score: Tensor, label: Tensor, classes: Sequence[str], *, bins: int = 50, title: str | None = None
) -> Figure:
    """How a score is distributed over the jets of each class.

    Args:
        score: A probability, ``[S]``.
        label: Class of each jet, ``[S]``.
        classes: Names of the classes.
        bins: Number of bins.
        title: Heading.

    Raises:
        ValueError: If the shapes differ, there is no jet, or a label has no name.

    Example:
        >>> figure = plot_scores(torch.rand(10), torch.arange(10) % 2, ["QCD", "top"])
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['QCD (5 jets)', 'top (5 jets)']
    """
    from matplotlib.figure import Figure

    _check(score, label, len(classes))
    values, figure = as_array(score), Figure(figsize=(6.4, 4.4), layout="constrained")
    ax = figure.subplots()
    edges = np.linspace(0, 1, bins + 1)
    for index, name in enumerate(classes):
        own = values[np.asarray(label.cpu() == index)]
        if len(own):
            counts, _ = np.histogram(own, edges)
            share = counts / len(own)
            colour = COLOURS[index % len(COLOURS)]
            ax.stairs(share, edges, color=colour, linewidth=1.8, label=f"{name} ({len(own)} jets)")
            ax.stairs(share, edges, color=colour, fill=True, alpha=0.12)
    ax.set(
        yscale="log",
        xlim=(0, 1),
        xlabel="score  (probability of signal)",
        ylabel="share of the class's jets in a bin",
        title=title or "Scores of each class: apart is better",
    )
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return figure


def plot_mass_sculpting(
    mass: Tensor,
    score: Tensor,
    label: Tensor,
    *,
    signal_efficiencies: Sequence[float] = (0.3, 0.5, 0.8),
    bins: int = 40,
    title: str | None = None,
) -> Figure:
    """The mass of background jets before and after cuts on the score, each at unit area.

    A tagger that learned the mass leaves, of the background, the jets with the signal's mass: the curve after the cut
    then has a bump where the signal is, which a search for a bump would take for one.

    Args:
        mass: Of every jet, ``[S]``.
        score: Higher for signal, ``[S]``.
        label: 1 for signal, 0 for background, ``[S]``.
        signal_efficiencies: Share of signal that each cut keeps.
        bins: Number of bins.
        title: Heading.

    Units:
        ``mass`` in GeV.

    Raises:
        ValueError: If the shapes differ or a class is missing.

    Example:
        >>> label = torch.arange(40) % 2
        >>> figure = plot_mass_sculpting(torch.rand(40), torch.rand(40), label, signal_efficiencies=[0.5])
        >>> len(figure.axes[0].get_legend().get_texts())
        3
    """
    from matplotlib.figure import Figure

    _check(score, label, 2)
    if mass.shape != score.shape:
        raise ValueError(f"expected one mass a score, got {list(mass.shape)} and {list(score.shape)}")
    is_signal = np.asarray(label.cpu() == 1)
    if is_signal.all() or not is_signal.any():
        raise ValueError(f"expected jets of both classes, got {is_signal.sum()} signal jets of {len(is_signal)}")
    masses, scores = as_array(mass), as_array(score)
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    ax = figure.subplots()
    edges = np.linspace(0, float(np.quantile(masses, 0.995)) or 1.0, bins + 1)

    def draw(values: np.ndarray[tuple[int], np.dtype[np.float64]], label: str, **style: Any) -> None:
        counts, _ = np.histogram(values, edges)
        ax.stairs(counts / max(1, counts.sum()) / np.diff(edges), edges, label=label, **style)

    draw(masses[is_signal], "signal, all", color="#999999", linestyle=":", linewidth=1.4)
    background = ~is_signal
    draw(masses[background], f"background, all ({background.sum()})", color="#444444", linewidth=2)
    for k, efficiency in enumerate(signal_efficiencies):
        cut = float(np.quantile(scores[is_signal], 1 - efficiency))
        kept = background & (scores >= cut)
        name = f"background after the cut at $\\epsilon_S$ = {efficiency:g} ({kept.sum()})"
        draw(masses[kept], name, color=COLOURS[k % len(COLOURS)], linewidth=1.6)
    ax.set(
        xlim=(0, edges[-1]),
        xlabel="jet mass [GeV]",
        ylabel="density  [1/GeV]",
        title=title or "Mass of the background: a bump after the cut is sculpted",
    )
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=8)
    return figure


def plot_calibration(found: Calibration, *, title: str | None = None) -> Figure:
    """Shares of signal over the scores, with how many jets there are.

    Args:
        found: From :func:`~pyg_liesym.metrics.calibration`.
        title: Heading.

    Example:
        >>> from pyg_liesym.metrics import calibration
        >>> figure = plot_calibration(calibration(torch.rand(50), torch.arange(50) % 2))
        >>> figure.axes[0].get_ylabel()
        'share of signal'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    ax, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    ax.plot([0, 1], [0, 1], color="#999999", linestyle=":", label="calibrated")
    score, share, error, jets = (as_array(values.double()) for values in found[:4])
    ax.errorbar(score, share, error, fmt="o", markersize=4, color=COLOURS[0], label="this tagger")
    said = f"off by {100 * found.gap:.2g} % on average, {100 * found.by_chance:.2g} % by chance"
    ax.set(ylim=(-0.03, 1.03), ylabel="share of signal", title=title or f"Scores as probabilities: {said}")
    below.bar(score, jets, width=0.03, color=COLOURS[0], alpha=0.6)
    below.set(xlim=(0, 1), yscale="log", ylabel="jets", xlabel="score  (probability of signal)")
    for each in (ax, below):
        each.grid(alpha=0.3)
    ax.legend(frameon=False)
    return figure


def _check(score: Tensor, label: Tensor, num_classes: int) -> None:
    if score.dim() != 1 or score.shape != label.shape or score.numel() == 0:
        raise ValueError(f"expected scores and labels [S] with S >= 1, got {list(score.shape)} and {list(label.shape)}")
    if not bool(torch.isfinite(score).all()) or int(label.min()) < 0 or int(label.max()) >= num_classes:
        raise ValueError(f"expected finite scores and labels from 0 to {num_classes - 1}")
