"""Which way of summing messages somebody asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

ENGINE = "PYG_LIESYM_ENGINE"
"""Environment variable: ``tiles`` keeps the compiled loops away, ``kernels`` lets a GPU have its kernels."""

_kept_away = 0


@contextmanager
def tiles_alone() -> Iterator[None]:
    """Keep compiled loops and kernels away, to compare or to test.

    Example:
        >>> with tiles_alone():
        ...     tiles_asked()
        'tiles, as the program asks'
    """
    global _kept_away
    _kept_away += 1
    try:
        yield
    finally:
        _kept_away -= 1


def tiles_asked() -> str | None:
    """Who asks for tiles alone, in words."""
    if _kept_away:
        return "tiles, as the program asks"
    return f"tiles, as {ENGINE} asks" if _word() == "tiles" else None


def kernels_asked() -> bool:
    """Whether a GPU may use its kernels: nothing has run on one yet, so somebody has to ask for them."""
    return not _kept_away and _word() == "kernels"


def _word() -> str:
    return os.environ.get(ENGINE, "").lower()
