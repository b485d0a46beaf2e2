"""LieGAN on two bodies: the rotation, with and without a known block structure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.cli.files import write_json
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.subspace import weighted_cosine
from pyg_liesym.plot.basis import plot_basis

Mode: TypeAlias = Literal["masked", "es", "free"]

COORDINATES = ("q1x", "q1y", "q2x", "q2y", "p1x", "p1y", "p2x", "p2y")
NUM_SAMPLES = 50_000

_MASKS: dict[Mode, Tensor | None] = {"masked": block_mask([2] * 4), "es": block_mask([4, 4]), "free": None}


def orbit_pairs(num_samples: int = NUM_SAMPLES) -> tuple[Tensor, Tensor]:
    """States of two bodies ``[S, 8]`` and the next states, from orbits of 50 steps."""
    x, y = one_step_pairs(simulate_orbits("two_body", num_orbits=-(-num_samples // 49)))
    return torch.as_tensor(x[:num_samples]), torch.as_tensor(y[:num_samples])


def compare_with_rotation(found: DiscoveredSymmetry) -> dict[str, Any]:
    """Cosines of the matrix with the rotation of all four vectors: of the entries, and as the data see it."""
    true = LieAlgebra.rotation(2).repeat(4).basis[0]
    learned = found.algebra.basis[0]
    moments = torch.tensor(found.diagnostics["second_moments"], dtype=torch.float64)
    return {
        "seed": found.seed,
        "cosine": float((learned * true).sum() / (learned.norm() * true.norm())),
        "cosine_data": weighted_cosine(learned, true, moments),
        "data_rank": found.diagnostics["data_rank"],
        "visibility": found.diagnostics["visibility"][0],
        "steps": found.diagnostics["steps"],
        "stopped": found.diagnostics["stopped"],
        "seconds": found.diagnostics["seconds"],
    }


def reproduce_two_body(
    out: Path = Path("runs/two-body"),
    seeds: tuple[int, ...] = (0, 1, 2),
    modes: tuple[Mode, ...] = ("masked", "es", "free"),
    num_samples: int = NUM_SAMPLES,
    progress: bool = True,
) -> dict[str, list[dict[str, Any]]]:
    """One channel on 8-dimensional states, with each block structure and seed, at the default stop.

    Args:
        out: Folder for the results.
        seeds: Seeds of the fits; the orbits are the same for all.
        modes: ``masked``: a 2×2 block per vector; ``es``: a 4×4 block for positions and one for momenta;
            ``free``: all 64 entries.
        num_samples: Pairs of a state and the next.
        progress: Whether to show progress bars.
    """
    x, y = orbit_pairs(num_samples)
    results: dict[str, list[dict[str, Any]]] = {}
    for mode in modes:
        found = LieGAN(1, mask=_MASKS[mode], progress=progress).fit_seeds(x, y, seeds=seeds)
        results[mode] = [compare_with_rotation(result) for result in found]
        for result in found:
            result.save(out / mode / f"seed{result.seed}")
        best = plot_basis(found[0].algebra, coordinates=COORDINATES, title=f"Two bodies, {mode}, seed {found[0].seed}")
        best.savefig(out / mode / "basis.png")
        print(f"\n{mode}\n{table(results[mode])}\n\n{found[0]}")
    write_json(out / "result.json", results)
    return results


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows with the same keys as aligned text."""
    keys = list(rows[0])
    cells = [keys, *[[_text(row[key]) for key in keys] for row in rows]]
    widths = [max(len(line[column]) for line in cells) for column in range(len(keys))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5f}".rstrip("0").rstrip(".")
    if isinstance(value, (list, tuple)):
        return " ".join(f"{item:.3g}" for item in value)
    return str(value)
