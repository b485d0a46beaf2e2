"""What ``liesym data convert`` does with one file of many, in whatever process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pyg_liesym.cli.many_files import Made, is_made_from, note
from pyg_liesym.datasets.io.jet_files import jet_writer, open_jet_file
from pyg_liesym.datasets.io.notes import read_note
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.unit_check import UnitCheck


class Conversion(NamedTuple):
    """What is asked for of every file.

    Attributes:
        read: How jets are read.
        written: How they are written.
        plane: Whether (Δη, Δφ) of the constituents are written.
        chunk_size: Jets that are read at once.
        run: Number of the command.
    """

    read: JetSchema
    written: JetSchema
    plane: bool
    chunk_size: int
    run: str


def convert_file(path: Path, out: Path, *, conversion: Conversion, report: Callable[[int], Any]) -> Made:
    """Write the jets of one file in another format, unless they are there.

    Args:
        path: The file of jets.
        out: The file to write.
        conversion: What is asked for.
        report: Told how many jets are written, piece by piece.
    """
    made = {"reading": repr(conversion.read), "writing": repr(conversion.written), "plane": conversion.plane}
    if (there := _converted(path, out, made, conversion)) is not None:
        return Made(there["jets"], skipped=there.get("run") != conversion.run)
    source, units = open_jet_file(path, conversion.read), UnitCheck(conversion.read.unit)
    told = note(path, conversion.run, jets=source.num_jets, **made)
    with jet_writer(out, conversion.written, plane=conversion.plane, note=told) as writer:
        for start in range(0, source.num_jets, conversion.chunk_size):
            jets = source.read(start, min(start + conversion.chunk_size, source.num_jets))
            units.add(jets)
            writer.extend(jets)
            report(len(jets))
    return Made(source.num_jets, warning=units.warning())


def _converted(path: Path, out: Path, made: dict[str, Any], conversion: Conversion) -> dict[str, Any] | None:
    """The note in a file of jets, if it is of these jets, and can be read to its end."""
    if not out.exists():
        return None
    try:
        noted = read_note(out)
        if not is_made_from(path, noted, **made):
            return None
        there = open_jet_file(out, conversion.written)
        for start in range(0, there.num_jets, conversion.chunk_size):
            there.read(start, min(start + conversion.chunk_size, there.num_jets))
    except ValueError:  # damaged: made again
        return None
    return noted if there.num_jets == noted.get("jets") else None
