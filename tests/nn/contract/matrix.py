"""The matrix of rows and columns, as pytest prints it at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contract.rows import ROWS

CELL = re.compile(r"test_contract\.py::test_(\w+)\[(.*)\]$")


def lines(outcomes: dict[str, str]) -> Iterator[str]:
    """The matrix, and the reasons for what does not apply.

    Args:
        outcomes: What pytest says of each test, by name.
    """
    found = {match.groups(): outcome for name, outcome in outcomes.items() if (match := CELL.search(name))}
    columns = list(dict.fromkeys(column for column, _ in found))
    reasons = sorted({reason for row in ROWS for column, reason in row.reasons.items() if column in columns})
    letters = {reason: chr(ord("a") + number) for number, reason in enumerate(reasons)}
    width = max(len(row.name) for row in ROWS)
    yield " " * width + "  " + " ".join(columns)
    for row in ROWS:
        marks = [
            letters[row.reasons[column]]
            if column in row.reasons
            else {"passed": "✓", "failed": "✗"}.get(found.get((column, row.name), ""), "?")
            for column in columns
        ]
        yield row.name.ljust(width) + "  " + " ".join(map(str.center, marks, map(len, columns)))
    yield from (f"{letter}  {reason}" for reason, letter in letters.items())
