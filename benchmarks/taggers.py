"""Jets a second of all taggers, beside the textbook LorentzNet in the same run.

A training step is forward, cross-entropy and backward, inference a forward pass in evaluation mode; the networks take
turns on one batch of the packaged jets, packed, with all their constituents. Only the ratios carry over to another
machine.

    python benchmarks/taggers.py                                     all taggers
    python benchmarks/taggers.py --fast '{"edge_channels": 8}'       and the fast LieGNN with other settings
    python benchmarks/taggers.py --only liegnn-fast                  the textbook and one other
    python benchmarks/taggers.py --only liegnn-fast lgatr-slim lloca with those of others (the extra `peers`)
    python benchmarks/taggers.py --tiles --threads 1                 and each without the compiled loops
    python benchmarks/taggers.py --released release/models.py        and the LorentzNet of its authors, from your copy
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m benchmarks.taggers`

from cases import CLASSES, HIDDEN, LAYERS, TEXTBOOK, Case, Contender, jets
from harness import ALLOCATORS, apart, machine, say, seconds
from released import RELEASED, released_lorentznet

from pyg_liesym.cli.files import write_json
from pyg_liesym.nn.message.asked import tiles_alone
from pyg_liesym.nn.message.fused.library import engine

WARM_UP = 2
TILES = ", tiles"
QUICK: dict[str, dict[str, Any]] = {
    "particlenet": {"blocks": ((8, 8),), "k": 3, "head_channels": 8},
    "other": {"hidden_channels": 8, "num_layers": 2},
}
"""Settings of tiny networks."""


class InTiles(Contender):
    """A network without the compiled loops."""

    def train(self, case: Case) -> None:
        """One training step without an optimizer."""
        with tiles_alone():
            super().train(case)

    def infer(self, case: Case) -> None:
        """Forward pass in evaluation mode."""
        with tiles_alone():
            super().infer(case)


def main(arguments: list[str] | None = None) -> None:
    """Measure, write what was measured, and print it as a table for each allocator."""
    options = _parse(arguments)
    import torch

    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    settings = {
        "device": device,
        "num_jets": 2 if options.quick else options.jets,
        "repeats": 1 if options.quick else options.repeats,
        "quick": options.quick,
        "only": options.only,
        "fast": [json.loads(text) for text in options.fast],
        "tiles": options.tiles,
        "released": options.released and str(options.released),
    }
    tables = {}
    for allocator in ALLOCATORS if device == "cpu" else ("default",):
        say(f"{allocator} allocator")
        tables[allocator] = apart("taggers", "table", options.threads, allocator, **settings)
    result = {**settings, "machine": machine(options.threads, device), "engine": engine().says, "tables": tables}
    write_json(options.out, result)
    if options.record:
        words = sys.argv[1:] if arguments is None else arguments
        write_json(options.record, record(result, " ".join(["python benchmarks/taggers.py", *words])))
    print(markdown(result))


def table(
    threads: int,
    device: str,
    num_jets: int,
    repeats: int,
    quick: bool,
    only: list[str] | None = None,
    fast: list[dict[str, Any]] | None = None,
    tiles: bool = False,
    released: str | None = None,
) -> list[dict[str, Any]]:
    """Time every tagger in this process, in turn, training and inference."""
    import torch

    torch.set_num_threads(threads)
    case = jets(num_jets).to(device)
    rows: dict[str, dict[str, Any]] = {}
    nets = contenders(device, quick, only, fast or [])
    if released is not None:
        nets |= of_authors(released, device, quick)
    if tiles:
        ours = [name for name in nets if name not in (TEXTBOOK, RELEASED)]
        nets |= {name + TILES: InTiles(name, nets[name].net, nets[name].call) for name in ours}
    for kind in ("train", "infer"):
        times: dict[str, list[float]] = {name: [] for name in nets}
        for turn in range(WARM_UP + repeats):
            say(f"  {kind}, turn {turn + 1} of {WARM_UP + repeats}")
            for name, net in nets.items():
                step = getattr(net, kind)
                taken = seconds(lambda step=step: step(case), device)
                if turn >= WARM_UP:
                    times[name].append(taken)
        for name, values in times.items():
            row = rows.setdefault(name, {"name": name, "parameters": _count(nets[name])})
            ratios = [theirs / own for theirs, own in zip(times[TEXTBOOK], values, strict=True)]
            row[kind] = {"jets_per_second": num_jets / median(values), "ratio": median(ratios), "all": values}
            row[kind]["ratios"] = ratios
            if RELEASED in times:
                row[kind]["of released"] = [theirs / own for theirs, own in zip(times[RELEASED], values, strict=True)]
            if name + TILES in times:
                row[kind]["of tiles"] = [slow / own for slow, own in zip(times[name + TILES], values, strict=True)]
    return list(rows.values())


def record(result: dict[str, Any], command: str) -> dict[str, Any]:
    """The result as a record of `docs/results`: one run a turn of a network, all numbers are those of one turn."""
    from pyg_liesym.cli.reproduce.provenance import provenance

    runs = []
    for allocator, rows in result["tables"].items():
        for row in rows:
            for turn in range(result["repeats"]):
                numbers: dict[str, float] = {"parameters": row["parameters"]}
                for kind, word in (("train", "training"), ("infer", "inference")):
                    numbers[word] = result["num_jets"] / row[kind]["all"][turn]
                    numbers[f"{word}_ratio"] = row[kind]["ratios"][turn]
                    for other in ("tiles", "released"):
                        if f"of {other}" in row[kind]:
                            numbers[f"{word}_of_{other}"] = row[kind][f"of {other}"][turn]
                place = {"table": f"{allocator} allocator", "row": row["name"], "seed": turn + 1}
                runs.append({**place, "settings": {}, "seconds": None, "numbers": numbers})
    own = {key: result[key] for key in ("num_jets", "engine")}
    return {"experiment": "taggers", "command": command, **provenance(), **own, "table": [], "runs": runs}


def contenders(
    device: str, quick: bool, only: list[str] | None = None, fast: list[dict[str, Any]] | None = None
) -> dict[str, Contender]:
    """The textbook LorentzNet, then the taggers, then the fast LieGNN with each of the given settings."""
    import torch
    from textbook import TextbookLorentzNet

    from pyg_liesym.lie.metric import minkowski
    from pyg_liesym.nn.models.peers import PEERS
    from pyg_liesym.nn.models.taggers import TAGGERS, build_tagger

    torch.manual_seed(0)
    width, depth = (8, 2) if quick else (HIDDEN, LAYERS)
    book = TextbookLorentzNet(width, CLASSES, depth, minkowski().float()).to(device)
    found = {
        TEXTBOOK: Contender(TEXTBOOK, book, lambda c: book(c.pos, c.edge_index, c.batch, c.num_graphs)),
    }
    names = TAGGERS if not only else [name for name in (*TAGGERS, *PEERS) if name in only]
    asked: list[tuple[str, Any, dict[str, Any]]] = [(name, name, {}) for name in names]
    asked += [(f"liegnn-fast {json.dumps(settings)}", "liegnn-fast", settings) for settings in fast or []]
    for title, name, overrides in asked:
        tiny = QUICK.get(name, QUICK["other"]) if quick else {}
        net = build_tagger(name, CLASSES, **{**tiny, **overrides}).to(device)
        found[title] = Contender(
            title, net, lambda c, net=net: net(None, c.pos, batch=c.batch, batch_size=c.num_graphs)
        )
    return found


def of_authors(path: str, device: str, quick: bool) -> dict[str, Contender]:
    """The LorentzNet that its authors released."""
    width, depth = (8, 2) if quick else (HIDDEN, LAYERS)
    return {RELEASED: released_lorentznet(Path(path), width, CLASSES, depth, device)}


def _count(contender: Contender) -> int:
    return sum(parameter.numel() for parameter in contender.net.parameters())


def markdown(result: dict[str, Any]) -> str:
    """Tables of jets a second and ratios to the textbook, one for each allocator."""
    info = result["machine"]
    lines = [
        f"{info['processor']}, {info['threads']} threads, torch {info['torch']}; {result['num_jets']} packed jets, "
        f"medians of {result['repeats']}; messages: {result['engine']}"
    ]
    for allocator, rows in result["tables"].items():
        lines += [
            "",
            f"Jets a second, {allocator} allocator (in brackets: times the textbook LorentzNet)",
            "",
            "| network | parameters | training | inference | training in tiles takes | inference "
            "| training of the released LorentzNet takes | inference |",
            f"|{'---|' * 8}",
        ]
        for row in rows:
            cells = [f"{row[kind]['jets_per_second']:.1f} ({row[kind]['ratio']:.2f})" for kind in ("train", "infer")]
            for other in ("tiles", "released"):
                cells += [_gain(row[kind].get(f"of {other}")) for kind in ("train", "infer")]
            title = "textbook LorentzNet" if row["name"] == TEXTBOOK else row["name"]
            lines.append(f"| {title} | {row['parameters']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gain(gains: list[float] | None) -> str:
    return "" if gains is None else f"{median(gains):.2f} times ({min(gains):.2f} to {max(gains):.2f})"


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/bench/taggers.json"), help="the results (%(default)s)")
    parser.add_argument("--record", type=Path, help="also write them as a record of docs/results")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch; one a core is best (%(default)s)")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="by default a GPU where there is one")
    parser.add_argument("--jets", type=int, default=32, help="jets in the batch (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of every network (%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these taggers alone, besides the textbook")
    parser.add_argument(
        "--fast", action="append", default=[], metavar="JSON", help="also the fast LieGNN with other settings; repeat"
    )
    parser.add_argument("--tiles", action="store_true", help="each network also without the compiled loops")
    parser.add_argument("--released", type=Path, metavar="FILE", help="models.py of LorentzNet's release; it is run")
    parser.add_argument("--quick", action="store_true", help="tiny networks and two jets: shows that it runs, no more")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
