"""``liesym tag`` of 64 and of 128 files by two workers of a local Dask cluster, and with one of them killed.

    python benchmarks/many_files.py --out runs/bench/many_files

Prints the time for each, their ratio, and the peak memory of the workers; then kills a worker with -9 in the middle of
64 files and compares all scores with those before.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from harness import say

from pyg_liesym.cli.many_files import do_all, swept
from pyg_liesym.cli.tag_file import Request, tag_file
from pyg_liesym.crew.crew import Crew
from pyg_liesym.crew.hiring import hire
from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.score_writer import read_scores
from pyg_liesym.systems.pretrained import load_tagger

SIZES, WORKERS = (64, 128), 2


def write(folder: Path, files: int, jets: int) -> list[Path]:
    """Files of packaged jets; those that are there are kept."""
    source = open_jet_file(str(resources.files("pyg_liesym.datasets") / "samples" / "jets.root"))
    paths = [folder / f"{number:04d}.root" for number in range(files)]
    for number, path in enumerate(paths):
        if not path.exists():
            start = number * jets % (source.num_jets - jets + 1)
            save_jets(path, source.read(start, start + jets), JetSchema(labelled=False))
    return paths


def workers(crew: Crew) -> list[int]:
    """The processes of a local cluster."""
    return [nanny.pid for nanny in crew._client.cluster.workers.values()]  # type: ignore[attr-defined]


def peaks(crew: Crew) -> list[float]:
    """The largest memory that each worker has had, in MB."""
    status = (Path(f"/proc/{pid}/status").read_text() for pid in workers(crew))
    return [int(re.findall(r"VmHWM:\s+(\d+)", text)[0]) / 1e3 for text in status]


def processor_seconds(crew: Crew) -> float:
    """What the workers have computed since they began: on a machine that others use, less shaky than a clock."""
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in workers(crew))
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def tag(crew: Crew, paths: list[Path], out: Path, meanwhile: Callable[[int], Any] = lambda _: None) -> float:
    """Seconds for all files; ``meanwhile`` is told how many jets are done."""
    shutil.rmtree(out, ignore_errors=True)
    request = Request(None, load_tagger().fingerprint(), None, None, "cpu", 64, 5000, True, uuid.uuid4().hex, False)
    work = partial(tag_file, request=request)
    tasks = [(path, out / path.name) for path in paths]
    started, done = time.perf_counter(), 0

    class Watched(Crew):
        def do(self, work: Any, tasks: Any, report: Any = lambda _: None) -> Any:
            def told(jets: int) -> None:
                nonlocal done
                done += jets
                meanwhile(done)

            return crew.do(work, tasks, told)

    with swept([target for _, target in tasks]):
        result = do_all(Watched(), work, tasks, "", progress=False)
    seconds = time.perf_counter() - started
    assert not any(one.result().skipped for one in result)
    assert sorted(out.iterdir()) == sorted(target for _, target in tasks)
    return seconds


def scores(out: Path) -> np.ndarray:
    """All scores of a folder, file after file."""
    return np.concatenate([read_scores(path)[0]["score_Tbqq"] for path in sorted(out.iterdir())])


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=100, help="in a file")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("runs/bench/many_files"))
    args = parser.parse_args()
    paths = write(args.out.absolute() / "jets", max(SIZES), args.jets)
    out = args.out.absolute() / "scores"
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    computed: dict[int, list[float]] = {size: [] for size in SIZES}
    killed: list[int] = []

    def kill(done: int) -> None:
        if not killed and done >= SIZES[0] * args.jets // 2:
            killed.append(workers(crews[SIZES[0]])[0])
            os.kill(killed[0], signal.SIGKILL)

    with ExitStack() as stack:
        crews = {size: stack.enter_context(hire("local", WORKERS)) for size in SIZES}
        for crew in crews.values():
            tag(crew, paths[:WORKERS], out / "warm")
        for repeat in range(args.repeats):
            for size, crew in crews.items():
                before = processor_seconds(crew)
                seconds[size].append(tag(crew, paths[:size], out / str(size)))
                computed[size].append(processor_seconds(crew) - before)
                said = f"{seconds[size][-1]:.2f} s, {computed[size][-1]:.2f} s of the processors"
                say(f"[{repeat + 1}/{args.repeats}] {size} files of {args.jets} jets: {said}")
        memory = {size: peaks(crew) for size, crew in crews.items()}
        for size in SIZES:
            shown = ", ".join(f"{peak:.0f}" for peak in memory[size])
            print(f"{size:>4} files {statistics.median(seconds[size]):7.2f} s, processors "
                  f"{statistics.median(computed[size]):7.2f} s (medians), peak memory {shown} MB")  # fmt: skip
        ratios = {}
        for name, times in {"times": seconds, "processor times": computed}.items():
            ratios[name] = [large / small for small, large in zip(*times.values(), strict=True)]
            low, middle, high = min(ratios[name]), statistics.median(ratios[name]), max(ratios[name])
            print(f"ratio of the {name} {middle:.3f} ({low:.3f} to {high:.3f})")
        took = tag(crews[SIZES[0]], paths[: SIZES[0]], out / "killed", kill)
    same = np.array_equal(scores(out / "killed"), scores(out / str(SIZES[0])))
    print(f"one worker killed in the middle: {took:.2f} s, {len(scores(out / 'killed'))} scores, all the same: {same}")
    record = {
        "seconds": seconds,
        "processor_seconds": computed,
        "ratios": ratios,
        "peaks_mb": memory,
        "killed": {"seconds": took, "same": same},
    }
    (args.out / "many_files.json").write_text(json.dumps(record, indent=1) + "\n")
    if not (killed and same):
        raise SystemExit("the scores differ, or no worker was killed")


if __name__ == "__main__":
    main()
