"""What ``liesym data convert`` does with one file of many, in whatever process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pyg_liesym.cli.files import pieces
from pyg_liesym.cli.many_files import Made, check_same, is_made_from, note
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

    Raises:
        ValueError: If the file cannot be read, or changes meanwhile; nothing is written then.
    """
    made = {"reading": repr(conversion.read), "writing": repr(conversion.written), "plane": conversion.plane}
    if (there := _converted(path, out, made, conversion)) is not None:
        return Made(there["jets"], skipped=there.get("run") != conversion.run)
    told = note(path, conversion.run, **made)
    source, units = open_jet_file(path, conversion.read), UnitCheck(conversion.read.unit)
    told["jets"] = source.num_jets
    with jet_writer(out, conversion.written, plane=conversion.plane, note=told) as writer:
        for jets in pieces(source, conversion.chunk_size, "", progress=False):
            units.add(jets)
            writer.extend(jets)
            report(len(jets))
        check_same(path, told)
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
        for _ in pieces(there, conversion.chunk_size, "", progress=False):
            pass
    except ValueError:  # damaged: made again
        return None
    return noted if there.num_jets == noted.get("jets") else None
