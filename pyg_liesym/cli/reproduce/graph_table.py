"""The results of the twins side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any, NamedTuple

Runs = Mapping[tuple[float, str], Sequence[Mapping[str, Any]]]


class Columns(NamedTuple):
    """What an experiment's table shows.

    Args:
        title: Heading.
        level: Name of the levels.
        scores: Score → its heading, the most important first.
    """

    title: str
    level: str
    scores: Mapping[str, str]


COLUMNS = {
    "orbits": Columns(
        "Orbits in a trap",
        "trap",
        {
            "rollout": "distance after the rollout",
            "one_step": "relative error of a step",
            "equivariance": "equivariance error of a step",
            "data_equivariance": "of the data",
        },
    ),
    "jets": Columns(
        "Top jets in the plane",
        "training jets",
        {
            "auc": "AUC",
            "equivariance": "change of the scores by a turn of 90°",
            "equivariance_45": "of 45°",
        },
    ),
    "mesh": Columns(
        "Plumes on a perturbed mesh",
        "largest move",
        {
            "future": "RMSE, future",
            "domain": "RMSE, held-out domains",
            "equivariance": "equivariance error of a step",
        },
    ),
}


def tabulate(columns: Columns, runs: Runs) -> list[dict[str, Any]]:
    """A row for each level and twin: mean and standard deviation over the seeds of every score.

    Args:
        columns: Which scores.
        runs: Results of all seeds by level and twin.
    """
    rows = []
    for (level, twin), results in runs.items():
        row: dict[str, Any] = {
            "level": level,
            "twin": twin,
            "seeds": [one["settings"]["seed"] for one in results],
            "parameters": results[0]["parameters"],
            "seconds": mean(one["seconds"] for one in results),
        }
        for score in columns.scores:
            row[score] = _over_seeds([one["scores"][score] for one in results])
        if twin == "relaxed":
            row["relaxation"] = _over_seeds([one["relaxation"] for one in results])
            row["made_strict"] = {
                name: _over_seeds([one["made_strict"][name] for one in results])
                for name in ("relaxation", next(iter(columns.scores)))
            }
        rows.append(row)
    return rows


def markdown(columns: Columns, rows: Sequence[Mapping[str, Any]]) -> str:
    """The table in Markdown."""
    titles = [columns.level, "network", "parameters", *columns.scores.values(), "relaxation", "after make_strict()"]
    lines = [f"### {columns.title}", "", "| " + " | ".join([*titles, "s a run"]) + " |"]
    lines.append("|" + "---|" * (len(titles) + 1))
    for row in rows:
        cells = [f"{row['level']:g}", row["twin"], f"{row['parameters']:,}".replace(",", " ")]
        cells += [_text(row[score]) for score in columns.scores]
        strict = row.get("made_strict")
        first = next(iter(columns.scores))
        after = f"{_text(strict['relaxation'])}; {columns.scores[first]} {_text(strict[first])}" if strict else "–"
        cells += [_text(row["relaxation"]) if strict else "–", after, f"{row['seconds']:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _over_seeds(values: Sequence[float]) -> list[float]:
    """Mean, and standard deviation if there are several."""
    return [mean(values), stdev(values)] if len(values) > 1 else [mean(values)]


def _text(value: Sequence[float]) -> str:
    return " ± ".join(f"{number:.4g}" if index == 0 else f"{number:.2g}" for index, number in enumerate(value))
