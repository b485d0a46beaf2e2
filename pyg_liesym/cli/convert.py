"""``liesym data convert``: jets in another format."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pyg_liesym.datasets.io.schema import JetSchema


def convert(
    files: list[str],
    out: Path,
    tree: str | None = None,
    schema: Path | None = None,
    weight: str | None = None,
    plane: bool = True,
    classes: list[str] | None = None,
    chunk_size: int = 10_000,
    suffix: Literal["root", "h5"] = "root",
    dask: str | None = None,
    num_workers: int | None = None,
    progress: bool = True,
) -> None:
    """Write jets of one or several files to one file of another format, in their order; or to a folder, a file each.

    The columns of the constituents that all the files have, the classes and the weights are kept. In a folder, a file
    that is there already is skipped if it is whole and made of the same jets; one that cannot be read is named at the
    end, and the others go on.

    Args:
        files: Paths or globs of ROOT, parquet, HDF5, npz or npy files.
        out: The file to write: .root (as JetClass), .h5 or .hdf5 (as LorentzNet's); or a folder of such files.
        tree: Name of the tree in ROOT files (default: `tree`, or the only one).
        schema: A YAML file that says what the columns of the files mean, as `liesym data info` proposes it.
        weight: Name of the event weights in the files (default: `weight`, if they have it).
        plane: Whether to write (Δη, Δφ) of the constituents, which can be computed when read.
        classes: Names of the classes in the order of their numbers, for files that have numbers alone: [QCD, Tbqq].
        chunk_size: Jets that are read at once.
        suffix: Format of the files in a folder.
        dask: Where a Dask cluster fills the folder, a task each file: the address of its scheduler, the file that it
            has written (….json), or `local`, workers on this machine. Needs the extra `dask`.
        num_workers: Processes on this machine that fill it (default: 1; of `--dask local` one a core).
        progress: Whether to show bars.
    """
    from dataclasses import replace

    from pyg_liesym.cli.files import keep_apart, schema_of
    from pyg_liesym.cli.many_files import names_folder
    from pyg_liesym.datasets.io.files import find_files

    paths, folder = find_files(files), names_folder(out)
    if chunk_size < 1:
        raise ValueError(f"chunk_size must be at least 1, got {chunk_size}")
    if not folder and (dask is not None or num_workers is not None):
        raise ValueError(f"dask and num_workers fill a folder, a file each; {out} is the name of a file")
    keep_apart(paths, out)
    wanted = schema_of(_readable(paths, tree) if folder and schema is None else paths, tree, schema)
    wanted = wanted if weight is None else replace(wanted, weight=weight)
    if classes is not None:
        if len(classes) != len(wanted.classes):
            raise ValueError(f"the files have the classes {', '.join(wanted.classes)}, got names for {len(classes)}")
        wanted = _renamed(wanted, classes)
    if folder:
        _convert_each(paths, out, wanted, plane, chunk_size, suffix, (dask, num_workers), progress)
    else:
        _convert_to_one(paths, out, wanted, plane, chunk_size, progress)


def _readable(paths: list[Path], tree: str | None) -> list[Path]:
    """The files whose schema can be read; of the others it is said later what is wrong, unless there are none."""
    from pyg_liesym.datasets.io.jet_files import find_schema

    readable = []
    for path in paths:
        with suppress(ValueError, OSError):
            find_schema(path, tree)
            readable.append(path)
    return readable or paths


def _convert_to_one(
    paths: list[Path], out: Path, wanted: JetSchema, plane: bool, chunk_size: int, progress: bool
) -> None:
    from pyg_liesym.cli.files import pieces, warn
    from pyg_liesym.datasets.io.jet_files import jet_writer, open_jet_file
    from pyg_liesym.datasets.jets.unit_check import UnitCheck

    sources, units = [open_jet_file(path, wanted) for path in paths], UnitCheck(wanted.unit)
    with jet_writer(out, _written(wanted), plane=plane) as writer:
        for source in sources:
            for jets in pieces(source, chunk_size, f"{source.path.name} → {out.name}", progress):
                units.add(jets)
                writer.extend(jets)
        total = writer.num_jets
    warn("data convert", units)
    print(f"{total} jets of {len(paths)} file{'s' if len(paths) > 1 else ''} in {out}")


def _convert_each(
    paths: list[Path],
    out: Path,
    wanted: JetSchema,
    plane: bool,
    chunk_size: int,
    suffix: str,
    crew_at: tuple[str | None, int | None],
    progress: bool,
) -> None:
    from pyg_liesym.cli.convert_file import Conversion, convert_file
    from pyg_liesym.cli.files import keep_apart
    from pyg_liesym.cli.many_files import do_all, swept, targets, tell
    from pyg_liesym.crew.hiring import hire

    if crew_at[0] is not None:  # the workers may be in other folders
        paths, out = [path.absolute() for path in paths], out.absolute()
    made = targets(paths, out, f".{suffix}")
    keep_apart(paths, *made.values())
    conversion = Conversion(wanted, _written(wanted), plane, chunk_size, uuid.uuid4().hex)
    with swept(made.values()), hire(*crew_at) as crew:
        work = partial(convert_file, conversion=conversion)
        done = do_all(crew, work, list(made.items()), "converting", progress=progress)
    tell("data convert", "converted", f"in {out}", paths, done)


def _written(schema: JetSchema) -> JetSchema:
    """How jets are written that were read by a schema: with the names of a layout that is known."""
    from pyg_liesym.datasets.io.schema import JetSchema

    if schema.momentum is None:
        return schema
    weight = None if schema.weight is None else "weight"
    return JetSchema(schema.classes, particle=schema.particle, weight=weight, labelled=schema.labelled)


def _renamed(schema: JetSchema, classes: Sequence[str]) -> JetSchema:
    from dataclasses import replace

    names = dict(zip(schema.classes, classes, strict=True))
    values = schema.jet_labels and {value: names[name] for value, name in schema.jet_labels.items()}
    flags = schema.label
    if flags is not None and not isinstance(flags, str):
        flags = {names[name]: column for name, column in flags.items()}
    return replace(schema, classes=tuple(classes), jet_labels=values, label=flags)
