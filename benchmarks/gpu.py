"""Kernels on a GPU: results first, then step time, memory and jets a second beside the textbook networks.

One prepared script for a GPU that is at hand for minutes: it checks the kernels against the formula in float64, and
prints a table of the large LieGNN, the fast one and LorentzNet, with products in float32 and in bfloat16, in tiles, and
as a textbook writes them. Without a GPU it says so and checks the kernels in Triton's interpreter.

    python benchmarks/gpu.py                      all, 256 packed jets
    python benchmarks/gpu.py --jets 64 --minutes 3
    python benchmarks/gpu.py --quick              a small check, and tiny networks

LorentzNet's moments in training are summed in tiles, by the host.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m benchmarks.gpu`

import torch

if not torch.cuda.is_available():  # before anything imports Triton
    os.environ.setdefault("TRITON_INTERPRET", "1")

from cases import OURS, TEXTBOOK, Case, Contender, jets
from harness import WARM_UP, say, seconds

from pyg_liesym.cli.files import write_json
from pyg_liesym.nn.message.asked import tiles_alone
from pyg_liesym.nn.message.gpu import call
from pyg_liesym.nn.message.operands import Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.plain import plain_sums

PRODUCTS = {"float32": "highest", "bfloat16": "medium"}
LIMITS = {"float32": 1e-4, "bfloat16": 0.1}
"""Largest error of a sum or a gradient, beside its largest number."""
CHOICES = {
    "LieGNN": Choices(True, True, "log", "silu", "message", 0.0),
    "LorentzNet": Choices(True, True, "log", "relu", "gated", 100.0),
    "EGNN": Choices(True, False, "identity", "silu", "gated", 0.0),
}


def main(arguments: list[str] | None = None) -> None:
    """Check, measure where there is a GPU, write what was found and print it."""
    os.environ["PYG_LIESYM_ENGINE"] = "kernels"
    options = _parse(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        print("There is no GPU here: nothing is measured, the kernels are checked in Triton's interpreter.")
    result: dict[str, Any] = {"device": torch.cuda.get_device_name() if device == "cuda" else None}
    result["errors"] = check(device, quick=options.quick or device == "cpu")
    print(_errors(result["errors"]))
    bad = [row for row in result["errors"] if not row["error"] < LIMITS[row["products"]]]
    if not bad and device == "cuda":
        result["rows"] = measure(options)
        print(_table(result, options.jets))
    write_json(options.out, result)
    if bad:
        sys.exit("the kernels are wrong here: nothing was measured")


def operands(sizes: list[int], channels: int, choices: Choices) -> tuple[Nodes, Maps, Graph]:
    """Graphs of random four-vectors and random maps, in float64."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    number, count = sum(sizes), choices.distance + choices.inner
    pos, form = draw(4, number), torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64))[None]
    nodes = Nodes(draw(number, channels), draw(number, channels), draw(count, channels), pos, form, form @ pos, None)
    w2, w3 = draw(channels, channels) / channels**0.5, draw(channels, channels) / channels**0.5
    last = draw(channels) / channels**0.5
    maps = Maps(w2, draw(channels), last, draw(1), w3, draw(channels), last.flip(0), None)
    return nodes, maps, Graph(None, torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes)))


def check(device: str, quick: bool) -> list[dict[str, Any]]:
    """Errors of sums and gradients against the formula, and whether two runs give the same numbers."""
    widths, sizes = ([8], [4, 1, 3]) if quick else ([8, 24, 64, 72], [60, 1, 17, 128, 30, 2])
    rows = []
    for name, choices in CHOICES.items():
        for channels in widths:
            case = operands(sizes, channels, choices)
            for products in PRODUCTS if not quick or name == "LieGNN" else ["float32"]:
                say(f"check {name}, {channels} channels, {products}")
                with _products(products):
                    row = _compare(case, choices, device)
                rows.append({"network": name, "channels": channels, "products": products, **row})
    return rows


