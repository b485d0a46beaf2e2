"""``liesym data``: what is in files of jets, other formats, and ours against the reference."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pyg_liesym.datasets.io.schema import JetSchema
    from pyg_liesym.datasets.jets.jet_summary import JetSummary


def info(
    files: list[str],
    tree: str | None = None,
    schema: Path | None = None,
    schema_out: Path | None = None,
    chunk_size: int = 5000,
    progress: bool = True,
) -> None:
    """Say what is in files of jets: counts, classes, ranges, columns, and what is wrong with them.

    Of a file whose layout is not known it proposes a schema: what the columns may mean, for you to complete.

    Args:
        files: Paths or globs of ROOT, parquet, HDF5, npz or npy files.
        tree: Name of the tree in ROOT files (default: `tree`, or the only one).
        schema: A YAML file that says what the columns of the files mean.
        schema_out: A new file for the schema of the only file: the one that is used, or the one that is proposed.
        chunk_size: Jets that are read at once.
        progress: Whether to show a bar.
    """
    from pyg_liesym.cli.layouts import layout_of, write_schema
    from pyg_liesym.datasets.io.files import find_files

    paths = find_files(files)
    if schema_out is not None and (len(paths) > 1 or schema_out.exists()):
        said = f"{schema_out} is there already" if schema_out.exists() else f"{len(paths)} files have a schema each"
        raise ValueError(f"{said}: `--schema-out` writes the schema of one file to a new one")
    for number, path in enumerate(paths):
        layout = layout_of(path, tree, schema)
        print(("\n" if number else "") + f"{path}: {layout.said}")
        if layout.schema is not None:
            _describe(path, layout.schema, chunk_size, progress)
        if layout.proposal is not None:
            print(f"\n{layout.proposal}")
        if schema_out is not None:
            write_schema(schema_out, layout)
            print(f"the schema is in {schema_out}")
        elif layout.proposal is not None:
            print(f"to check it, and to fill in what is missing: liesym data info {path} --schema-out FILE.yaml\n"
                  "to read by it: --schema FILE.yaml, here and of liesym tag; --data.schema of liesym fit")  # fmt: skip


def _describe(path: Path, schema: JetSchema, chunk_size: int, progress: bool) -> None:
    from dataclasses import replace

    from pyg_liesym.cli.files import pieces, warn
    from pyg_liesym.datasets.io.jet_files import open_jet_file
    from pyg_liesym.datasets.jets.jet_summary import JetSummary
    from pyg_liesym.datasets.jets.unit_check import UnitCheck

    file = open_jet_file(path, replace(schema, strict=False))
    summary, units = JetSummary(schema.classes if schema.labelled else ()), UnitCheck(schema.unit)
    with np.errstate(all="ignore"):
        for jets in pieces(file, chunk_size, f"reading {path.name}", progress):
            summary.add(jets)
            units.add(jets)
    print("\n".join(f"  {name:<24}{value}" for name, value in _rows(summary, schema.particle)))
    warn("data info", units)


def _rows(summary: JetSummary, particle: Sequence[str]) -> Iterator[tuple[str, str]]:
    known = {name: number for name, number in summary.per_class.items() if name is not None and number}
    if summary.classes:
        unnamed = all(name.isdigit() for name in summary.classes)
        between = ": " if unnamed else " "
        said = ", ".join(f"{name}{between}{number}" for name, number in known.items())
        yield "classes", said + (" (the file has no names for them)" if unnamed else "")
    if summary.per_class[None]:
        yield "without a class", str(summary.per_class[None])
    few, middle, most = (summary.length_at(share) for share in (0, 0.5, 1))
    yield "constituents per jet", f"{few} to {most}, median {middle}"
    for name, (low, high) in summary.ranges.items():
        yield name if name == "η" else f"{name} (GeV)", f"{low:.4g} to {high:.4g}"
    yield "columns", ", ".join(particle) if particle else "none beside the four-momenta"
    total = int((np.arange(len(summary.lengths)) * summary.lengths).sum())
    yield "NaN or infinite", str(summary.not_finite)
    yield "negative energies", str(summary.negative_energy)
    share = f" of {total} constituents, {summary.beyond_rounding} of them beyond the rounding of float32"
    yield "space-like", f"{summary.space_like}{share}"


def run(words: list[str]) -> None:
    """Read the words after ``liesym data`` and run one of its commands.

    Written out because several files in a row are more than the automatic command line of jsonargparse offers.
    """
    from pyg_liesym.cli.parser import Parser

    name, *rest = words or ["--help"]
    functions: dict[str, Callable[..., None]] = {"info": info}
    if name in ("convert", "compare"):
        functions[name] = getattr(import_module(f"pyg_liesym.cli.{name}"), name)
    if name in functions:
        function = functions[name]
        parser = Parser(prog=f"liesym data {name}", description=(function.__doc__ or "").split("Args:")[0])
        count = "*" if name == "compare" else "+"
        parser.add_argument("files", nargs=count, help="Paths or globs of ROOT, parquet, HDF5, npz or npy files")
        if name == "convert":
            parser.add_argument(
                "out", type=Path, help="The file to write: .root, .h5 or .hdf5; or a folder of such files"
            )
        parser.add_function_arguments(function, skip={"files", "out"} if name == "convert" else {"files"})
        function(**parser.parse_args(rest).as_dict())
    elif name in ("-h", "--help", "help"):
        sys.stdout.write(_USAGE)
    else:
        raise ValueError(f"there is no {name!r}; choose info, convert or compare")


_USAGE = """usage: liesym data COMMAND [OPTIONS]

commands:
  info       say what is in files of jets: liesym data info 'jets/*.root'
  convert    write another format: liesym data convert a.root b.root out.h5
  compare    hold QCD and top jets against the Top Quark Tagging Reference Dataset: liesym data compare 'jets/*.root'

`liesym data COMMAND --help` explains a command and its options.
"""
