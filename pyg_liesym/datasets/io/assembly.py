"""From checked columns of a file to jets: what all readers of jets share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import some_of
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.schema import JetSchema


def check_range(where: str, start: int, stop: int | None, num_jets: int) -> tuple[int, int]:
    """The range of jets asked for, refused if the file does not have it."""
    stop = num_jets if stop is None else stop
    if not 0 <= start <= stop <= num_jets:
        raise ValueError(f"{where} has {num_jets} jets; expected 0 <= start <= stop <= {num_jets}, got {start}:{stop}")
    return start, stop


def check_read(where: str, found: int, start: int, stop: int) -> None:
    """Refuse a batch that came out short, of a file that shrank or was replaced while it was open."""
    if found != stop - start:
        raise ValueError(f"{where}: expected the jets {start}:{stop}, got {found}: was it changed while it was read?")


def check_values(
    flat: NDArray[Any],
    counts: NDArray[np.int64] | None,
    where: str,
    name: str,
    *,
    first: int = 0,
    positive: bool = False,
    strict: bool = True,
) -> None:
    """Refuse NaN, infinity and, where ``positive``, values below zero; the message says in which jet.

    Args:
        flat: The values of a column, jet after jet.
        counts: Values per jet; None for one each.
        where: The file, for the message.
        name: The column, for the message.
        first: Number of the first of these jets in the file.
        positive: Whether values below zero are wrong.
        strict: See :class:`~pyg_liesym.datasets.io.schema.JetSchema`.
    """
    if not strict:
        return
    with np.errstate(over="ignore"):  # what counts is what the jets will have
        finite = np.isfinite(flat.astype(np.float32, copy=False))
    bad = np.flatnonzero(~finite | ((flat < 0) if positive else False))
    if len(bad):
        jet = bad[0] if counts is None else np.searchsorted(np.cumsum(counts), bad[0], side="right")
        raise ValueError(f"{where}: {name} has the value {flat[bad[0]]} in jet {first + jet}, {len(bad)} bad in all")


def assemble(
    p4: NDArray[Any],
    counts: NDArray[np.int64],
    label: NDArray[np.int64],
    *,
    axis: NDArray[Any] | None = None,
    plane: NDArray[Any] | None = None,
    particle: Mapping[str, NDArray[Any]] | None = None,
    weight: NDArray[Any] | None = None,
    scale: float = 1.0,
) -> JetArrays:
    """Make jets of columns: sort constituents by falling pT, compute what the file does not have.

    Four zeros are padding and no constituent, in whichever format.

    Args:
        p4: Four-momenta (E, px, py, pz), jet after jet.
        counts: Constituents per jet.
        label: Class indices.
        axis: (pT, η, φ, E) of the jets; None to sum the constituents.
        plane: (Δη, Δφ) to the axis; None to compute.
        particle: More numbers of every constituent.
        weight: Event weights.
        scale: How many GeV the unit of ``p4`` and ``axis`` is.
    """
    particle = particle or {}
    if scale != 1:
        p4 = p4.astype(np.float64) * scale
        axis = None if axis is None else axis.astype(np.float64) * [scale, 1, 1, scale]
    padding = ~(p4 != 0).any(1)
    if padding.any():
        counts = counts - np.bincount(np.repeat(np.arange(len(counts)), counts)[padding], minlength=len(counts))
        p4, plane = p4[~padding], None if plane is None else plane[~padding]
        particle = {name: values[~padding] for name, values in particle.items()}
    p4 = p4.astype(np.float32, copy=False)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    jet = np.repeat(np.arange(len(counts)), counts)
    axis = _axis_of_sum(p4, jet, len(counts)) if axis is None else axis.astype(np.float32, copy=False)
    plane = _plane_around(p4, axis[jet]) if plane is None else plane.astype(np.float32, copy=False)
    columns = {name: values.astype(np.float32, copy=False) for name, values in particle.items()}
    pt = np.hypot(p4[:, 1], p4[:, 2])
    if ((np.diff(pt) > 0) & (np.diff(jet) == 0)).any():
        order = np.lexsort((-pt, jet))
        p4, plane = p4[order], plane[order]
        columns = {name: values[order] for name, values in columns.items()}
    weight = None if weight is None else weight.astype(np.float32, copy=False)
    return JetArrays(p4, plane, offsets, axis, label.astype(np.int64, copy=False), columns, weight)


def assemble_padded(
    p4: NDArray[Any],
    label: NDArray[np.int64],
    where: str,
    names: Sequence[str],
    *,
    first: int,
    rows: NDArray[np.bool_] | None = None,
    axis: NDArray[Any] | None = None,
    plane: NDArray[Any] | None = None,
    particle: Mapping[str, NDArray[Any]] | None = None,
    weight: NDArray[Any] | None = None,
    scale: float = 1.0,
    strict: bool = True,
) -> JetArrays:
    """Make jets of arrays that are padded to one length.

    Args:
        p4: Four-momenta, ``[J, N, 4]``. Rows with energy 0 are padding.
        label: Class indices, ``[J]``.
        where: The file, for messages.
        names: The names of the four components, for messages.
        first: Number of the first of these jets in the file.
        rows: Which rows may be constituents, ``[J, N]``; None for all.
        axis: As for :func:`assemble`.
        plane: ``[J, N, 2]``, as for :func:`assemble`.
        particle: Each ``[J, N]``, as for :func:`assemble`.
        weight: As for :func:`assemble`.
        scale: As for :func:`assemble`.
        strict: See :class:`~pyg_liesym.datasets.io.schema.JetSchema`.

    Raises:
        ValueError: If a value is not finite, an energy negative, or 0 where the momentum is not.
    """
    rows = np.ones(p4.shape[:2], bool) if rows is None else rows
    energy, px, py, pz = np.moveaxis(p4, -1, 0)
    lost = np.argwhere((energy == 0) & ((px != 0) | (py != 0) | (pz != 0)) & rows)
    if len(lost) and strict:
        raise ValueError(f"{where}: {names[0]} is 0 but the momentum is not, in jet {first + lost[0, 0]}")
    rows = rows & (energy != 0)
    counts = rows.sum(1)
    flat = p4[rows]
    for component, name in enumerate(names):
        check_values(flat[:, component], counts, where, name, first=first, positive=component == 0, strict=strict)
    columns = {name: values[rows] for name, values in (particle or {}).items()}
    for name, values in columns.items():
        check_values(values, counts, where, name, first=first, strict=strict)
    if plane is not None:
        plane = plane[rows]
        check_values(plane.reshape(-1), counts * 2, where, "plane", first=first, strict=strict)
    return assemble(flat, counts, label, axis=axis, plane=plane, particle=columns, weight=weight, scale=scale)


def columns_of(jets: JetArrays, schema: JetSchema) -> dict[str, NDArray[np.float32]]:
    """The particle columns to write, after a check that the jets have all that the schema names.

    Raises:
        ValueError: If they lack a column or weights, or have a label without a class.
    """
    missing = [name for name in schema.particle if name not in jets.particle]
    if missing:
        raise ValueError(f"the jets lack the particle columns {some_of(missing)}, they have {some_of(jets.particle)}")
    if schema.weight is not None and jets.weight is None:
        raise ValueError(f"the jets have no weights to write as {schema.weight!r}: read them by `weight`")
    if schema.labelled and len(jets) and not 0 <= jets.label.min() <= jets.label.max() < len(schema.classes):
        raise ValueError(f"labels must index {some_of(schema.classes)}, got {some_of(np.unique(jets.label).tolist())}")
    return {name: jets.particle[name] for name in schema.particle}


def _axis_of_sum(p4: NDArray[np.float32], jet: NDArray[np.int64], num_jets: int) -> NDArray[np.float32]:
    energy, px, py, pz = (np.bincount(jet, weights=part, minlength=num_jets) for part in p4.T)
    pt = np.hypot(px, py)
    return np.stack([pt, _pseudorapidity(pt, pz), np.arctan2(py, px), energy], axis=-1).astype(np.float32)


def _plane_around(p4: NDArray[np.float32], axis: NDArray[np.float32]) -> NDArray[np.float32]:
    _, px, py, pz = p4.T.astype(np.float64)
    side = np.where(axis[:, 1] < 0, -1.0, 1.0)
    deta = (_pseudorapidity(np.hypot(px, py), pz) - axis[:, 1]) * side
    dphi = (np.arctan2(py, px) - axis[:, 2] + np.pi) % (2 * np.pi) - np.pi
    return np.stack([deta, dphi], axis=-1).astype(np.float32)


def _pseudorapidity(pt: NDArray[Any], pz: NDArray[Any]) -> NDArray[np.float64]:
    # Finite for particles along the beam, where η itself is not.
    eta: NDArray[np.float64] = np.arcsinh(pz / np.maximum(pt, 1e-30))
    return eta