def _compare(case: tuple[Nodes, Maps, Graph], choices: Choices, device: str) -> dict[str, Any]:
    leaves = [[None if t is None else t.clone().requires_grad_() for t in part] for part in case[:2]]
    nodes, maps = Nodes(*leaves[0]), Maps(*leaves[1])
    real = [t for t in (*nodes, *maps) if t is not None]
    want = plain_sums(nodes, maps, case[2], choices)
    given = [torch.ones_like(t) for t in want]
    grads = torch.autograd.grad(want, real, given, materialize_grads=True, allow_unused=True)
    want = [*(t.detach() for t in want), *grads]

    def single(values: Any) -> Any:
        return type(values)(*(t if t is None else t.detach().float().to(device) for t in values))

    graph = Graph(None, None if case[2].batch is None else case[2].batch.to(device))

    def run() -> list[torch.Tensor]:
        moved = single(nodes), single(maps), graph, choices
        back = call.pair_gradients(tuple(t.float().to(device) for t in given), *moved, (True, True))
        return [*call.pair_sums(*moved), *(t for t in back if t is not None)]

    once, again = run(), run()
    errors = [float((a.cpu() - b).abs().max() / b.abs().max().clamp(min=1e-3)) for a, b in zip(once, want, strict=True)]
    return {"error": max(errors), "same": all(torch.equal(a, b) for a, b in zip(once, again, strict=True))}


@contextlib.contextmanager
def _products(name: str) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(PRODUCTS[name])
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every network in every way, until the time is over."""
    case, end = jets(2 if options.quick else options.jets).to("cuda"), time.monotonic() + 60 * options.minutes
    rows = []
    for network, (ours, textbook) in _networks(options.quick).items():
        ways: dict[str, tuple[Contender, str, Callable[[], Any]]] = {
            "float32": (ours, "float32", contextlib.nullcontext),
            "bfloat16": (ours, "bfloat16", contextlib.nullcontext),
            "tiles": (ours, "float32", tiles_alone),
            "textbook": (textbook, "float32", contextlib.nullcontext),
        }
        for way, (contender, products, engine) in ways.items():
            if time.monotonic() > end:
                say("the time is over")
                return rows
            say(f"{network}, {way}")
            with _products(products), engine():
                rows.append({"network": network, "way": way, **_timed(contender, case, options.repeats)})
    return rows


def _networks(quick: bool) -> dict[str, tuple[Contender, Contender]]:
    import cases
    import taggers

    large, lorentz = (cases.contenders(model, quick, "cuda") for model in ("liegnn", "lorentznet"))
    fast = taggers.contenders("cuda", quick, only=["liegnn-fast"])["liegnn-fast"]
    return {
        "LieGNN, fast": (fast, large[TEXTBOOK]),
        "LieGNN": (large[OURS], large[TEXTBOOK]),
        "LorentzNet": (lorentz[OURS], lorentz[TEXTBOOK]),
    }


def _timed(contender: Contender, case: Case, repeats: int) -> dict[str, Any]:
    """Medians and the peak of memory; what does not run says why."""
    row: dict[str, Any] = {}
    for kind in ("train", "infer"):
        step = getattr(contender, kind)
        try:
            torch.cuda.reset_peak_memory_stats()
            times = [seconds(lambda step=step: step(case), "cuda") for _ in range(WARM_UP + repeats)][WARM_UP:]
        except RuntimeError as error:
            return {**row, "failed": str(error).splitlines()[0]}
        peak = torch.cuda.max_memory_allocated()
        row[kind] = {"seconds": median(times), "all": times, "bytes": peak, "jets": case.num_graphs / median(times)}
    return row


def _errors(rows: list[dict[str, Any]]) -> str:
    lines = ["| check | channels | products | largest error | twice the same |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['network']} | {row['channels']} | {row['products']} | {row['error']:.1e} | "
        f"{'yes' if row['same'] else 'NO'} |"
        for row in rows
    ]
    return "\n".join(lines)


def _table(result: dict[str, Any], count: int) -> str:
    lines = [
        f"{result['device']}, torch {torch.__version__}; {count} packed jets",
        "",
        "| network | way | training step (ms) | jets/s | peak (MB) | inference (ms) | jets/s | peak (MB) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        if "failed" in row:
            lines.append(f"| {row['network']} | {row['way']} | {row['failed']} | | | | | |")
            continue
        cells = [
            f"{1e3 * row[kind]['seconds']:.1f} | {row[kind]['jets']:.0f} | {row[kind]['bytes'] / 1e6:.0f}"
            for kind in ("train", "infer")
        ]
        lines.append(f"| {row['network']} | {row['way']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/bench/gpu.json"), help="the results (%(default)s)")
    parser.add_argument("--jets", type=int, default=256, help="jets in the batch (%(default)s)")
    parser.add_argument("--repeats", type=int, default=10, help="steps of every network (%(default)s)")
    parser.add_argument("--minutes", type=float, default=6, help="no network is begun later (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a small check and tiny networks: shows that it runs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
