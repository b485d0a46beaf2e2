"""Settings that come with the package, by name: ``liesym fit --config jets``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pyg_liesym.writing import write_whole

NAMES = ("jets", "tagger", "orbits", "molecules-full", "plume-full")
_OPTIONS = ("--config", "-c")


def with_packaged_settings(words: list[str]) -> list[str]:
    """The words of a command with the file in place of a packaged name after ``--config``; own files go first.

    Raises:
        ValueError: If a file is not text in UTF-8.
    """
    found = list(words)
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in _OPTIONS and equals:
            found[place] = f"{option}={_file(value)}"
        elif word in _OPTIONS and place + 1 < len(words):
            found[place + 1] = _file(words[place + 1])
    return found


def init(name: str, out: Path | None = None) -> None:
    """Write packaged settings into a file of yours, to be changed.

    Args:
        name: ``jets``, ``tagger``, ``orbits``, ``molecules-full`` or ``plume-full``.
        out: The file (default: the name with ``.yaml``, here).

    Raises:
        FileExistsError: If there is such a file.
        ValueError: If there are no settings of that name.
    """
    if name not in NAMES:
        raise ValueError(f"there are no settings {name!r}; there are {', '.join(NAMES)}")
    out = Path(f"{name}.yaml") if out is None else out
    if out.exists():
        raise FileExistsError(f"{out} is there already: name another file with --out")
    content = _packaged(name).read_bytes()
    write_whole(out, content)
    print(f"{out}: edit it, then run {content.decode().splitlines()[0].removeprefix('# ').replace(name, str(out))}")


def _file(value: str) -> str:
    path = Path(value)
    if path.is_file():
        try:
            path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not text in UTF-8 ({error}): save it in that encoding") from error
        return value
    return str(_packaged(value)) if value in NAMES and not path.exists() else value


def _packaged(name: str) -> Path:
    return Path(str(resources.files("pyg_liesym.cli") / "configs" / f"{name}.yaml"))
