"""``liesym results``: the page of results and its figures, from the records that experiments leave."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyg_liesym.cli.files import save_figure, write_text
from pyg_liesym.cli.reproduce.table import Column, cell, tabulate
from pyg_liesym.cli.reproduce.training import duration

PLACEHOLDER = re.compile(r"\{([^{}|]+(?:\|[^{}|]+)+)\}")


class Records:
    """The records of a folder, and what a page asks of them.

    Args:
        folder: With ``<experiment>.json`` for every experiment, as ``liesym reproduce`` leaves it in ``result.json`` or
            transcribed, and ``published.json`` with the numbers of the papers.
    """

    def __init__(self, folder: Path) -> None:
        self.of: dict[str, Any] = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}

    def rows(self, name: str, table: str, columns: Sequence[Column]) -> dict[str, dict[str, Any]]:
        """The rows of a table: of runs where there are any, else as the record has them; then published ones."""
        record = self.of[name]
        rows: dict[str, dict[str, Any]] = {row["row"]: dict(row) for row in record["table"] if row["table"] == table}
        for row in tabulate([run for run in record["runs"] if run["table"] == table], columns):
            known = {
                key: value for key, value in row.items() if not isinstance(value, dict) or value["mean"] is not None
            }
            rows[row["row"]] = {**rows.get(row["row"], {}), **known}
        rows |= {row["row"]: row for row in self.of["published"].get(name, ())}
        return rows

    def text(self, place: str) -> str:
        """What a page means by a place in a record.

        A place is ``record|fact``, ``record|table: row|number|digits`` or ``record|first|beside|number|digits``.

        Raises:
            ValueError: If there is no such thing.
        """
        name, *path = place.split("|")
        try:
            if len(path) == 1:
                fact = self.of[name]["facts"][path[0]]
                return cell({"mean": fact["value"], "error": fact.get("error")}, fact["digits"])
            if len(path) == 3:
                table, _, row = path[0].rpartition(": ")
                own = self.rows(name, table, [Column(path[1], "")])[row]
                return number_text({"seeds": len(own["seeds"]), **own[path[1]]}, int(path[2]))
            first, second, number, digits = path
            found = self.comparison(name, first, number, second)
            return ("+" if found["how"] == "difference" and found["mean"] > 0 else "") + number_text(found, int(digits))
        except (KeyError, ValueError) as error:
            raise ValueError(f"the page asks for {place}, which no record has: {error}") from error

    def comparison(
        self, name: str, first: str, number: str, second: str | None = None, table: str | None = None
    ) -> dict[str, Any]:
        """The comparison of a row with another, or with whichever there is one."""
        for one in self.of[name].get("comparisons", ()):
            same = (one["first"], one["number"]) == (first, number) and table in (None, one.get("table", ""))
            if same and second in (None, one["second"]):
                found: dict[str, Any] = one
                return found
        raise KeyError(first)


def number_text(found: Mapping[str, Any], digits: int) -> str:
    """A mean and its standard error, with so many digits that the error has one; without error no zeros at the end.

    A record may have the error by the standard deviation of its ``seeds`` alone.

    Example:
        >>> number_text({"mean": 22.34, "error": 0.3}, 0), number_text({"mean": 5.67, "error": None}, 3)
        ('22.3 ± 0.3', '5.67')
        >>> number_text({"mean": 0.121, "std": 0.053, "seeds": 3}, 3)
        '0.121 ± 0.031'
    """
    error = found.get("error")
    if error is None and found.get("std") is not None:
        error = found["std"] / found["seeds"] ** 0.5
    if not error:
        text = f"{found['mean']:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    while error < 0.5 * 10.0**-digits:
        digits += 1
    return cell({"mean": found["mean"], "error": error}, digits)


def page(folder: Path) -> str:
    """The text of the page.

    Args:
        folder: Of the records and ``page.yaml``, which has the words and says which numbers go where.
    """
    import yaml

    records = Records(folder)
    plan = yaml.safe_load((folder / "page.yaml").read_text("utf-8"))
    parts = [f"# {plan['title']}", plan["introduction"]]
    for number, claim in enumerate(plan["claims"], start=1):
        parts += [f"## {number}. {claim['title']}\n{claim['claim']}", *_figures(claim)]
        parts += ["\n".join(_table(records, table)) for table in claim.get("tables", ())]
        parts += [_commands(records, claim["records"]), f"**Where it fails.** {claim['fails']}"]
    text = "\n\n".join(part.strip() for part in parts) + "\n"
    return PLACEHOLDER.sub(lambda found: records.text(found[1]), text)


def _figures(claim: Mapping[str, Any]) -> Iterator[str]:
    for figure in claim.get("figures", ()):
        yield f"![{figure['alt']}](_static/{figure['file']})"


def _table(records: Records, table: Mapping[str, Any]) -> list[str]:
    """A table of some numbers of some rows, in the words of the page."""
    columns = [Column(name, title, digits) for name, title, digits in table["columns"]]
    measured = [column for column in columns if column.name != "parameters"]
    found = {
        (part, name): row
        for part in table.get("tables", [""])
        for name, row in records.rows(table["record"], part, measured).items()
    }
    labels: Mapping[str, str] = table.get("rows", {})
    lines = ["| " + " | ".join([table.get("head", ""), *(column.title for column in columns)]) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    for (part, name), row in found.items():
        label = labels.get(name, name) if not labels or name in labels else None
        if label is not None:
            cells = [_number(records, table["record"], row, column) for column in columns]
            lines.append("| " + " | ".join([f"{part}: {label}" if part else label, *cells]) + " |")
    return lines


def _number(records: Records, record: str, row: Mapping[str, Any], column: Column) -> str:
    """A cell; of a name that begins with a slash, the ratios to the twin, seed by seed."""
    if column.name.startswith("/"):
        try:
            values = records.comparison(record, row["row"], column.name[1:], table=row["table"])["values"]
        except KeyError:
            return "–"
        return " / ".join(f"{value:.{column.digits}f}" for value in values)
    value = row.get(column.name)
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return number_text({"seeds": len(row["seeds"]), **value}, column.digits)


def _commands(records: Records, names: Sequence[str]) -> str:
    """The commands, their machines, and which of the records are transcribed."""
    own = [records.of[name] for name in names]
    shown = "; ".join(f"`{record['command']}`" + _duration(record) for record in own)
    machines = "; ".join(dict.fromkeys(record["machine"] for record in own))
    links = ", ".join(f"[{name}](results/{name}.json)" for name in names)
    copied = [name for name, record in zip(names, own, strict=True) if "source" in record]
    note = " (transcribed)" if len(copied) == len(own) else f" (transcribed: {', '.join(copied)})" if copied else ""
    return f"{shown} on {machines}. Records: {links}{note}."


def _duration(record: Mapping[str, Any]) -> str:
    """How long the runs took, if all of them say so."""
    seconds = [run["seconds"] for run in record["runs"]]
    return f" ({duration(sum(seconds))})" if seconds and None not in seconds else ""


def draw(folder: Path, static: Path) -> list[Path]:
    """Draw the figures that records can give again; the others stay as they are.

    Args:
        folder: Of the records and ``page.yaml``.
        static: Where the pictures go.
    """
    import yaml

    records, drawn = Records(folder), []
    plan = yaml.safe_load((folder / "page.yaml").read_text("utf-8"))
    for figure in (figure for claim in plan["claims"] for figure in claim.get("figures", ()) if "draw" in figure):
        save_figure(static / figure["file"], _figure(records, **figure["draw"]))
        drawn.append(static / figure["file"])
    return drawn


def _figure(records: Records, kind: str, record: str, **options: Any) -> Any:
    """A front, what was learned against the data, or dots of every seed side by side."""
    from pyg_liesym.plot.front import plot_pareto_front
    from pyg_liesym.plot.symmetry import plot_learned_against_data
    from pyg_liesym.plot.twins import plot_twins

    content = records.of[record]
    if kind == "front":
        points = {
            one["row"]: (one["training_jets_per_second"], one["auc"], one["auc_error"]) for one in content["front"]
        }
        return plot_pareto_front(points)
    if kind == "graded":
        return plot_learned_against_data(content["graded"]["data"], content["graded"]["learned"])
    number, rows = options.pop("number"), options.pop("rows")
    found = records.rows(record, options.pop("table", ""), [Column(number, "")])
    values = {
        name: {str(level): found[row][number]["values"] or [found[row][number]["mean"]] for level, row in own.items()}
        for name, own in rows.items()
    }
    return plot_twins(values, **options)


def results(docs: Path = Path("docs"), check: bool = False) -> None:
    """Write ``results.md`` and its figures from the records in ``results/``.

    Every number on the page comes from a record, a JSON file that ``liesym reproduce`` left; the words, and which
    number goes where, are in ``results/page.yaml``. To take up a new run, copy its ``result.json`` there under the name
    of its experiment.

    Args:
        docs: Folder of the page, of ``results/`` and of ``_static/``.
        check: Write nothing; fail if the page is not what the records give, or a figure is missing.
    """
    folder, there = docs / "results", docs / "results.md"
    if not (folder / "page.yaml").exists():
        raise ValueError(f"there is no {folder}/page.yaml: run this in a checkout, or say where its `--docs` are")
    text = page(folder)
    if not check:
        write_text(there, text)
        print("\n".join(map(str, [there, *draw(folder, docs / "_static")])))
        return
    if not there.exists() or there.read_text("utf-8") != text:
        raise ValueError(f"{there} is not what the records give: run `liesym results`")
    missing = [name for name in re.findall(r"_static/([\w.-]+)", text) if not (docs / "_static" / name).exists()]
    if missing:
        raise ValueError(f"figures are missing: {', '.join(missing)}")
    sys.stdout.write(f"{there} is what the records give\n")


def run(words: list[str]) -> None:
    """Read the words after ``liesym results`` and run it."""
    from jsonargparse import auto_cli

    auto_cli(results, args=words, prog="liesym results", as_positional=False)
