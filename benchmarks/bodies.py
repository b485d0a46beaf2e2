"""A training step of the networks of ``liesym reproduce bodies`` beside one of the textbook EGNN.

Forward, mean square, backward and Adam in turn, on a batch of the size of the benchmark's: 100 systems of five bodies
on complete graphs. Eager, and with ``--compiled`` through ``torch.compile``, the textbook too. Only the ratios carry
over to another machine.

    python benchmarks/bodies.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m benchmarks.bodies`

from harness import in_turn, machine, markdown

from pyg_liesym.cli.files import write_json

ASKED = 1.5


def main(arguments: list[str] | None = None) -> None:
    """Measure, write what was measured, and print it as a table."""
    options = _parse(arguments)
    import torch
    from textbook_egnn import TextbookEGNN

    from pyg_liesym.cli.reproduce.bodies import Bodies

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    systems, repeats = (2, 1) if options.quick else (100, options.repeats)
    ours = {name: make(1.0) for name, make in Bodies().networks().items() if name != "egnn"}
    nets = {"textbook EGNN": TextbookEGNN(1, 64, 4, edge_dim=2), **ours}
    if options.compiled:
        for net in nets.values():
            net.compile()
    times = in_turn([step(net, systems) for net in nets.values()], repeats)
    beside = "the textbook EGNN" + (", both compiled" if options.compiled else "")
    rows = [
        {"what": name, "beside": beside, "ratio": time / times[0], "asked": ASKED, "seconds": time}
        for name, time in zip(nets, times, strict=True)
    ]
    result = {"systems": systems, "repeats": repeats, "rows": rows, "machine": machine(options.threads, "cpu")}
    write_json(options.out, result)
    print(markdown(rows[1:]))


def step(net: Any, systems: int) -> Callable[[], object]:
    """A training step on random bodies."""
    import torch

    from pyg_liesym.nn import complete_graph

    batch = torch.arange(systems).repeat_interleave(5)
    edges = complete_graph(5 * systems, batch).edge_index
    pos, vel, later = torch.randn(3, 5 * systems, 3)
    attr = torch.rand(edges.size(1), 2)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def run() -> None:
        optimizer.zero_grad()
        _, forecast, *_ = net(vel.norm(dim=1, keepdim=True), pos, edges, attr, vel, batch, systems)
        (forecast - later).square().mean().backward()
        optimizer.step()

    return run


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads of the processor")
    parser.add_argument("--repeats", type=int, default=50, help="timed turns")
    parser.add_argument("--compiled", action="store_true", help="compile all networks first")
    parser.add_argument("--quick", action="store_true", help="two systems, to see that it runs")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/bodies.json"), help="file of the results")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
