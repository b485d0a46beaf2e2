"""Find the symmetry of arrays, then forecast with it.

You have `x.npy` and `y.npy`, states and what became of them, `[samples, vectors, n]`; here simulated orbits play that
part. `find_symmetry` looks for matrices that leave the law of the data alone, certifies them on samples kept aside,
and says what algebra they form and which metric they keep. That metric goes into a `LieGNN`, which then forecasts and
rolls out. Nobody says the word rotation; expect the program to.

    python examples/symmetry_of_your_arrays.py [x.npy y.npy] [--epochs 10] [--out symmetry]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np

from pyg_liesym import DiscoveredSymmetry, LieGNN, find_symmetry
from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.plot import plot_basis, plot_metric
from pyg_liesym.systems import TrajectoryForecasting
from pyg_liesym.systems.data import load_vectors


def write_arrays(folder: Path, num_orbits: int) -> list[Path]:
    """Stand-ins for your files: two positions and two momenta of two bodies, and the same one step later."""
    folder.mkdir(parents=True, exist_ok=True)
    states = one_step_pairs(simulate_orbits("two_body", num_orbits=num_orbits))
    for name, state in zip(("x", "y"), states, strict=True):
        np.save(folder / f"{name}.npy", state.reshape(len(state), -1, 2))
    return [folder / "x.npy", folder / "y.npy"]


def main(args: Sequence[str] | None = None) -> dict[str, Any]:
    """Discover, save, train, roll out; returns the symmetry and the errors of the forecast."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="x.npy and y.npy; left out: simulated orbits")
    parser.add_argument("--epochs", type=int, default=10, help="passes over the pairs in training the forecast")
    parser.add_argument("--orbits", type=int, default=200, help="simulated orbits, without files")
    parser.add_argument("--out", type=Path, default=Path("symmetry"), help="folder of results")
    options = parser.parse_args(args)
    if len(options.files) not in (0, 2):
        parser.error(f"expected two files, x.npy and y.npy, or none, got {len(options.files)}")
    files = options.files or write_arrays(options.out / "arrays", options.orbits)
    x, y = (load_vectors(file) for file in files)
    print(f"{len(x)} samples of {x.size(1)} vectors in {x.size(2)} dimensions")

    findings = find_symmetry(x, y)
    print(findings)
    found = findings.symmetry
    if found is None:
        raise SystemExit("no algebra is certified, so there is no metric for a network: see above")
    findings.save(options.out)
    found.save(options.out)
    plot_basis(found.algebra).savefig(options.out / "basis.png", dpi=130)
    plot_metric(found.metric).savefig(options.out / "metric.png", dpi=130)

    metric = DiscoveredSymmetry.load(options.out).metric  # on another day
    L.seed_everything(0, verbose=False)
    system = TrajectoryForecasting(LieGNN(x.size(1), 32, 1, num_layers=3, metric=metric), lr=3e-3, decay=True)
    cut = max(int(0.8 * len(x)), 1)
    loader = PackedLoader(VectorPairs(x[:cut], y[:cut]), min(128, cut), shuffle=True, drop_last=True)
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=options.epochs,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    rest = PackedLoader(VectorPairs(x[cut:], y[cut:]), len(x) - cut)
    trainer.fit(system, loader, rest)

    batch = next(iter(rest))
    frames = system.eval().rollout(batch, steps=10)
    error = float((frames[0] - batch.y).square().mean())
    still = float((batch.pos - batch.y).square().mean())
    print(f"mean squared error of one step {error:.6f}; of the guess that nothing moves {still:.6f}")
    print(f"a rollout of {len(frames)} steps: {list(frames.shape)}. Results in {options.out}")
    return {"found": found, "mse": error, "still": still, "frames": frames}


if __name__ == "__main__":
    main()
