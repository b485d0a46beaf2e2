"""LieGAN on jets: the Minkowski metric from two constituents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.reproduce.two_body import table
from pyg_liesym.datasets.jets import Jets
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.plot.basis import plot_basis
from pyg_liesym.plot.metric import plot_metric

COORDINATES = ("E", "px", "py", "pz")
NUM_CHANNELS = 7


def compare_with_minkowski(found: DiscoveredSymmetry) -> dict[str, Any]:
    """Cosine of J with Minkowski's metric, and how close the algebra is to so(1,3)."""
    metric = found.metric
    angles = torch.rad2deg(found.algebra.principal_angles(LieAlgebra.lorentz()))
    return {
        "seed": found.seed,
        "cosine": metric.cosine(minkowski()),
        "residual": metric.residual,
        "smallest_singular_values": metric.singular_values[:2].tolist(),
        "angles_to_so13_degrees": angles.tolist(),
        "steps": found.diagnostics["steps"],
        "stopped": found.diagnostics["stopped"],
        "seconds": found.diagnostics["seconds"],
    }


def reproduce_jets_metric(
    files: tuple[str, ...] = ("datasets/jets/raw/*.root",),
    out: Path = Path("runs/jets-metric"),
    seeds: tuple[int, ...] = (0, 1, 2),
    num_jets: int = 50_000,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Seven channels on the two leading constituents, for several seeds, at the default stop.

    Args:
        files: ROOT files with jets, as ``liesym simulate jets`` writes them; paths or globs.
        out: Folder for the results.
        seeds: Seeds of the fits; the jets are the same for all.
        num_jets: How many jets are used, from the start of the files.
        progress: Whether to show progress bars.
    """
    x, y = leading_constituents(Jets(files=list(files), max_constituents=2))
    if len(x) < num_jets:
        raise ValueError(f"expected {num_jets} jets of two constituents or more, found {len(x)}: give more files")
    x, y = x[:num_jets], y[:num_jets]
    found = LieGAN(NUM_CHANNELS, progress=progress).fit_seeds(x, y, seeds=seeds)
    rows = [compare_with_minkowski(result) for result in found]
    for result in found:
        result.save(out / f"seed{result.seed}")
    plot_basis(found[0].algebra, coordinates=COORDINATES).savefig(out / "basis.png")
    plot_metric(found[0].metric, minkowski(), coordinates=COORDINATES).savefig(out / "metric.png")
    write_json(out / "result.json", rows)
    print(f"\n{table(rows)}\n\n{found[0]}")
    return rows
