"""The same command for many files: what they are called, what is done already, what failed."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pyg_liesym import __version__
from pyg_liesym.crew.crew import Crew, Outcome
from pyg_liesym.writing import sweep

_SHOWN, _WARNINGS = 20, 5


def names_folder(out: Path) -> bool:
    """Whether a name is that of a folder, in which a command makes a file of each of the files that it reads."""
    return out.is_dir() or not out.suffix


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
    stat, digest = path.stat(), hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest.hexdigest()}


def note(path: Path, run: str, **made: Any) -> dict[str, Any]:
    """What a file that a command makes of another is to say of its making, taken before the other is opened.

    Args:
        path: The file that is read.
        run: Number of the command, so that what it has made itself does not count as skipped.
        made: What else its content depends on.
    """
    return {"file": path.name, **identity(path), "run": run, "version": __version__, **made}


def is_made_from(path: Path, noted: Mapping[str, Any], **made: Any) -> bool:
    """Whether a note speaks of a file as it is, and of the same making."""
    return all(noted.get(name) == value for name, value in made.items()) and is_same(path, noted)


def is_same(path: Path, noted: Mapping[str, Any]) -> bool:
    """Whether a file is the one that was noted: of the same size and time or, if copied or touched, content."""
    stat = path.stat()
    if stat.st_size != noted.get("size"):
        return False
    return stat.st_mtime_ns == noted.get("mtime_ns") or identity(path)["sha256"] == noted.get("sha256")


def check_same(path: Path, noted: Mapping[str, Any]) -> None:
    """Make sure that a file that was read is still the one that was noted before.

    Raises:
        ValueError: If it is another, as one that is still being copied.
    """
    if not is_same(path, noted):
        raise ValueError(f"{path} has changed while it was read: nothing was written, give the command again")


class Made(NamedTuple):
    """What a command has made of a file.

    Attributes:
        num_jets: How many jets it has.
        skipped: Whether it was there before.
        warning: What is to be said of the jets.
    """

    num_jets: int
    skipped: bool = False
    warning: str | None = None


def do_all(
    crew: Crew,
    work: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    title: str,
    *,
    progress: bool = True,
) -> list[Outcome]:
    """Do the work for all tasks, with a bar on stderr where that is a terminal; what fails stops nothing.

    Args:
        crew: Who does it.
        work: See :meth:`~pyg_liesym.crew.Crew.do`.
        tasks: The arguments, a file each.
        title: Of the bar.
        progress: Whether to show it.

    Returns:
        How each went, in the order of the tasks.
    """
    from tqdm import tqdm

    outcomes: list[Outcome] = []
    jets = 0

    def count(more: int) -> None:
        nonlocal jets
        jets += more
        bar.set_postfix(jets=jets)

    with tqdm(total=len(tasks), desc=title, unit="file", disable=None if progress else True) as bar:
        for outcome in crew.do(work, tasks, count):
            outcomes.append(outcome)
            bar.update()
    return sorted(outcomes, key=lambda one: one.index)


@contextmanager
def swept(paths: Iterable[Path]) -> Iterator[None]:
    """Leave nothing unfinished beside files when those who write them are gone, whatever has ended them."""
    names: dict[Path, set[str]] = {}
    for path in paths:
        names.setdefault(path.parent, set()).add(path.name)
    try:
        yield
    finally:
        for folder, own in names.items():
            sweep(folder, own)


def tell(command: str, verb: str, where: str, paths: Sequence[Path], outcomes: Sequence[Outcome]) -> None:
    """Say what has become of many files, and leave with status 1 if some have failed.

    Args:
        command: Its name.
        verb: What it does with jets.
        where: What is where now.
        paths: The files.
        outcomes: How each went; of those that are done the value is a `Made`.
    """
    made: list[Made] = [one.value for one in outcomes if one.error is None]
    failed = {paths[one.index]: one.error for one in outcomes if one.error is not None}
    warn_of(command, made)
    jets, skipped = sum(one.num_jets for one in made if not one.skipped), sum(one.skipped for one in made)
    print(f"{len(paths)} files, {jets} jets {verb}, {skipped} skipped, {len(failed)} failed\n{where}")
    _end(command, failed)


def warn_of(command: str, made: Sequence[Made]) -> None:
    """The warnings about jets, one for each different, and of how many files it is true."""
    warnings = [one.warning for one in made if one.warning is not None]
    for warning in list(dict.fromkeys(warnings))[:_WARNINGS]:
        of = "" if len(made) == 1 else f" ({warnings.count(warning)} of {len(made)} files)"
        sys.stderr.write(f"liesym {command}: {warning}{of}\n")


def _end(command: str, failed: Mapping[Path, Exception]) -> None:
    """List the files that failed, with what is wrong with each, and leave with status 1; return if there are none."""
    if not failed:
        return
    for path, error in list(failed.items())[:_SHOWN]:
        sys.stderr.write(f"liesym {command}: {in_words(path, error)}\n")
    more = f" ({len(failed) - _SHOWN} more failed)" if len(failed) > _SHOWN else ""
    sys.stderr.write(f"liesym {command}: the same command again does what is missing and skips the rest{more}\n")
    raise SystemExit(1)


def in_words(path: Path, error: Exception) -> str:
    """An error in one line that names the file."""
    said = str(error).strip().partition("\n")[0]
    if not isinstance(error, OSError | ValueError | ImportError):
        said = f"{type(error).__name__}: {said}"
    return said if str(path) in said else f"{path}: {said}"
