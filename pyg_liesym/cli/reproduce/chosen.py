"""Which of the things there are an experiment is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def chosen(what: str, asked: Collection[str], there: Iterable[str]) -> tuple[str, ...]:
    """Those asked for, or all there are if none is.

    Args:
        what: What they are, a word for the message.
        asked: Their names.
        there: The names there are.

    Raises:
        ValueError: If one is asked for that is not there.

    Example:
        >>> chosen("row", (), ("circle", "square")), chosen("row", ("square",), ("circle", "square"))
        (('circle', 'square'), ('square',))
    """
    names = tuple(there)
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise ValueError(f"there is no {what} {unknown[0]!r}; expected some of {', '.join(names)}")
    return tuple(asked) or names
