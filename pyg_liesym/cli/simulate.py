"""``liesym simulate``: make the data sets that need no file from outside."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np

from pyg_liesym.writing import sweep, whole_file


def simulate_charged_particles(
    root: Path = Path("datasets/charged_particles"), seed: int = 43, progress: bool = True
) -> None:
    """Make EGNN's n-body benchmark, all three splits.

    Args:
        root: Folder of the data set.
        seed: Seed of the simulation.
        progress: Whether to show bars.
    """
    simulate_n_body("charged", root, seed=seed, progress=progress)


def simulate_n_body(
    kind: Literal["charged", "gravity", "many_charged"] = "gravity",
    root: Path = Path("datasets/n_body"),
    frames: tuple[int, int] | None = None,
    num_bodies: int | None = None,
    edges: float | None = None,
    seed: int = 43,
    progress: bool = True,
) -> None:
    """Make an n-body benchmark, all three splits.

    Args:
        kind: ``charged`` (5 bodies), ``gravity`` (5) or ``many_charged`` (100, most of an hour).
        root: Folder of the data set.
        frames: Frames of the input and of the target (default: the published ones).
        num_bodies: Bodies of a system (default: the published number).
        edges: Share of the pairs of bodies that edges join, the nearest ones (default: 1; 0.25 of many bodies).
        seed: Seed of the simulation.
        progress: Whether to show bars.
    """
    from pyg_liesym.datasets.bodies.n_body import NBody
    from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES

    for split in RECIPES[kind].systems:
        dataset = NBody(
            str(root), split, kind, seed=seed, frames=frames, num_bodies=num_bodies, edges=edges, progress=progress
        )
        print(f"{split}: {len(dataset)} systems in {dataset.processed_paths[0]}")


def simulate_gravitational_orbits(
    kind: str = "two-body",
    split: str = "train",
    num_orbits: int | None = None,
    out: Path = Path("orbits"),
    seed: int = 0,
    trap: float = 0.0,
) -> None:
    """Make one-step pairs of gravitational orbits as ``x.npy`` and ``y.npy``, ready for ``liesym discover``.

    Args:
        kind: ``two-body``, ``two-body-wide`` or ``three-body``.
        split: ``train``, ``val`` or ``test``.
        num_orbits: Number of orbits (default: the published number).
        out: Folder of the two files, each ``[samples, vectors, 2]``: positions of all bodies, then momenta.
        seed: Seed of the simulation.
        trap: Strength of a spring along x that breaks the rotation symmetry.
    """
    from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
    from pyg_liesym.datasets.simulation.orbit_starts import RECIPES

    names = {name.replace("_", "-"): name for name in RECIPES}
    if kind.replace("_", "-") not in names:
        raise ValueError(f"kind must be one of {', '.join(names)}, got {kind!r}")
    kind = names[kind.replace("_", "-")]
    orbits = simulate_orbits(kind, split, num_orbits=num_orbits, seed=seed, trap=trap)  # type: ignore[arg-type]
    out.mkdir(parents=True, exist_ok=True)
    for name, states in zip(("x", "y"), one_step_pairs(orbits), strict=True):
        with whole_file(out / f"{name}.npy") as unfinished, unfinished.open("wb") as file:
            np.save(file, states.reshape(len(states), -1, 2), allow_pickle=False)
    print(f"{len(states)} pairs of {states.shape[1] // 2} vectors in {out}/x.npy and {out}/y.npy")


def simulate_jets(
    folder: Path = Path("datasets/jets/raw"),
    num_jets: int = 10_000,
    seed: int = 0,
    num_workers: int | None = None,
    signal_fraction: float = 0.5,
    chunk_size: int = 2000,
    detector: Literal["delphes-3.3", "delphes-3.5", "none"] = "delphes-3.3",
    multiple_interactions: bool = True,
    max_constituents: int = 200,
    plane: bool = True,
    dask: str | None = None,
    progress: bool = True,
) -> None:
    """Make top and QCD jets with Pythia 8, a fast detector and FastJet, as ROOT files; a stopped run goes on.

    Needs the extra ``jets``: ``pip install --only-binary pythia8mc,fastjet 'pyg-liesym[jets]'``.

    Args:
        folder: Folder of the files.
        num_jets: Number of jets of both classes together.
        seed: Seed of the simulation; the jets do not depend on who makes them.
        num_workers: Processes on this machine (default: 1; of `--dask local` one a core).
        signal_fraction: Share of top jets.
        chunk_size: Jets in a file.
        detector: The ATLAS card of a version of Delphes (3.3: the top tagging reference), or ``none``.
        multiple_interactions: Whether further partons of the protons collide.
        max_constituents: Keep the hardest constituents of every jet up to this number.
        plane: Whether to write (Δη, Δφ) of the constituents, which can be computed when read.
        dask: Where a Dask cluster does it, a task each file: the address of its scheduler, the file that it has
            written (….json), or `local`, workers on this machine. Needs the extra `dask`.
        progress: Whether to show a bar.
    """
    from pyg_liesym.crew.hiring import hire
    from pyg_liesym.datasets.simulation.jets import simulate_jets as simulate

    with ExitStack() as ending:
        ending.callback(sweep, folder)  # when the workers are gone
        crew = ending.enter_context(hire(dask, num_workers))
        files = simulate(
            folder,
            num_jets,
            seed=seed,
            signal_fraction=signal_fraction,
            chunk_size=chunk_size,
            detector=detector,
            multiple_interactions=multiple_interactions,
            max_constituents=max_constituents,
            plane=plane,
            progress=progress,
            crew=crew,
        )
    print(f"{num_jets} jets in {len(files)} files in {folder}")


def simulate_plume(
    setting: Literal["translation", "rotation", "scale", "graded", "wind", "shear"] = "rotation",
    resolution: int = 64,
    frames: int | None = None,
    folder: Path | None = None,
    progress: bool = True,
) -> None:
    """Make plumes of smoke with PhiFlow, as safetensors files; a stopped run goes on.

    Needs the extra ``fluids``: ``pip install 'pyg-liesym[fluids]'``.

    Args:
        setting: What varies and breaks the symmetry: places of the inflow, over two halves of different buoyancy
            (``translation``); its side, each with its own buoyancy (``rotation``); the size (``scale``); sides that
            differ, in ten grades (``graded``); a wind to the right (``wind``) or growing with height (``shear``).
        resolution: Rows and columns of cells; the paper has 64.
        frames: Number of frames (default: the paper's, 310; 61 for ``graded``, 120 with wind).
        folder: Folder of the files (default: where ``SmokePlume("datasets/smoke_plume", …)`` looks for them).
        progress: Whether to show a bar.
    """
    from pyg_liesym.datasets.simulation.plume_files import recipe_name, write_plumes

    if folder is None:
        folder = Path("datasets/smoke_plume/raw") / recipe_name(setting, resolution, frames)
    files = write_plumes(folder, setting, resolution=resolution, frames=frames, progress=progress)
    print(f"the plumes of {setting} in {len(files)} files in {folder}")


SIMULATORS = {
    "jets": simulate_jets,
    "plume": simulate_plume,
    "orbits": simulate_gravitational_orbits,
    "charged-particles": simulate_charged_particles,
    "n-body": simulate_n_body,
}
