"""Jets in HDF5 files of padded four-momenta, as LorentzNet and its relatives read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.assembly import (
    assemble_padded,
    check_range,
    check_read,
    check_values,
    columns_of,
)
from pyg_liesym.datasets.io.files import PROPOSED, PathLike, some_of
from pyg_liesym.datasets.io.hdf5 import HDF5_START, check_chunks, check_filters, create_hdf5, open_hdf5
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.labels import class_indices
from pyg_liesym.datasets.io.notes import NOTE, note_text
from pyg_liesym.datasets.io.schema import JetSchema

_BINARY, _MANY = "is_signal", "jet_label"
_LAYOUT = "pyg_liesym jets 1"  # the attribute by which our own files are told


class PaddedJets:
    """Jets of one HDF5 file with ``Pmu [J, N, 4]`` and ``Nobj [J]``, read in ranges.

    ``Pmu`` has (E, px, py, pz) of the constituents, padded by zeros, of which the first ``Nobj`` count; where a dataset
    ``label [J, N]`` marks rows by -1 (beams), these are left out. The class is ``is_signal`` (0 or 1) or, of more than
    two classes, ``jet_label``. Particle columns are datasets ``[J, N]``, weights a dataset ``[J]``. Files of our writer
    also have ``jet [J, 4]`` with (pT, η, φ, E) and ``plane [J, N, 2]`` with (Δη, Δφ), which are computed for others.

    Args:
        path: The file.
        schema: What to read.

    Raises:
        ValueError: If the file is damaged, has no jets or not the datasets, or if a value is not finite, an energy
            negative, or a label not one of the classes. The message names the file, the dataset and the jet.
    """

    format: ClassVar[str] = "HDF5 (Pmu, LorentzNet)"
    first_jet: ClassVar[None] = None

    def __init__(self, path: Path, schema: JetSchema) -> None:
        self.path, self.schema = path, schema
        with open_hdf5(path) as file:
            shapes = {name: tuple(file[name].shape) for name in file if hasattr(file[name], "shape")}
            for name in shapes:
                check_filters(path, file[name])
                check_chunks(path, file[name])
            ours, self._names = file.attrs.get("layout") == _LAYOUT, _noted_classes(file)
        self.columns = tuple(shapes)
        label = _BINARY if _BINARY in shapes else _MANY
        self._label = label if schema.labelled else None
        needed = {"Pmu": 3, "Nobj": 1, label: 1} if schema.labelled else {"Pmu": 3, "Nobj": 1}
        needed |= dict.fromkeys(schema.particle, 2) | ({schema.weight: 1} if schema.weight is not None else {})
        missing = [name for name in needed if name not in shapes]
        if missing:
            hint = f"; it has no labels, neither {_BINARY} nor {_MANY}" if label in missing else PROPOSED
            raise ValueError(f"{path} lacks the datasets {some_of(missing)}, it has {some_of(sorted(shapes))}{hint}")
        self.num_jets = shapes["Pmu"][0]
        if self.num_jets == 0:
            raise ValueError(f"{path} has no jets")
        full = (*shapes["Pmu"][:2], 4)
        wrong = {name: shapes[name] for name, ndim in needed.items() if shapes[name] != full[:ndim]}
        if wrong:
            raise ValueError(f"{path}: expected Pmu [J, N, 4], particle columns [J, N] and the rest [J], got {wrong}")
        extra = {"jet": (full[0], 4), "plane": (*full[:2], 2), "label": full[:2]}
        self._extra = [name for name in extra if shapes.get(name) == extra[name] and (ours or name == "label")]
        self._datasets = [*needed, *self._extra]

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file that begins with the bytes ``start`` is HDF5."""
        return start == HDF5_START

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file but its weights; classes that it does not name are their numbers."""
        with open_hdf5(path) as file:
            names = _noted_classes(file)
            label = next((name for name in (_BINARY, _MANY) if name in file), None)
            shape = file["Pmu"].shape[:2] if "Pmu" in file else None
            particle = tuple(name for name in file if name != "label" and getattr(file[name], "shape", None) == shape)
            if names is None and label == _MANY:
                values = {value: str(value) for value in np.unique(file[label][:]).tolist()}
                return JetSchema(tuple(values.values()), values, particle=particle)
            classes = ("0", "1") if names is None and label == _BINARY else JetSchema().classes
            classes = classes if names is None else names
        return JetSchema(classes, particle=particle, labelled=label is not None)

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Read and check the jets ``start:stop`` without loading the rest."""
        where = str(self.path)
        start, stop = check_range(where, start, stop, self.num_jets)
        with open_hdf5(self.path) as file:
            arrays: dict[str, NDArray[Any]] = {name: file[name][start:stop] for name in self._datasets}
        for values in arrays.values():
            check_read(where, len(values), start, stop)
        slots, count = arrays["Pmu"].shape[1], arrays["Nobj"]
        bad = np.flatnonzero((count < 0) | (count > slots))
        if len(bad):
            raise ValueError(f"{where}: expected 0 <= Nobj <= {slots}, got {count[bad[0]]} in jet {start + bad[0]}")
        self._check_counts(arrays, start)
        rows = np.arange(slots) < count[:, None]
        if "label" in self._extra:
            rows &= arrays["label"] >= 0
        for name in filter(arrays.__contains__, ("jet", self.schema.weight or "")):
            sizes = np.full(stop - start, int(np.prod(arrays[name].shape[1:])))
            check_values(arrays[name].reshape(-1), sizes, where, name, first=start, strict=self.schema.strict)
        return assemble_padded(
            arrays["Pmu"],
            self._labels(arrays, stop - start),
            where,
            ("E of Pmu", "px of Pmu", "py of Pmu", "pz of Pmu"),
            first=start,
            rows=rows,
            axis=arrays.get("jet"),
            plane=arrays.get("plane"),
            particle={name: arrays[name] for name in self.schema.particle},
            weight=None if self.schema.weight is None else arrays[self.schema.weight],
            scale=self.schema.scale,
            strict=self.schema.strict,
        )

    def _check_counts(self, arrays: dict[str, NDArray[Any]], first: int) -> None:
        """``Nobj``, or ``label`` where there are beams, says once more how many rows are not padding."""
        filled, says = arrays["Pmu"][..., 0] != 0, arrays["Nobj"]
        if "label" in self._extra:
            filled, says = filled & (arrays["label"] >= 0), (arrays["label"] > 0).sum(1)
        last = np.where(filled.any(1), filled.shape[1] - filled[:, ::-1].argmax(1), 0)
        bad = np.flatnonzero(last != says)
        if len(bad) and self.schema.strict:
            raise ValueError(
                f"{self.path}: expected {says[bad[0]]} constituents, but the last row of Pmu with an energy is number "
                f"{last[bad[0]]}, in jet {first + bad[0]} ({len(bad)} such jets)"
            )

    def _labels(self, arrays: dict[str, NDArray[Any]], num_jets: int) -> NDArray[np.int64]:
        if self._label is None:
            return np.full(num_jets, -1, dtype=np.int64)
        classes, meaning = self.schema.classes, self.schema.jet_labels
        if meaning is None and self._names is not None:
            if not set(self._names) <= set(classes):
                own, asked = some_of(self._names), some_of(classes)
                raise ValueError(f"{self.path} has the classes {own}, not all of {asked}: choose by `classes`")
            meaning = dict(enumerate(self._names))
        return class_indices(
            arrays[self._label], str(self.path), self._label, classes, meaning, strict=self.schema.strict
        )


