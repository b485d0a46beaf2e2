"""Jets in npz files of EnergyFlow: pT, rapidity, azimuth and PDG id of every constituent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.assembly import assemble_padded, check_range
from pyg_liesym.datasets.io.files import PROPOSED, LayoutError, some_of
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.labels import class_indices
from pyg_liesym.datasets.io.npy import ArrayRows, arrays_in
from pyg_liesym.datasets.io.schema import JetSchema

# (mass in GeV, charge) of particles by PDG id, antiparticles having the opposite sign of both id and charge.
# Masses: Particle Data Group, Review of Particle Physics (2024).
PARTICLES: dict[int, tuple[float, int]] = {
    11: (0.00051099895, -1), 12: (0.0, 0), 13: (0.1056583755, -1), 14: (0.0, 0), 16: (0.0, 0), 22: (0.0, 0),
    111: (0.1349768, 0), 211: (0.13957039, 1), 130: (0.497611, 0), 310: (0.497611, 0), 311: (0.497611, 0),
    321: (0.493677, 1), 2112: (0.93956542, 0), 2212: (0.93827209, 1), 3112: (1.197449, -1), 3122: (1.115683, 0),
    3212: (1.192642, 0), 3222: (1.18937, 1), 3312: (1.32171, -1), 3322: (1.31486, 0), 3334: (1.67245, -1),
}  # fmt: skip
_COLUMNS = ("part_pid", "part_charge")


class EnergyFlowJets:
    """Jets of one npz file of EnergyFlow, read in ranges.

    ``X [J, M, 4]`` has (pT, y, φ, PDG id) of the constituents, rows with pT = 0 being padding, and ``y [J]`` the class
    (0 or 1: gluon, quark). With the mass ``m`` that belongs to the PDG id and the rapidity ``y``,

    ``E = √(pT² + m²) cosh y``, ``px = pT cos φ``, ``py = pT sin φ``, ``pz = √(pT² + m²) sinh y``,

    in float64, rounded to float32 at the end. Particle columns: ``part_pid`` and, from it, ``part_charge``. There are
    no weights.

    The file is one compressed stream: reading forwards is fast, going back starts over.

    Args:
        path: The file.
        schema: What to read.

    Raises:
        ValueError: If the file is damaged, has no jets or not the arrays, or if a value is not finite, a pT negative,
            a PDG id without a known mass, or a label not one of the classes.
    """

    format: ClassVar[str] = "npz (EnergyFlow)"
    first_jet: ClassVar[None] = None

    def __init__(self, path: Path, schema: JetSchema) -> None:
        self.path, self.schema, self.columns = path, schema, _COLUMNS
        unknown = [name for name in (*schema.particle, *filter(None, [schema.weight])) if name not in _COLUMNS]
        if unknown:
            raise ValueError(f"{path} has no columns {unknown}; an EnergyFlow file has {_COLUMNS} and no weights")
        names = arrays_in(path)
        if not {"X", "y"} <= set(names):
            raise LayoutError(
                f"{path}: expected the arrays p4, or X and y of EnergyFlow, got {some_of(names)}{PROPOSED}"
            )
        self._x, y = ArrayRows(path, "X"), ArrayRows(path, "y")
        shape = self._x.shape
        if len(shape) != 3 or shape[2] != 4 or y.shape != shape[:1] or self._x.dtype.kind != "f":
            raise ValueError(f"{path}: expected real X [J, M, 4] and y [J], got {shape} and {y.shape}")
        self.num_jets = shape[0]
        if self.num_jets == 0:
            raise ValueError(f"{path} has no jets")
        self._y = y.read()

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file that begins with the bytes ``start`` is npz."""
        return start.startswith(b"PK")

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file."""
        return JetSchema(("gluon", "quark"), particle=_COLUMNS)

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Read and check the jets ``start:stop`` without keeping the rest."""
        where = str(self.path)
        start, stop = check_range(where, start, stop, self.num_jets)
        pt, y, phi, pid = np.moveaxis(self._x.read(start, stop).astype(np.float64), -1, 0)
        mass, charge = self._properties(pid, pt, start)
        transverse = np.copysign(np.hypot(pt, mass), pt)  # E < 0 where pT < 0, if that is let through
        with np.errstate(over="ignore", invalid="ignore"):  # refused by the checks of the assembly
            p4 = [transverse * np.cosh(y), pt * np.cos(phi), pt * np.sin(phi), transverse * np.sinh(y)]
        columns = {"part_pid": pid, "part_charge": charge}
        label = np.full(stop - start, -1, dtype=np.int64)
        if self.schema.labelled:
            schema = self.schema
            label = class_indices(
                self._y[start:stop], where, "y", schema.classes, schema.jet_labels, strict=schema.strict
            )
        return assemble_padded(
            np.stack(p4, axis=-1),
            label,
            where,
            ("E (from pT, rapidity and PDG id)", "px", "py", "pz"),
            first=start,
            rows=pt != 0,
            particle={name: columns[name] for name in self.schema.particle},
            scale=self.schema.scale,
            strict=self.schema.strict,
        )

    def _properties(self, pid: NDArray[Any], pt: NDArray[Any], first: int) -> tuple[NDArray[Any], NDArray[Any]]:
        strict = self.schema.strict
        bad = np.argwhere(~np.isfinite(pt) | (pt < 0))
        if len(bad) and strict:
            raise ValueError(f"{self.path}: pT has the value {pt[tuple(bad[0])]} in jet {first + bad[0][0]}")
        found, position = np.unique(np.where(pt != 0, pid, 22), return_inverse=True)
        unknown = [value for value in found.tolist() if abs(value) not in PARTICLES]
        if unknown and strict:
            jet = np.argwhere(np.isin(pid, unknown, kind="sort") | np.isnan(pid))[0][0]
            raise ValueError(
                f"{self.path}: the PDG ids {some_of(unknown)} have no known mass (jet {first + jet}); "
                f"known are {list(PARTICLES)}"
            )
        nothing = (np.nan, np.nan)
        known = [PARTICLES[int(abs(value))] if abs(value) in PARTICLES else nothing for value in found]
        mass = np.array([mass for mass, _ in known])
        charge = np.array([charge * np.sign(value) for value, (_, charge) in zip(found, known, strict=True)])
        return mass[position].reshape(pid.shape), charge[position].reshape(pid.shape)
