"""The fields of a YAML file, checked before they are used."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Collection, Mapping
from typing import Any

UNKNOWN = "???"
"""What a person has to fill in, in a file that was proposed."""
_IN_WORDS: dict[type, str] = {
    str: "a name", dict: "names with a colon behind each", list: "a list", bool: "true or false", int: "a number",
}  # fmt: skip


def shown(value: Any) -> str:
    """A value for a message, no longer than that: YAML nests a few lines to billions of entries."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 100
    short.maxlevel = 3
    return short.repr(value)[:100]


def check_fields(
    content: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]], *, numbers: Collection[str] = ()
) -> None:
    """Refuse fields that are unknown, not filled in, or of another kind than they must be.

    Args:
        content: The fields.
        kinds: What each may be, in lists and under colons always names.
        numbers: Fields that may have numbers there as well.

    Raises:
        ValueError: Naming the field, what was expected and what was found.

    Example:
        >>> check_fields({"clases": []}, {"classes": (list,)})
        Traceback (most recent call last):
        ...
        ValueError: there is no field 'clases'; did you mean 'classes'?
    """
    for name, value in content.items():
        if name not in kinds:
            near = difflib.get_close_matches(str(name), kinds, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(kinds)}"
            raise ValueError(f"there is no field {name!r}; {hint}")
        if value is not None:
            _check_field(name, value, kinds[name], (str, int, float) if name in numbers else (str,))


def _check_field(name: str, value: Any, kinds: tuple[type, ...], inside: tuple[type, ...]) -> None:
    inner: dict[Any, Any] = value if isinstance(value, dict) else dict(enumerate(value if type(value) is list else []))
    unknown = [f"{name}: {key}" for key, own in inner.items() if own == UNKNOWN] + [name] * (value == UNKNOWN)
    if unknown:
        raise ValueError(f"{unknown[0]} is still {UNKNOWN}: fill in a column of the file, or leave the field out")
    if type(value) not in kinds:
        said = " or ".join(_IN_WORDS[kind] for kind in kinds)
        raise ValueError(f"{name} must be {said}, got {shown(value)}")
    wrong = [own for own in inner.values() if type(own) not in inside]
    if wrong:
        raise ValueError(f"{name} must have names, got {shown(wrong[0])}: put numbers that are names in quotes")
