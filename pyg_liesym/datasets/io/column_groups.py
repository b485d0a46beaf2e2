"""What columns of a file may mean, by their names and by how deep their lists lie."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyg_liesym.datasets.io.momenta import CARTESIAN, COMPONENTS
from pyg_liesym.datasets.io.tables import Table

_WORDS = {"e": "E", "energy": "E", "ene": "E", "en": "E", "px": "px", "py": "py", "pz": "pz", "pt": "pt", "eta": "eta",
          "rapidity": "y", "rap": "y", "y": "y", "phi": "phi", "m": "m", "mass": "m"}  # fmt: skip
_LONGEST_FIRST = "|".join(sorted(_WORDS, key=len, reverse=True))
_LAST = re.compile(rf"(?i:^(?:(.*)[_./])?({_LONGEST_FIRST})(\*|_\*)?$)")
_CAMEL = re.compile(r"^(.*[a-z0-9])(E|Energy|P[xyzt]|PT|Eta|Phi|M|Mass|Rapidity)(\*|_\*)?$")
_CONVENTIONS = (
    CARTESIAN, ("px", "py", "pz", "m"), ("pt", "eta", "phi", "m"), ("pt", "eta", "phi", "E"), ("pt", "y", "phi", "m"),
    ("pt", "y", "phi", "E"), ("pt", "eta", "phi"),
)  # fmt: skip
_OF_PARTS = re.compile(r"(?i)part|cand|const|pf|track|trk|tower|cluster|daughter")
_OF_JETS = re.compile(r"(?i)jet")


@dataclass(frozen=True)
class Group:
    """Columns of one kind of particle.

    Args:
        stem: What their names have in common.
        depth: How deep their lists lie: 0 for one number a row.
        columns: By component.
    """

    stem: str
    depth: int
    columns: Mapping[str, str]

    @property
    def momentum(self) -> dict[str, str] | None:
        """The columns of the first convention that is there."""
        for names in _CONVENTIONS:
            if set(names) <= set(self.columns):
                return {name: self.columns[name] for name in names}
        return None

    @property
    def of_parts(self) -> bool:
        """Whether they are called like constituents."""
        return bool(_OF_PARTS.search(self.stem))

    @property
    def of_jets(self) -> bool:
        """Whether they are called like jets."""
        return bool(_OF_JETS.search(self.stem)) and not self.of_parts


def depths_of(table: Table) -> dict[str, int]:
    """How deep the lists of every column of numbers lie, 0 for one number a row; numbered columns by a star.

    Numbered columns of at least three numbers count as one column of lists.
    """
    found = {name: depth for name, kind in _kinds(table, table.names).items() if (depth := _depth(kind)) is not None}
    stars: dict[str, list[str]] = {}
    for name in found:
        match = re.fullmatch(r"(.*?)(\d+)", name)
        if match is not None and found[name] == 0:
            stars.setdefault(f"{match[1]}*", []).append(name)
    for star, names in stars.items():
        if len(names) > 2:
            found = {name: depth for name, depth in found.items() if name not in set(names)} | {star: 1}
    return found


def groups_of(depths: Mapping[str, int]) -> list[Group]:
    """The columns that are components of momenta, by kind of particle; those of a file of its own first."""
    found: dict[tuple[str, int], dict[str, str]] = {}
    for name, depth in depths.items():
        match = _LAST.fullmatch(name) or _CAMEL.fullmatch(name)
        if match is not None:
            stem, word = match[1] or "", _WORDS[match[2].lower()]
            found.setdefault((stem, depth), {}).setdefault(word, name)
    in_order = [Group(stem, depth, _sorted(columns)) for (stem, depth), columns in found.items()]
    return [group for group in in_order if group.momentum is not None]


def _sorted(columns: Mapping[str, str]) -> dict[str, str]:
    return {name: columns[name] for name in COMPONENTS if name in columns}


def _kinds(table: Table, names: Sequence[str]) -> dict[str, Any]:
    """The type of every column that can be read; no rows are."""
    if not names:
        return {}
    try:
        return dict(table.read(list(names), 0, 0))
    except ValueError:  # a branch of another kind, somewhere among them
        half = len(names) // 2
        return {} if not half else {**_kinds(table, names[:half]), **_kinds(table, names[half:])}


def _depth(array: Any) -> int | None:
    import awkward as ak

    if isinstance(array, np.ndarray):
        return array.ndim - 1 if array.dtype.kind in "fiub" else None
    kind = str(ak.type(array)).replace("?", "").replace("option[", "").replace("]", "")
    number = kind.rpartition(" * ")[2]
    return kind.count(" * ") - 1 if re.fullmatch(r"(u?int|float)\d+|bool", number) else None
