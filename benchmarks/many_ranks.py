"""``liesym fit`` on two nodes of two ranks with two loader workers each, played by agents of ``torchrun``.

    python benchmarks/many_ranks.py --out runs/bench/many_ranks
    python benchmarks/many_ranks.py --quick       the order of the jets alone, in this process

Checks, and prints, that every jet comes exactly once in an epoch; that four ranks train what one does with the same
jets, in float64; that a training goes on as if nothing had been after ranks and nodes were killed; and, as root on
Linux, that the time of a step over a slow link is what a formula says.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import say
from nodes import kill
from rank_network import step_times
from rank_training import (
    BATCH,
    EPOCHS,
    FILES,
    ORDER,
    SURPLUS,
    VALIDATION,
    WORKERS,
    WORLD,
    Training,
    cluster,
    files,
    train,
    write,
)

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.reproduce.provenance import provenance
from pyg_liesym.datasets.jets.streaming import StreamingJets
from pyg_liesym.systems.training_range import RANGES

CLOSE, KILLS = 1e-12, 10


def once(epochs: list[list[int]], total: int) -> dict[str, Any]:
    """Whether no jet came twice in an epoch, and as many as can be."""
    skipped = total % (WORLD * WORKERS * BATCH)
    good = all(len(set(jets)) == len(jets) == total - skipped for jets in epochs)
    absent = [set(range(total)) - set(jets) for jets in epochs]
    others = skipped == 0 or len({frozenset(jets) for jets in absent}) == len(epochs)
    print(
        f"{total} jets, {len(epochs)} epochs: {', '.join(str(len(set(jets))) for jets in epochs)} once, "
        f"{sum(len(jets) - len(set(jets)) for jets in epochs)} twice, {skipped} left out each time"
        + (f", {len(set.union(*absent))} different ones in all" if skipped else "")
    )
    return {"jets": total, "left_out": skipped, "good": good and others}


def played(out: Path, epochs: int = 2) -> list[list[int]]:
    """The jets of the epochs, with ranks and workers that are only numbers."""
    streams = [StreamingJets(files(out, even=False), **ORDER, rank=rank, world_size=WORLD) for rank in range(WORLD)]

    def epoch(number: int) -> Iterator[int]:
        for stream in streams:
            stream.set_epoch(number)
            for worker in range(WORKERS):
                for batch in stream.batches(worker, WORKERS):
                    yield from batch.entry.tolist()

    return [list(epoch(number)) for number in range(epochs)]


def apart(name: str, one: Training, other: Training) -> dict[str, Any]:
    """How far two trainings are from each other."""
    pairs = list(zip(one.losses(), other.losses(), strict=True))
    losses = max(abs(a - b) / abs(a) for a, b in pairs)
    own, others = one.checkpoint()["state_dict"], other.checkpoint()["state_dict"]
    large = max(float(value.abs().max()) for value in own.values())
    weights = max(float((value - others[key]).abs().max()) for key, value in own.items()) / large
    print(f"{name}: {len(pairs)} losses within {losses:.1e}, weights within {weights:.1e} (relative; asked {CLOSE:g})")
    return {"losses": losses, "weights": weights, "good": max(losses, weights) <= CLOSE}


def killed(out: Path, whole: Training, seed: int) -> dict[str, Any]:
    """A training that loses a rank or a node at random moments and goes on each time from its last checkpoint."""
    rng, folder = random.Random(seed), out / "killed"
    shutil.rmtree(folder, ignore_errors=True)
    kills = []
    for number, step in enumerate(sorted(rng.sample(sorted(whole.steps())[:-4], KILLS)), start=1):
        running = cluster(out, "killed")
        while Training(folder).reached(number) < step:
            if any(agent.poll() is not None for agent in running.agents):
                raise SystemExit(f"a training has ended before it was killed: see {folder / 'log.txt'}")
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.3))
        node = rng.random() < 0.5
        ranks = [begun[-1]["pid"] for begun in Training(folder).begun()]
        kill(rng.choice([agent.pid for agent in running.agents] if node else ranks))
        struck, at = time.perf_counter(), Training(folder).reached(number)
        running.wait()
        kills.append({"node": node, "step": at, "ended": time.perf_counter() - struck})
        say(f"[{number}/{KILLS}] a {'node' if node else 'rank'} killed in step {at}, "
            f"the others ended after {kills[-1]['ended']:.1f} s")  # fmt: skip
    if any(cluster(out, "killed").wait()):
        raise SystemExit(f"the last training has failed: see {folder / 'log.txt'}")
    return {"kills": kills, **resumed(whole, Training(folder), [row["step"] for row in kills])}


def resumed(whole: Training, found: Training, steps: list[int]) -> dict[str, Any]:
    """Whether a training that was killed after some steps equals one that was not."""
    pairs = zip(whole.steps().values(), found.steps().values(), strict=True)
    same = all(a["jets"] == b["jets"] for pair in pairs for a, b in zip(*pair, strict=True))
    again = sum("step" in line for line in found.lines[0]) - len(found.steps())
    ranges = found.checkpoint()[RANGES] == whole.checkpoint()[RANGES]
    print(
        f"killed {len(steps)} times, in steps {', '.join(map(str, steps))} of {len(found.steps())}: {again} steps "
        f"trained again, the jets of every step the same: {same}, the ranges of the jets the same: {ranges}"
    )
    compared = apart("killed and not", whole, found)
    return {"again": again, "same": same, "ranges": ranges, **compared, "good": same and ranges and compared["good"]}


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the order alone")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/many_ranks"))
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    options = parser.parse_args(arguments)
    out = options.out.absolute()
    begun = time.perf_counter()
    write(out / "jets")
    even, total = sum(FILES), sum(FILES) + SURPLUS
    checks: dict[str, list[dict[str, Any]]] = {}
    if options.quick:
        checks["once"] = [once(played(out), total)]
    else:
        four = train(out, "four")
        checks["once"] = [once(four.epochs(), total), once(train(out, "even", even=True).epochs(), even)]
        validated = all(sorted(four.validated(epoch)) == list(range(VALIDATION)) for epoch in range(EPOCHS))
        print(f"validation: each of {VALIDATION} jets once in every epoch: {validated}")
        checks["equal"] = [apart(f"{WORLD} ranks and one", train(out, "one", world=1), four)]
        pair = [train(out, f"weighted-{world}", world=world, weight="weight") for world in (1, WORLD)]
        checks["equal"].append(apart(f"{WORLD} ranks and one, events with weights", *pair))
        checks["validation"] = [{"good": validated}]
        checks["link"] = step_times(out)
        checks["killed"] = [killed(out, four, options.seed), once(Training(out / "killed").epochs(), total)]
    command = " ".join(["python benchmarks/many_ranks.py", *(sys.argv[1:] if arguments is None else arguments)])
    record = {"experiment": "many-ranks", "command": command, **provenance()}
    record |= {"seconds": time.perf_counter() - begun, **checks}
    write_json(out / "many_ranks.json", record)
    if bad := [name for name, rows in checks.items() if not all(row["good"] for row in rows)]:
        raise SystemExit(f"not as it should be: {', '.join(bad)}")


if __name__ == "__main__":
    main()
