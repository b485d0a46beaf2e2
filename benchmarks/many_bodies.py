"""Many bodies: near edges and virtual nodes beside EGNN on all pairs, and what grows with the number of bodies.

First a training step of the networks of ``liesym reproduce many-bodies``, taking turns with a textbook EGNN and with
ours on all pairs: forward, mean square, backward and Adam, on systems of a hundred bodies. Then a step of ``virtual``
against the number of bodies, ten neighbours each, in a process of its own: its time, and the bytes that it keeps for
the backward pass, which do not depend on the machine. Which bodies are neighbours does not matter to a step and is not
searched for. Of times only ratios carry over to another machine.

    python benchmarks/many_bodies.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m benchmarks.many_bodies`

from harness import apart, in_turn, machine, markdown, say, seconds

from pyg_liesym.cli.files import write_json

ASKED, NEIGHBOURS = 0.33, 10
SIZES, QUICK_SIZES = (100, 200, 500, 1000, 2000, 5000), (20, 40)


def main(arguments: list[str] | None = None) -> None:
    """Measure, write what was measured, and print it as tables."""
    options = _parse(arguments)
    import torch
    from engine_memory import exponent
    from textbook_egnn import TextbookEGNN

    from pyg_liesym.cli.reproduce.many_bodies import ManyBodies

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    systems, bodies, repeats = (2, 20, 1) if options.quick else (options.systems, 100, options.repeats)
    pairs = bodies - 1
    ours = ManyBodies().networks()
    share = round(ManyBodies().edges * pairs)
    contenders = {
        "textbook EGNN, all pairs": (TextbookEGNN(2, 64, 4, edge_dim=2), pairs),
        "EGNN, all pairs": (ours["egnn"](), pairs),
        **{name: (ours[name](), share) for name in ("virtual", "near")},
    }
    times = in_turn([step(net, systems, bodies, near) for net, near in contenders.values()], repeats)
    rows = [
        {"what": name, "beside": "the textbook EGNN", "ratio": time / times[0], "asked": None, "seconds": time}
        for name, time in zip(contenders, times, strict=True)
    ]
    rows[2]["asked"] = ASKED
    print(markdown(rows[1:]), flush=True)

    growth: dict[str, dict[str, Any]] = {}
    for size in QUICK_SIZES if options.quick else SIZES:
        growth[str(size)] = apart("many_bodies", "cost", options.threads, bodies=size)
        say(f"  N = {size:<5} {growth[str(size)]['bytes'] / 1e6:8.1f} MB {growth[str(size)]['seconds']:8.3f} s")
    slopes = {what: exponent({n: own[what] for n, own in growth.items()}) for what in ("bytes", "seconds")}
    print(table(growth, slopes))
    result = {"systems": systems, "repeats": repeats, "rows": rows, "growth": growth, "exponents": slopes}
    write_json(options.out, result | {"machine": machine(options.threads, "cpu")})


def step(net: Any, systems: int, bodies: int, near: int) -> Callable[[], object]:
    """A training step on random bodies, each joined with so many others of its system."""
    import torch

    batch = torch.arange(systems).repeat_interleave(bodies)
    pos, vel, later = torch.randn(3, systems * bodies, 3)
    pos = pos * (bodies / 5) ** (1 / 3)  # as dense as the benchmark's
    target = torch.arange(systems * bodies).repeat_interleave(near)
    others = (target + 1 + torch.arange(near).repeat(systems * bodies)) % bodies
    edges = torch.stack([others + target // bodies * bodies, target])
    x, attr = torch.rand(systems * bodies, 2), torch.rand(edges.size(1), 2)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def run() -> None:
        optimizer.zero_grad()
        _, forecast, *_ = net(x, pos, edges, attr, vel, batch, systems)
        (forecast - later).square().mean().backward()
        optimizer.step()

    return run


def cost(bodies: int, threads: int) -> dict[str, float]:
    """Bytes that a step of ``virtual`` on one system keeps for the backward pass, and its time."""
    import torch

    from pyg_liesym.cli.reproduce.many_bodies import ManyBodies

    torch.set_num_threads(threads)
    net = ManyBodies().networks()["virtual"]()
    run = step(net, 1, bodies, NEIGHBOURS)
    kept: dict[int, int] = {}

    def note(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        run()
    return {"bytes": sum(kept.values()), "seconds": min(seconds(run) for _ in range(3))}


def table(growth: dict[str, dict[str, Any]], slopes: dict[str, float | None]) -> str:
    """What is kept, and time, against the number of bodies."""
    lines = ["| bodies | kept [MB] | a body [kB] | step [s] | a body [ms] |", "|---|---|---|---|---|"]
    for size, own in growth.items():
        a_body = own["bytes"] / int(size) / 1e3, own["seconds"] / int(size) * 1e3
        lines.append(
            f"| {size} | {own['bytes'] / 1e6:.1f} | {a_body[0]:.0f} | {own['seconds']:.3f} | {a_body[1]:.3f} |"
        )
    exponents = (f"{what} {slope:.2f}" for what, slope in slopes.items() if slope is not None)
    return "\n".join([*lines, "", f"Exponents in the number of bodies: {', '.join(exponents)}"])


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads of the processor")
    parser.add_argument("--systems", type=int, default=10, help="systems in a batch")
    parser.add_argument("--repeats", type=int, default=10, help="timed turns")
    parser.add_argument("--quick", action="store_true", help="few bodies, to see that it runs")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/many_bodies.json"), help="file of the results")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
