"""A jet in the plane of rapidity and azimuth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from pyg_liesym.plot.style import COLOURS, as_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_jet(pos: Tensor, pt: Tensor, *, radius: float = 0.8, title: str | None = None) -> Figure:
    """Constituents of a jet around its axis; the area of a disc is the transverse momentum.

    Args:
        pos: ``(Δη, Δφ)`` of the constituents, relative to the jet axis, ``[N, 2]``.
        pt: Transverse momenta ``[N]``.
        radius: Radius of the jet algorithm, drawn as a circle.
        title: Heading.

    Units:
        ``pt`` in GeV.

    Raises:
        ValueError: If the shapes do not fit or the jet is empty.

    Example:
        >>> import torch
        >>> plot_jet(torch.zeros(1, 2), torch.ones(1)).axes[0].get_title()
        'Jet: sum of pT 1 GeV in N = 1 constituents'
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    if pos.dim() != 2 or pos.shape[1] != 2 or pt.shape != pos.shape[:1] or len(pos) == 0:
        raise ValueError(f"expected pos [N, 2] and pt [N] with N >= 1, got {list(pos.shape)} and {list(pt.shape)}")
    eta, phi = as_array(pos).T
    momenta = as_array(pt)
    figure = Figure(figsize=(4.8, 4.6), layout="constrained")
    ax = figure.subplots()
    ax.add_patch(Circle((0, 0), radius, fill=False, linestyle=":", color="#999999"))
    ax.scatter(eta, phi, s=2500 * momenta / momenta.sum() + 2, alpha=0.45, color=COLOURS[0], linewidths=0)
    extent = 1.1 * radius
    ax.set(
        aspect="equal",
        xlim=(-extent, extent),
        ylim=(-extent, extent),
        xlabel="$\\Delta\\eta$",
        ylabel="$\\Delta\\phi$",
        title=title or f"Jet: sum of pT {momenta.sum():.0f} GeV in N = {len(eta)} constituents",
    )
    return figure
