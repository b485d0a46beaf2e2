"""Message passing on complete graphs: pyg_liesym against a textbook implementation of the same formula.

Networks of 72 channels and 6 layers with the same weights, Minkowski's metric, an answer per graph.

    python benchmarks/engine.py all                 everything (most of an hour on two cores)
    python benchmarks/engine.py speed --only jets   one measurement of one case
    python benchmarks/engine.py table               the results so far as Markdown, for docs/results.md

Every measurement leaves a JSON file in the folder of --out, and the picture engine.png is drawn anew from all of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m benchmarks.engine`

from engine_report import load, markdown, picture
from harness import ALLOCATORS, say

from pyg_liesym.cli.files import write_json

MEASUREMENTS = {
    "speed": "time of a training step (forward, cross-entropy, backward) and of inference, the two in turn, medians; "
    "in several processes, with glibc's allocator as it is and told to keep freed memory",
    "memory": "peak memory of a training step, each in a process of its own, and how it grows with N",
    "growth": "time and memory of a training step on one graph of 10 to 1000 nodes, and their exponents",
    "peak": "best rate of a float32 matrix product here, and how much of it a training step on jets reaches",
    "profile": "time of a training step on jets by operator",
}
"""What can be measured."""


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for, and print it as tables."""
    options = _parse(arguments)
    out: Path = options.out
    for name in MEASUREMENTS if options.what == "all" else [options.what]:
        if name != "table":
            write_json(out / f"{name}.json", measure(name, options))
    results = load(out)
    if not results:
        sys.exit(f"there are no results in {out}: run `python {Path(__file__).name} all --out {out}` first")
    drawn = picture(results, out / "engine.png")
    print(markdown(results if options.what in ("all", "table") else {options.what: results[options.what]}))
    if drawn:
        say(f"\n{out / 'engine.png'}")


def measure(name: str, options: argparse.Namespace) -> dict[str, object]:
    """Run one measurement."""
    common = {"model": options.model, "threads": options.threads, "device": _device(options), "quick": options.quick}
    repeats = 1 if options.quick else options.repeats
    if name == "speed":
        from engine_speed import speed

        processes = 1 if options.quick else options.processes
        return speed(**common, repeats=repeats, processes=processes, only=options.only, allocator=options.allocator)
    if name == "memory":
        from engine_memory import memory

        return memory(**common, limit=options.memory_limit)
    if name == "growth":
        from engine_growth import growth

        return growth(**common, repeats=repeats, limit=options.memory_limit)
    if name == "peak":
        from engine_peak import peak

        return peak(**common, repeats=repeats)
    from engine_profile import profiled

    return profiled(**common)


def _device(options: argparse.Namespace) -> str:
    import torch

    return options.device or ("cuda" if torch.cuda.is_available() else "cpu")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    width = max(map(len, MEASUREMENTS)) + 2
    epilog = "measurements:\n" + "\n".join(f"  {name:<{width}}{text}" for name, text in MEASUREMENTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = [*MEASUREMENTS, "all", "table"]
    parser.add_argument("what", nargs="?", default="all", choices=choices, help="see below; all is the default")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/bench/engine"), help="folder of the results, one a model (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of torch; one a core is best (%(default)s)")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="by default a GPU where there is one")
    parser.add_argument("--model", choices=["liegnn", "lorentznet"], default="liegnn", help="network (%(default)s)")
    parser.add_argument(
        "--only",
        choices=["jets", "few-jets", "complete"],
        help="speed: jets (or 32 of them), or complete graphs, alone",
    )
    parser.add_argument("--allocator", choices=list(ALLOCATORS), help="speed: one of the two alone")
    parser.add_argument(
        "--repeats", type=int, default=7, help="of every step; at most 3 of the biggest graphs (%(default)s)"
    )
    parser.add_argument(
        "--processes", type=int, default=3, help="speed: in which every case is timed, one by one (%(default)s)"
    )
    parser.add_argument(
        "--memory-limit",
        type=float,
        default=15,
        metavar="GB",
        help="memory and growth: leave sizes out that would take more if memory grew like the edges (%(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help="tiny networks and graphs: shows that it runs, no more")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
