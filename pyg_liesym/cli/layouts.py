"""What ``liesym data info`` says of the layout of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_liesym.cli.files import schema_of
from pyg_liesym.datasets.io.jet_files import find_schema, open_jet_file
from pyg_liesym.datasets.io.proposal import propose_schema
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.writing import write_whole

_SHOWN = 40


class Layout(NamedTuple):
    """How a file is read.

    Attributes:
        said: In words.
        schema: What to read; None where a person has to say it first.
        proposal: The YAML of a guess, where the layout is not known.
    """

    said: str
    schema: JetSchema | None
    proposal: str | None = None


def layout_of(path: Path, tree: str | None, schema: Path | None) -> Layout:
    """The layout of a file: that of a schema, one that is known, or a guess.

    Raises:
        ValueError: If the file is damaged, or lacks what the schema names.
    """
    if schema is not None:
        wanted = schema_of([path], tree, schema)
        return Layout(f"by {schema}, {_jets(path, wanted)}", wanted)
    try:
        kind, known = find_schema(path, tree)
        return Layout(f"{kind}, {_jets(path, known)}", known)
    except ValueError as error:
        return _guess(path, tree, error)


def write_schema(path: Path, layout: Layout) -> None:
    """Write what :func:`layout_of` has found as YAML."""
    if layout.proposal is not None:
        write_whole(path, layout.proposal.encode())
    elif layout.schema is not None:
        layout.schema.save(path)


def _guess(path: Path, tree: str | None, error: ValueError) -> Layout:
    try:
        proposal = propose_schema(path, tree)
    except ValueError:
        raise error from None
    schema, said = proposal.schema, "a layout that is not known"
    if schema is None:
        columns, more = proposal.columns[:_SHOWN], len(proposal.columns) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        return Layout(f"{said}, with the columns {', '.join(columns)}{rest}", None, proposal.text())
    try:
        return Layout(f"{said}; by the guess below {_jets(path, schema)}", schema, proposal.text())
    except ValueError as reason:
        return Layout(f"{said}, and the guess below does not fit: {reason}", None, proposal.text())


def _jets(path: Path, schema: JetSchema) -> str:
    file = open_jet_file(path, replace(schema, strict=False))
    with np.errstate(all="ignore"):
        file.read(0, min(1, file.num_jets))
    return f"{file.num_jets} jets"
