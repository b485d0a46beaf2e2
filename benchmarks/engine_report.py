"""The results of the benchmarks as Markdown tables and as a picture."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cases import OURS, TEXTBOOK

from pyg_liesym.plot.style import COLOURS

LABELS = {TEXTBOOK: "textbook", OURS: "pyg_liesym"}
STYLE = {TEXTBOOK: (COLOURS[1], "s"), OURS: (COLOURS[0], "o")}


def load(out: Path) -> dict[str, dict[str, Any]]:
    """All results in a folder, by name."""
    names = ("speed", "memory", "growth", "peak", "profile")
    return {name: json.loads((out / f"{name}.json").read_text()) for name in names if (out / f"{name}.json").exists()}


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """Tables of every result there is."""
    writers = {"speed": _speed, "memory": _memory, "growth": _growth, "peak": _peak, "profile": _profile}
    parts = [
        "\n".join([_machine(results[name]), "", *writers[name](results[name])]) for name in writers if name in results
    ]
    return "\n\n".join(parts)


def _machine(result: dict[str, Any]) -> str:
    m = result["machine"]
    return (
        f"{result['model']}; {m['processor']} ({m['device']}), {m['threads']} of {m['cores']} cores, "
        f"Python {m['python']}, torch {m['torch']}."
    )


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def _speed(result: dict[str, Any]) -> list[str]:
    lines = []
    for allocator, cases in result["tables"].items():
        rows = [
            [
                case["case"],
                _thousands(case["edges"]),
                *(cell for kind in ("train", "infer") for cell in _times(case[kind])),
            ]
            for case in cases
        ]
        lines += [
            f"**Seconds, {allocator} allocator** (medians over {len(cases[0]['train']['ratios'])} processes of their "
            f"medians, {_repeats(cases)} repetitions in turn in all, smallest–largest)",
            "",
        ]
        header = ["case", "edges", "train, textbook", "ours", "ratio", "inference, textbook", "ours", "ratio"]
        lines += [*_table(header, rows), ""]
    return lines[:-1]


def _times(step: dict[str, Any]) -> list[str]:
    cells = [
        f"{step[name]:.3g} ({min(step['all'][name]):.3g}–{max(step['all'][name]):.3g})" for name in (TEXTBOOK, OURS)
    ]
    ratios = step["ratios"]
    spread = f" ({min(ratios):.2f}–{max(ratios):.2f})" if len(ratios) > 1 else ""
    return [*cells, f"{step['ratio']:.2f}{spread}"]


def _repeats(cases: list[dict[str, Any]]) -> str:
    counts = sorted({len(case["train"]["all"][OURS]) for case in cases})
    return " to ".join(str(count) for count in dict.fromkeys([counts[0], counts[-1]]))


def _memory(result: dict[str, Any]) -> list[str]:
    bytes_ = result["bytes"]
    rows = []
    for n in bytes_[OURS]:
        textbook, ours = bytes_[TEXTBOOK].get(n), bytes_[OURS][n]
        ratio = f"{textbook / ours:.1f}" if textbook and ours else ""
        edges = result["batch"] * int(n) * (int(n) - 1)
        rows.append([n, _thousands(edges), _megabytes(textbook), _megabytes(ours), ratio])
    title = f"**Peak memory of a training step above the baseline, MB** (batch {result['batch']})"
    lines = [title, "", *_table(["N", "edges", "textbook", "ours", "ratio"], rows)]
    slopes = ", ".join(
        f"{LABELS[name]} N^{slope:.2f}" for name, slope in result["exponent"].items() if slope is not None
    )
    return [*lines, "", f"Least squares in the logarithms: {slopes}."]


def _growth(result: dict[str, Any]) -> list[str]:
    book, bytes_, slope = result["textbook"], result["bytes"], result["exponent"]
    rows = [
        [n, f"{seconds:.3g} ({min(result['all'][n]):.3g}–{max(result['all'][n]):.3g})", _megabytes(bytes_[n]),
         _megabytes(book["bytes"].get(n))]
        for n, seconds in result["seconds"].items()
    ]  # fmt: skip
    turns = sorted(slope["seconds, each turn"])
    how = "" if book["measured"] else f", carried on as N² from N = {max(book['bytes'], key=int)}"
    return [
        "**One graph: seconds of a training step, and its peak memory above the baseline, MB**",
        "",
        *_table(["N", "seconds", "MB", "textbook, MB"], rows),
        "",
        f"From 100 nodes on, by least squares in the logarithms: time N^{slope['seconds']:.2f} (each turn by itself "
        f"{turns[0]:.2f} to {turns[-1]:.2f}), memory N^{slope['bytes']:.2f}. At N = {list(bytes_)[-1]} the textbook "
        f"takes {result['ratio']:.0f} times the memory ({_megabytes(book['largest'])} MB{how}).",
    ]


def _megabytes(value: float | None) -> str:
    return "" if value is None else f"{value / 1e6:.3g}" if value < 1e8 else f"{value / 1e6:.0f}"


def _thousands(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def _peak(result: dict[str, Any]) -> list[str]:
    products = [[shape, f"{rate / 1e9:.1f}"] for shape, rate in result["products"].items()]
    steps = [
        [name, f"{step['seconds']:.3g}", f"{step['flops'] / 1e9:.1f}", f"{100 * step['fraction']:.1f} %"]
        for name, step in result["steps"].items()
    ]
    case = next(iter(result["steps"].values()))
    return [
        "**Matrix products in float32**",
        "",
        *_table(["shapes", "GFLOP/s"], products),
        "",
        f"**A training step on {case['case']}** ({_thousands(case['edges'])} edges)",
        "",
        *_table(["allocator", "seconds", "necessary GFLOP", "of the best product's rate"], steps),
        "",
        "Counted are the H × H maps of the edges, forward once and backward twice; recomputation is not.",
    ]


def _profile(result: dict[str, Any]) -> list[str]:
    groups = [[name, f"{share:.1f} %"] for name, share in result["groups"].items()]
    top = [
        [f"`{row['operator']}`", row["group"], str(row["calls"]), f"{row['ms']:.1f}", f"{row['percent']:.1f} %"]
        for row in result["top"]
    ]
    return [
        f"**Where the time of a training step goes** ({result['case']}, own time of the operators)",
        "",
        *_table(["operators", "share"], groups),
        "",
        *_table(["operator", "group", "calls", "ms", "share"], top),
    ]


def picture(results: dict[str, dict[str, Any]], path: Path) -> bool:
    """Draw time and memory against the size of the graphs, and say whether there was anything to draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawers = {"speed": _draw_time, "memory": _draw_memory}
    panels = [name for name in drawers if name in results and (name != "speed" or _complete(results[name]))]
    if not panels:
        return False
    figure = Figure(figsize=(4.8 * len(panels), 4.2), layout="constrained")
    for ax, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        drawers[name](ax, results[name])
        ax.set(xlabel="nodes of a complete graph, N")
        if ax.lines:
            ax.set(xscale="log", yscale="log")
            sizes = sorted({int(n) for line in ax.lines for n in line.get_xdata()})
            ax.set_xticks(sizes, [str(n) for n in sizes])
            ax.set_xticks([], minor=True)
            ax.grid(alpha=0.3, which="both", linewidth=0.5)
            ax.legend(frameon=False, fontsize=8)
    FigureCanvasAgg(figure)
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, dpi=150, format="png")
    os.replace(temporary, path)
    return True


def _complete(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [case for case in result["tables"].get("default", []) if case["case"].startswith("N")]


def _draw_time(ax: Any, result: dict[str, Any]) -> None:
    cases = _complete(result)
    sizes = [case["nodes"] // case["graphs"] for case in cases]
    for name, (colour, marker) in STYLE.items():
        for kind, line, word in (("train", "-", "training step"), ("infer", "--", "inference")):
            times = [1e3 * case[kind][name] / case["graphs"] for case in cases]
            ax.plot(sizes, times, line, color=colour, marker=marker, label=f"{LABELS[name]}, {word}")
    ax.set(ylabel="time of a graph of the batch (ms)", title="Time")


def _draw_memory(ax: Any, result: dict[str, Any]) -> None:
    for name, (colour, marker) in STYLE.items():
        points = [(int(n), value / 1e6) for n, value in result["bytes"][name].items() if value]
        if not points:
            continue
        slope = result["exponent"][name]
        label = LABELS[name] if slope is None else f"{LABELS[name]}, $N^{{{slope:.2f}}}$"
        ax.plot([n for n, _ in points], [value for _, value in points], "-", color=colour, marker=marker, label=label)
    ax.set(ylabel=f"peak of a training step, batch {result['batch']} (MB)", title="Memory")
