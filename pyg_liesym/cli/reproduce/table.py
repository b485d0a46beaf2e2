"""The one table of all experiments: means over the seeds, their errors, and comparisons seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any, NamedTuple, TypeAlias

Run: TypeAlias = dict[str, Any]
"""What a job leaves: ``table``, ``row``, ``seed``, ``settings``, ``numbers`` and ``seconds``."""


class Column(NamedTuple):
    """A number of every run that a table shows.

    Args:
        name: Its name among the numbers of a run.
        title: Heading.
        digits: Behind the point.
        unit: Of the number, if it has one.
    """

    name: str
    title: str
    digits: int = 4
    unit: str = ""


def tabulate(runs: Sequence[Run], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """A row for all seeds of one thing: value of each seed, mean, standard deviation and error of every number.

    The error of a mean over several seeds is the standard deviation over the root of their number; that of a single run
    is its own, ``<name>_error`` among its numbers, if it has one. A number that a seed lacks has no mean.

    Args:
        runs: Results.
        columns: Which numbers.
    """
    rows = []
    for name in dict.fromkeys(run["row"] for run in runs):
        own = [run for run in runs if run["row"] == name]
        row: dict[str, Any] = {"table": own[0]["table"], "row": name, "seeds": [run["seed"] for run in own]}
        row["parameters"] = own[0]["numbers"].get("parameters")
        for column in columns:
            row[column.name] = _over_seeds([run["numbers"] for run in own], column)
        row["seconds"] = mean(run["seconds"] or 0.0 for run in own)
        rows.append(row)
    return rows


def _over_seeds(numbers: Sequence[Mapping[str, Any]], column: Column) -> dict[str, Any]:
    values = [own.get(column.name) for own in numbers]
    found: dict[str, Any] = {"values": values, "mean": None, "std": None, "error": None}
    known = [float(value) for value in values if value is not None]
    if len(known) == len(values):
        found["mean"] = mean(known)
        found["std"] = stdev(known) if len(known) > 1 else None
        own_error = numbers[0].get(f"{column.name}_error")
        found["error"] = stdev(known) / math.sqrt(len(known)) if len(known) > 1 else own_error
    if column.unit:
        found["unit"] = column.unit
    return found


def paired(runs: Sequence[Run], number: str, first: str, second: str, *, ratio: bool = False) -> dict[str, Any] | None:
    """A number of one row beside that of another, seed by seed; None without a seed that both have.

    Args:
        runs: Results of one table.
        number: Which.
        first: A row.
        second: The row that it is set against.
        ratio: Whether to divide and not to subtract.
    """
    ours, theirs = ({r["seed"]: r["numbers"][number] for r in runs if r["row"] == row} for row in (first, second))
    seeds = [seed for seed in ours if seed in theirs]
    if not seeds:
        return None
    values = [ours[seed] / theirs[seed] if ratio else ours[seed] - theirs[seed] for seed in seeds]
    return comparison(number, first, second, seeds, values) | {"how": "ratio" if ratio else "difference"}


def comparison(
    number: str, first: str, second: str, seeds: Sequence[int], values: Sequence[float], error: float | None = None
) -> dict[str, Any]:
    """A comparison as a record has it; ``error`` is that of a single pair."""
    spread = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else error
    return {
        "number": number, "first": first, "second": second, "how": "difference", "seeds": list(seeds),
        "values": list(values), "mean": mean(values), "mean_absolute": mean(map(abs, values)), "error": spread,
    }  # fmt: skip


def markdown(
    tables: Mapping[str, Sequence[Column]], rows: Sequence[Mapping[str, Any]],
    comparisons: Sequence[Mapping[str, Any]] = (), diverged: Sequence[str] = (),
) -> str:  # fmt: skip
    """All tables, the comparisons and the runs that diverged, in Markdown.

    Args:
        tables: Columns of every table.
        rows: What :func:`tabulate` gives, of all tables.
        comparisons: What :func:`paired` and :func:`comparison` give.
        diverged: Folders of the runs that did.
    """
    lines: list[str] = []
    for name, columns in tables.items():
        titles = [column.title + (f" [{column.unit}]" if column.unit else "") for column in columns]
        lines += [f"### {name}", ""] if name else []
        lines += ["| | parameters | " + " | ".join(titles) + " | seconds | seeds |", "|---" * (len(titles) + 4) + "|"]
        for row in rows:
            if row["table"] == name:
                size = "–" if row["parameters"] is None else f"{row['parameters']:,}".replace(",", " ")
                cells = [row["row"] or name or "all", size, *(cell(row[one.name], one.digits) for one in columns)]
                cells += [f"{row['seconds']:.0f}", ", ".join(map(str, row["seeds"]))]
                lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    if comparisons:
        lines += ["| number | of | beside | | by seed | mean |", "|---|---|---|---|---|---|"]
    for one in comparisons:
        values = " / ".join(f"{value:.5g}" for value in one["values"])
        parts = [one["number"], one["first"], one["second"], one["how"], values, cell(one, 5)]
        lines.append("| " + " | ".join(parts) + " |")
    if diverged:
        lines += ["", f"Diverged, and in no table: {'; '.join(diverged)}."]
    return "\n".join(lines) + "\n"


def cell(found: Mapping[str, Any], digits: int) -> str:
    """A mean and its error as text.

    Example:
        >>> cell({"mean": 0.97712, "error": 0.00085}, 4), cell({"mean": None, "error": None}, 4)
        ('0.9771 ± 0.0008', '–')
    """
    value, error = found["mean"], found["error"]
    if value is None:
        return "–"
    return f"{value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")
