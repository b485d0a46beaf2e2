"""From what files say of the classes of jets to the indices of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import some_of


def class_indices(
    values: NDArray[Any],
    where: str,
    name: str,
    classes: Sequence[str],
    jet_labels: Mapping[int, str] | None,
    *,
    strict: bool = True,
) -> NDArray[np.int64]:
    """Translate integer labels of a file to class indices.

    Args:
        values: Labels as the file has them, one a jet.
        where: The file, for the message.
        name: The column, for the message.
        classes: The names of the classes.
        jet_labels: The class of every value; None where value ``i`` means ``classes[i]``.
        strict: See :class:`~pyg_liesym.datasets.io.schema.JetSchema`.

    Raises:
        ValueError: If a value has no class or a class no place.
    """
    meaning = dict(enumerate(classes)) if jet_labels is None else dict(jet_labels)
    strangers = sorted(set(meaning.values()) - set(classes))
    if strangers:
        raise ValueError(
            f"{where}: `jet_labels` names {some_of(strangers)}, which are not among the classes {some_of(classes)}"
        )
    found, position = np.unique(values, return_inverse=True)
    unknown = [value for value in found.tolist() if value not in meaning]
    if unknown and strict:
        hint = (
            "`jet_labels` does not name"
            if jet_labels is not None
            else f"the classes {some_of(classes)} have no place for"
        )
        raise ValueError(f"{where}: {name} has the values {some_of(unknown)} that {hint}: name them by `jet_labels`")
    place = {value: list(classes).index(name) for value, name in meaning.items()}
    table = np.array([place.get(value, -1) for value in found.tolist()], dtype=np.int64)
    return np.asarray(table[position.reshape(-1)], dtype=np.int64)


def one_hot(flags: Mapping[str, NDArray[Any]], where: str, *, first: int = 0, strict: bool = True) -> NDArray[np.int64]:
    """Translate one flag for every class to class indices.

    Args:
        flags: The flags by their names in the file, in the order of the classes, one a jet.
        where: The file, for the message.
        first: Number of the first of these jets in the file.
        strict: See :class:`~pyg_liesym.datasets.io.schema.JetSchema`.

    Raises:
        ValueError: If not exactly one is 1 and the others 0.
    """
    onehot = np.stack(list(flags.values()), axis=-1).astype(np.float64)
    bad = np.flatnonzero((onehot.sum(-1) != 1) | ((onehot != 0) & (onehot != 1)).any(-1))
    if len(bad) and strict:
        row = sorted(zip(flags, onehot[bad[0]].tolist(), strict=True), key=lambda pair: pair[1] == 0)
        raise ValueError(
            f"{where}: exactly one label must be 1 and the others 0, but jet {first + bad[0]} has "
            f"{dict(row[:12])} ({len(bad)} such jets): give the names of all classes of the file as `classes`"
        )
    label = np.asarray(onehot.argmax(-1), dtype=np.int64)
    label[bad] = -1
    return label
