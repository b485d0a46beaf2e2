"""Top and QCD jets into ROOT files, by several processes; an interrupted run goes on."""

from __future__ import annotations

import functools
import itertools
import logging
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pyg_liesym.crew.crew import Crew, Here
from pyg_liesym.crew.processes import Processes
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.io.root_writer import write_jets
from pyg_liesym.datasets.simulation.detector import VERSION
from pyg_liesym.datasets.simulation.pythia import CLASSES, Detector, generate_jets, import_generators
from pyg_liesym.datasets.simulation.recipe import check_recipe
from pyg_liesym.writing import sweep

_log = logging.getLogger(__name__)


def simulate_jets(
    folder: str | os.PathLike[str],
    num_jets: int,
    *,
    seed: int = 0,
    num_workers: int = 1,
    signal_fraction: float = 0.5,
    chunk_size: int = 2000,
    detector: Detector = "delphes-3.3",
    multiple_interactions: bool = True,
    max_constituents: int = 200,
    plane: bool = True,
    progress: bool = True,
    crew: Crew | None = None,
) -> list[Path]:
    """Simulate top and QCD jets into the files ``jets_00000.root``, ``jets_00001.root``, … of a folder.

    Every file has ``chunk_size`` jets (the last one the rest), both classes in random order. Files that are
    there already and whole are kept, so that an interrupted run goes on where it stopped; damaged ones are made again.
    The same call with a larger ``num_jets`` adds files. The processes end with this one, however it ends.

    Args:
        folder: Where to write, with a ``recipe.json`` that says what the files are.
        num_jets: Number of jets of both classes together.
        seed: The content depends on ``seed``, ``num_jets``, ``chunk_size``, on what is simulated and on the
            versions of Pythia and FastJet, but not on the number of processes.
        num_workers: Number of processes. With more than one, a script must be started under
            ``if __name__ == "__main__":``, as always with Python's ``spawn``.
        signal_fraction: Share of top jets. Of the jets up to the end of any file, tops are the number nearest to it.
        chunk_size: Jets per file.
        detector: See :func:`~pyg_liesym.datasets.simulation.pythia.generate_jets`, as for the next two.
        multiple_interactions: Whether further partons of the protons collide.
        max_constituents: Keep the hardest constituents of a jet up to this number.
        plane: Write ``part_deta`` and ``part_dphi``, see :func:`~pyg_liesym.datasets.io.root_writer.write_jets`.
        progress: Show a progress bar.
        crew: Who does it (:func:`~pyg_liesym.crew.hire`), in place of ``num_workers`` processes.

    Returns:
        The files, in order.

    Raises:
        ImportError: If Pythia, FastJet or vector are not installed.
        ValueError: If a number is not positive, ``signal_fraction`` no share, or the folder holds jets of another
            recipe.
        WorkerError: An ``OSError``, if the processes of one file were ended from outside, one after the other.
    """
    numbers = dict(num_jets=num_jets, num_workers=num_workers, chunk_size=chunk_size, max_constituents=max_constituents)
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if not 0 <= signal_fraction <= 1:
        raise ValueError(f"signal_fraction must be between 0 and 1, got {signal_fraction}")
    import_generators()
    make = functools.partial(
        generate_jets,
        detector=detector,
        multiple_interactions=multiple_interactions,
        max_constituents=max_constituents,
    )
    version = {} if detector == "none" else {"detector_version": VERSION}
    settings = {"seed": seed, "chunk_size": chunk_size, "plane": plane, "signal_fraction": signal_fraction}
    settings |= make.keywords | version
    folder = Path(folder).absolute()  # for machines that are in another one
    edges = [*range(0, num_jets, chunk_size), num_jets]
    signals = [_num_signal(edge, signal_fraction) for edge in edges]
    chunks = {
        folder / f"jets_{index:05d}.root": (after - before, signals[index + 1] - signals[index], (seed, index))
        for index, (before, after) in enumerate(itertools.pairwise(edges))
    }
    check_recipe(folder, settings, chunks, "jets", before={"signal_fraction": 0.5})
    write = functools.partial(_write_chunk, make=make, plane=plane)
    crew = crew or (Here() if num_workers == 1 else Processes(num_workers))
    todo = {path: task for path, task in chunks.items() if _num_jets(path) != task[0]}
    done = num_jets - sum(count for count, *_ in todo.values())
    with tqdm(total=num_jets, initial=done, unit="jet", desc="simulating", disable=None if progress else True) as bar:
        try:
            for outcome in crew.do(write, [(path, *task) for path, task in todo.items()], bar.update):
                outcome.result()
        finally:
            sweep(folder, {path.name for path in todo})
    return list(chunks)


def _write_chunk(
    path: Path,
    count: int,
    num_signal: int,
    key: tuple[int, ...],
    *,
    make: Callable[..., JetArrays],
    plane: bool,
    report: Callable[[int], Any],
) -> None:
    jets = make(count, key, num_signal=num_signal, report=report)
    write_jets(path, jets, CLASSES, plane=plane)


def _num_signal(num_jets: int, signal_fraction: float) -> int:
    """Top jets among the first jets: the nearest number, of two the smaller."""
    return math.ceil(signal_fraction * num_jets - 0.5)


def _num_jets(path: Path) -> int | None:
    """Number of jets of a finished file, None if there is none or it is damaged."""
    if not path.exists():
        return None
    try:
        return len(read_jets(path, CLASSES))
    except ValueError as error:
        _log.warning("%s is made again: %s", path, error)
        return None
