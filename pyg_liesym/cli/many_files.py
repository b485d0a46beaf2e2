"""The same command for many files: what they are called, what is done already, what failed."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyg_liesym.crew.crew import Crew
from pyg_liesym.writing import sweep

_SHOWN = 20


def is_folder(paths: Collection[Path], out: Path) -> bool:
    """Whether a command makes a file of each of several files, in a folder, and not one file.

    Raises:
        ValueError: If several files are to go to one.
    """
    folder = out.is_dir() or not out.suffix
    if len(paths) > 1 and not folder:
        raise ValueError(f"{len(paths)} files are written to a folder, a file each; {out} is the name of a file")
    return folder


def targets(paths: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """The file that is made of each file: in the same folders, below the one that all have in common.

    Raises:
        ValueError: If two files would be called the same, or a file would be written over.

    Example:
        >>> made = targets([Path("in/a/1.root"), Path("in/b/1.root")], Path("out"), ".h5")
        >>> [path.as_posix() for path in made.values()]
        ['out/a/1.h5', 'out/b/1.h5']
    """
    common = Path(os.path.commonpath([path.absolute().parent for path in paths]))
    made: dict[Path, Path] = {}
    before: dict[Path, Path] = {}
    for path in paths:
        out = folder / path.absolute().relative_to(common).with_suffix(suffix)
        if out in before:
            raise ValueError(f"{before[out]} and {path} would both be written to {out}: give one of them at a time")
        made[path], before[out] = out, path
    return made


def identity(path: Path) -> dict[str, Any]:
    """What tells a file from another: its size, when it was changed, and the hash of its content."""
    stat = path.stat()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256") if sys.version_info >= (3, 11) else _digest(file)
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest.hexdigest()}


def _digest(file: Any) -> Any:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest


def is_same(path: Path, noted: Mapping[str, Any]) -> bool:
    """Whether a file is the one that was noted: of the same size and time or, if copied or touched, content."""
    stat = path.stat()
    if stat.st_size != noted.get("size"):
        return False
    return stat.st_mtime_ns == noted.get("mtime_ns") or identity(path)["sha256"] == noted.get("sha256")


@dataclass
class Done:
    """What has become of the tasks of a command.

    Attributes:
        values: What the work returned, by its place among the tasks.
        errors: What it raised.
    """

    values: dict[int, Any] = field(default_factory=dict)
    errors: dict[int, Exception] = field(default_factory=dict)

    def in_order(self) -> list[Any]:
        """What was returned, in the order of the tasks."""
        return [self.values[index] for index in sorted(self.values)]


def do_all(
    crew: Crew,
    work: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    title: str,
    *,
    progress: bool = True,
    writes: Iterable[Path] = (),
) -> Done:
    """Do the work for all tasks, with a bar on stderr where that is a terminal; what fails stops nothing.

    Args:
        crew: Who does it.
        work: See :meth:`~pyg_liesym.crew.Crew.do`.
        tasks: The arguments, a file each.
        title: Of the bar.
        progress: Whether to show it.
        writes: The files that are written; nothing unfinished is left beside them.
    """
    from tqdm import tqdm

    done, jets = Done(), 0

    def count(more: int) -> None:
        nonlocal jets
        jets += more
        bar.set_postfix(jets=jets)

    try:
        with tqdm(total=len(tasks), desc=title, unit="file", disable=None if progress else True) as bar:
            for outcome in crew.do(work, tasks, count):
                if outcome.error is None:
                    done.values[outcome.index] = outcome.value
                else:
                    done.errors[outcome.index] = outcome.error
                bar.update()
    finally:
        for path in writes:
            sweep(path)
    return done


def end(command: str, paths: Sequence[Path], errors: Mapping[int, Exception]) -> None:
    """List the files that failed, with what is wrong with each, and leave with status 1; return if there are none."""
    if not errors:
        return
    shown = sorted(errors)[:_SHOWN]
    for index in shown:
        sys.stderr.write(f"liesym {command}: {in_words(paths[index], errors[index])}\n")
    more = f" ({len(errors) - len(shown)} more failed)" if len(errors) > len(shown) else ""
    sys.stderr.write(f"liesym {command}: the same command again does what is missing and skips the rest{more}\n")
    raise SystemExit(1)


def in_words(path: Path, error: Exception) -> str:
    """An error in one line that names the file."""
    said = str(error).strip().partition("\n")[0]
    if not isinstance(error, OSError | ValueError | ImportError):
        said = f"{type(error).__name__}: {said}"
    return said if str(path) in said else f"{path}: {said}"
