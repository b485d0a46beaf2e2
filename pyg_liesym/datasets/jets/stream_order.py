"""What the place in a stream is a place in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_END = 65_536


def fingerprint(files: Sequence[Path]) -> str:
    """Tell files in their order from others, wherever they lie: by their sizes, beginnings and ends.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     first, second = Path(folder, "1"), Path(folder, "2")
        ...     _ = first.write_text("a"), second.write_text("b")
        ...     fingerprint([first, second]) == fingerprint([second, first])
        False
    """
    content = hashlib.sha256()
    for path in files:
        size = path.stat().st_size
        content.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            content.update(file.read(_END))
            file.seek(max(size - _END, 0))
            content.update(file.read(_END))
    return content.hexdigest()[:16]


def check_order(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on in another order.

    What an older version has not noted is not compared.

    Raises:
        ValueError: Naming what differs.
    """
    changed = [name for name, value in now.items() if before.get(name, value) != value]
    if changed:
        raise ValueError(
            "the stream was stopped with "
            + ", ".join(f"{name} {before[name]!r}" for name in changed)
            + " and cannot go on with "
            + ", ".join(f"{name} {now[name]!r}" for name in changed)
            + ": resume with the same files in the same order, the same settings, and as many processes and workers, "
            "or begin anew"
        )
