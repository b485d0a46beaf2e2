"""Jets in arrays of four-momenta padded to one length, in memory or in NumPy files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyg_liesym.datasets.io.assembly import assemble_padded, check_range, check_values
from pyg_liesym.datasets.io.files import PROPOSED, LayoutError, some_of
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.labels import class_indices
from pyg_liesym.datasets.io.npy import NPY_START, ArrayRows, arrays_in, native
from pyg_liesym.datasets.io.schema import JetSchema

_P4, _LABEL, _COUNTS, _MASK = "p4", "label", "counts", "mask"
_NAMES = tuple(f"{component} of p4" for component in ("E", "px", "py", "pz"))


def jets_of_arrays(
    p4: ArrayLike,
    label: ArrayLike | None = None,
    *,
    counts: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    particle: Mapping[str, ArrayLike] | None = None,
    weight: ArrayLike | None = None,
    where: str = "the arrays",
    first: int = 0,
    scale: float = 1.0,
    strict: bool = True,
) -> JetArrays:
    r"""Make jets of arrays that are padded to one length.

    Args:
        p4: Four-momenta (E, px, py, pz).
        label: Class indices; None where the classes are not known.
        counts: How many constituents a jet has, the first of its rows; None to tell by ``mask``, or by the four zeros
            of padding.
        mask: Which rows are constituents.
        particle: More numbers of every constituent.
        weight: Event weights.
        where: Where the arrays come from, for messages.
        first: Number of the first jet there, for messages.
        scale: How many GeV the unit of the four-momenta is.
        strict: See :class:`~pyg_liesym.datasets.io.schema.JetSchema`.

    Shapes:
        - **p4**: :math:`(J, N, 4)`; **mask** and the values of **particle**: :math:`(J, N)`; **label**, **counts**,
          **weight**: :math:`(J)`

    Raises:
        ValueError: If shapes do not fit together, a constituent has four zeros, ``counts`` and ``mask`` differ, or a
            value is not finite or an energy negative. The message says in which jet.

    Example:
        >>> p4 = np.array([[[5, 3, 0, 4], [2, 0, 2, 0]], [[1, 0, 1, 0], [0, 0, 0, 0]]], np.float32)
        >>> jets_of_arrays(p4, [0, 1]).counts
        array([2, 1])
    """
    given = {_P4: p4, _LABEL: label, _COUNTS: counts, _MASK: mask, "weight": weight}
    arrays = {name: native(np.asarray(value)) for name, value in given.items() if value is not None}
    columns = {name: native(np.asarray(value)) for name, value in (particle or {}).items()}
    shape = arrays[_P4].shape
    if len(shape) != 3 or shape[2] != 4 or arrays[_P4].dtype.kind not in "fiu":
        raise ValueError(f"{where}: expected p4 [jets, constituents, 4], got {list(shape)} of {arrays[_P4].dtype}")
    for name, values in (arrays | columns).items():
        expected = shape[: 1 if name in (_LABEL, _COUNTS, "weight") else 2]
        if name != _P4 and values.shape != expected:
            raise ValueError(f"{where}: expected {name} {list(expected)} beside p4 {list(shape)}, got {values.shape}")
    if _LABEL in arrays and arrays[_LABEL].dtype.kind not in "iub" and (arrays[_LABEL] % 1 != 0).any():
        raise ValueError(f"{where}: expected whole numbers as labels, got {arrays[_LABEL].dtype}")
    if "weight" in arrays:
        check_values(arrays["weight"], None, where, "weight", first=first, strict=strict)
    return assemble_padded(
        arrays[_P4],
        np.asarray(arrays.get(_LABEL, np.full(shape[0], -1)), np.int64),
        where,
        _NAMES,
        first=first,
        rows=_constituents(arrays, where, first),
        particle=columns,
        weight=arrays.get("weight"),
        scale=scale,
        strict=strict,
    )


def _constituents(arrays: Mapping[str, NDArray[Any]], where: str, first: int) -> NDArray[np.bool_] | None:
    """The rows that are constituents by ``counts`` and ``mask``; None where neither says."""
    p4, mask, counts = arrays[_P4], arrays.get(_MASK), arrays.get(_COUNTS)
    slots = p4.shape[1]
    rows = None if mask is None else mask.astype(bool)
    if counts is not None:
        bad = np.flatnonzero((counts < 0) | (counts > slots) | (counts % 1 != 0))
        if len(bad):
            raise ValueError(f"{where}: expected 0 <= counts <= {slots}, got {counts[bad[0]]} in jet {first + bad[0]}")
        by_count = np.arange(slots) < counts[:, None]
        bad = np.flatnonzero((by_count != rows).any(1)) if rows is not None else np.zeros(0, int)
        if len(bad):
            raise ValueError(f"{where}: counts and mask differ in jet {first + bad[0]} ({len(bad)} such jets)")
        rows = by_count
    if rows is not None:
        bad = np.flatnonzero((rows & ~(p4 != 0).any(-1)).any(1))
        if len(bad):
            raise ValueError(
                f"{where}: a constituent of jet {first + bad[0]} has four zeros ({len(bad)} such jets): counts or mask "
                "take padding for constituents"
            )
    return rows


class ArrayJets:
    """Jets of one NumPy file, read in ranges.

    An ``.npy`` file has the four-momenta (E, px, py, pz), ``[J, N, 4]``, padded by zeros. An ``.npz`` has them as
    ``p4``, and may have ``label``, ``counts`` and ``weight``, each ``[J]``, ``mask [J, N]``, and particle columns of
    any other name, ``[J, N]``; see :func:`jets_of_arrays`.

    Args:
        path: The file.
        schema: What to read.

    Raises:
        ValueError: If the file is damaged, has no jets or not the arrays, or as for :func:`jets_of_arrays`.
    """

    format: ClassVar[str] = "NumPy (p4)"
    first_jet: ClassVar[None] = None

    def __init__(self, path: Path, schema: JetSchema) -> None:
        self.path, self.schema = path, schema
        self._rows = _arrays_of(path)
        self.columns = tuple(self._rows)
        self.num_jets = self._rows[_P4].shape[0]
        lengths = {name: rows.shape[0] for name, rows in self._rows.items()}
        needed = [*schema.particle, *filter(None, [schema.weight]), *[_LABEL] * schema.labelled]
        missing = [name for name in needed if name not in self._rows]
        if missing:
            hint = ": labels go into an .npz, numpy.savez(path, p4=..., label=...)" if _LABEL in missing else ""
            raise ValueError(f"{path} lacks the arrays {some_of(missing)}, it has {some_of(self._rows)}{hint}")
        if self.num_jets == 0 or 0 in self._rows[_P4].shape:
            raise ValueError(f"{path} has no jets")
        self._needed = [_P4, *needed, *(name for name in (_COUNTS, _MASK) if name in self._rows)]
        if len({lengths[name] for name in self._needed}) > 1:
            raise ValueError(f"{path}: expected every array to have as many rows as there are jets, got {lengths}")

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file that begins with the bytes ``start`` is ``.npy``, or an ``.npz`` with ``p4``."""
        return start.startswith(NPY_START) or (start.startswith(b"PK") and _P4 in arrays_in(path))

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file but its weights."""
        rows = _arrays_of(path)
        shape = rows[_P4].shape[:2]
        numbers = [name for name, own in rows.items() if own.shape == shape and own.dtype.kind in "fiub"]
        particle = tuple(name for name in numbers if name != _MASK)
        if _LABEL not in rows:
            return JetSchema(("unknown",), particle=particle, labelled=False)
        names = {int(value): str(int(value)) for value in np.unique(rows[_LABEL].read()).tolist()}
        return JetSchema(tuple(names.values()), names, particle=particle)

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Read and check the jets ``start:stop`` without keeping the rest."""
        where, schema = str(self.path), self.schema
        start, stop = check_range(where, start, stop, self.num_jets)
        arrays = {name: self._rows[name].read(start, stop) for name in self._needed}
        label = arrays.get(_LABEL)
        if schema.labelled and label is not None:
            label = class_indices(label, where, _LABEL, schema.classes, schema.jet_labels, strict=schema.strict)
        return jets_of_arrays(
            arrays[_P4],
            label,
            counts=arrays.get(_COUNTS),
            mask=arrays.get(_MASK),
            particle={name: arrays[name] for name in schema.particle},
            weight=None if schema.weight is None else arrays[schema.weight],
            where=where,
            first=start,
            scale=schema.scale,
            strict=schema.strict,
        )


def _arrays_of(path: Path) -> dict[str, ArrayRows]:
    with path.open("rb") as file:
        single = file.read(2) != b"PK"
    rows = {_P4: ArrayRows(path)} if single else {name: ArrayRows(path, name) for name in arrays_in(path)}
    shape = rows[_P4].shape
    if len(shape) != 3 or shape[2] != 4 or rows[_P4].dtype.kind not in "fiu":
        raise LayoutError(
            f"{path}: expected real four-momenta [jets, constituents, 4], got {list(shape)} of {rows[_P4].dtype}"
            f"{PROPOSED}"
        )
    return rows
