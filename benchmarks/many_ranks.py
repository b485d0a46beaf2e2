"""``liesym fit`` on two nodes of two ranks with two loader workers each, played by agents of ``torchrun``.

    python benchmarks/many_ranks.py --out runs/bench/many_ranks
    python benchmarks/many_ranks.py --quick       the order of the jets alone, in this process

Checks, and prints, that every jet comes exactly once in an epoch, and that four ranks train what one does with the
same jets, in float64.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    files,
    train,
    write,
)

from pyg_liesym.cli.files import write_json
from pyg_liesym.datasets.jets.streaming import StreamingJets

CLOSE = 1e-12


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
    large = max(float(value.abs().max()) for value in one.weights.values())
    weights = max(float((value - other.weights[key]).abs().max()) for key, value in one.weights.items()) / large
    print(f"{name}: {len(pairs)} losses within {losses:.1e}, weights within {weights:.1e} (relative; asked {CLOSE:g})")
    return {"losses": losses, "weights": weights, "good": max(losses, weights) <= CLOSE}


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the order alone")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/many_ranks"))
    options = parser.parse_args(arguments)
    out = options.out.absolute()
    write(out / "jets")
    even, total = sum(FILES), sum(FILES) + SURPLUS
    record: dict[str, list[dict[str, Any]]] = {}
    if options.quick:
        record["once"] = [once(played(out), total)]
    else:
        four = train(out, "four")
        record["once"] = [once(four.epochs(), total), once(train(out, "even", even=True).epochs(), even)]
        validated = all(sorted(four.validated(epoch)) == list(range(VALIDATION)) for epoch in range(EPOCHS))
        print(f"validation: each of {VALIDATION} jets once in every epoch: {validated}")
        record["equal"] = [apart(f"{WORLD} ranks and one", train(out, "one", world=1), four)]
        pair = [train(out, f"weighted-{world}", world=world, weight="weight") for world in (1, WORLD)]
        record["equal"].append(apart(f"{WORLD} ranks and one, events with weights", *pair))
        record["validation"] = [{"good": validated}]
    write_json(out / "many_ranks.json", record)
    if bad := [name for name, rows in record.items() if not all(row["good"] for row in rows)]:
        raise SystemExit(f"not as it should be: {', '.join(bad)}")


if __name__ == "__main__":
    main()