def _noted_classes(file: Any) -> tuple[str, ...] | None:
    """The names of the classes that our writer has noted in a file."""
    noted = file.attrs.get("classes")
    names = None if noted is None else json.loads(noted)
    if names is None:
        return None
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise ValueError(f"its attribute `classes` should list names, got {noted!r:.100}")
    return JetSchema(tuple(names)).classes


class PaddedWriter:
    """An HDF5 file of padded jets that grows; its width follows the longest jet."""

    def __init__(self, file: Any, schema: JetSchema, plane: bool) -> None:
        self._file, self._schema, self._plane = file, schema, plane
        self.num_jets = 0
        self._label = _BINARY if len(schema.classes) <= 2 else _MANY
        taken = {"Pmu", "plane", "Nobj", "jet", self._label} & {*schema.particle, schema.weight}
        if taken:
            raise ValueError(f"particle columns and weights cannot be called {sorted(map(str, taken))} in HDF5")
        rows: dict[str, tuple[Any, tuple[int, ...]]] = {"Pmu": (np.float32, (4,))}
        rows |= {"plane": (np.float32, (2,))} if plane else {}
        rows |= dict.fromkeys(schema.particle, (np.float32, ()))
        self._padded = list(rows)
        for name, (dtype, last) in rows.items():
            file.create_dataset(name, (0, 0, *last), dtype, maxshape=(None, None, *last), chunks=(256, 32, *last),
                                compression="gzip", shuffle=True)  # fmt: skip
        flat: dict[str, tuple[Any, tuple[int, ...]]] = {"Nobj": (np.int32, ()), "jet": (np.float32, (4,))}
        flat |= {self._label: (np.int64, ())} if schema.labelled else {}
        flat |= {schema.weight: (np.float32, ())} if schema.weight is not None else {}
        for name, (dtype, last) in flat.items():
            file.create_dataset(name, (0, *last), dtype, maxshape=(None, *last), chunks=(4096, *last))
        file.attrs["layout"] = _LAYOUT
        if schema.labelled:
            file.attrs["classes"] = json.dumps(schema.classes)

    def extend(self, jets: JetArrays) -> None:
        """Append jets, widening the file if one of them is longer than all before."""
        columns = {"Pmu": jets.p4, **columns_of(jets, self._schema), **({"plane": jets.plane} if self._plane else {})}
        flat = {"Nobj": jets.counts, "jet": jets.axis, self._label: jets.label}
        flat |= {} if self._schema.weight is None else {self._schema.weight: jets.weight}
        first, self.num_jets = self.num_jets, self.num_jets + len(jets)
        if not len(jets):
            return
        width = max(self._file["Pmu"].shape[1], int(jets.counts.max()))
        rows = np.arange(width) < jets.counts[:, None]
        for name in self._padded:
            dataset = self._file[name]
            padded = np.zeros((len(jets), width, *dataset.shape[2:]), np.float32)
            padded[rows] = columns[name]
            dataset.resize((self.num_jets, *padded.shape[1:]))
            dataset[first:] = padded
        for name in (name for name in flat if name in self._file):
            self._file[name].resize(self.num_jets, axis=0)
            self._file[name][first:] = flat[name]


@contextmanager
def write_padded(
    path: PathLike, schema: JetSchema, *, plane: bool = True, note: Mapping[str, Any] | None = None
) -> Iterator[PaddedWriter]:
    """Open an HDF5 file to write jets to; it appears under its name at the end of the ``with`` block.

    Args:
        path: The file to write; its folder is made if needed.
        schema: What to write.
        plane: Write ``plane`` with (Δη, Δφ).
        note: What they were made from (:mod:`~pyg_liesym.datasets.io.notes`).
    """
    with create_hdf5(path) as file:
        if note is not None:
            file.attrs[NOTE] = note_text(note)
        yield PaddedWriter(file, schema, plane)
