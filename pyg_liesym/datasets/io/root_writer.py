"""Jets into ROOT files in the layout of JetClass, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pyg_liesym.datasets.io.assembly import columns_of
from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.notes import NOTE, note_text
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.writing import whole_file

TREE = "tree"
P4 = ("part_energy", "part_px", "part_py", "part_pz")
PLANE = ("part_deta", "part_dphi")
AXIS = ("jet_pt", "jet_eta", "jet_phi", "jet_energy")


class RootWriter:
    """A ROOT tree of jets that grows."""

    def __init__(self, tree: Any, schema: JetSchema, plane: bool) -> None:
        self._tree, self._schema, self._plane = tree, schema, plane
        self.num_jets = 0

    def extend(self, jets: JetArrays) -> None:
        """Append jets as one basket a branch."""
        if len(jets):
            self._tree.extend(branches_of(jets, self._schema, self._plane))
            self.num_jets += len(jets)


@contextmanager
def write_root(
    path: PathLike,
    schema: JetSchema,
    *,
    plane: bool = True,
    smallest: bool = False,
    note: Mapping[str, Any] | None = None,
) -> Iterator[RootWriter]:
    """Open a ROOT file to write jets to; it appears under its name at the end of the ``with`` block.

    Args:
        path: The file to write; its folder is made if needed.
        schema: What to write.
        plane: Write ``part_deta`` and ``part_dphi``.
        smallest: Compress by LZMA instead of ZLIB: a few per cent smaller, ten times slower.
        note: What they were made from (:mod:`~pyg_liesym.datasets.io.notes`).
    """
    import uproot

    types = {name: _type_of(branch) for name, branch in branches_of(_no_jets(schema), schema, plane).items()}
    compression = uproot.LZMA(6) if smallest else uproot.ZLIB(4)
    with whole_file(path) as temporary, uproot.recreate(temporary, compression=compression) as file:
        if note is not None:
            file[NOTE] = note_text(note)
        yield RootWriter(file.mktree(schema.tree, types), schema, plane)


def write_jets(path: PathLike, jets: JetArrays, classes: Sequence[str], *, plane: bool = True) -> Path:
    """Write jets as a ROOT tree with the branch names of JetClass.

    Branches: ``part_px part_py part_pz part_energy part_deta part_dphi`` (jagged float32, counted by ``npart``),
    ``jet_pt jet_eta jet_phi jet_energy`` (float32), ``jet_nparticles`` (int32) and one boolean ``label_<class>``
    for every class; also the particle columns under their names and the weights as ``weight``, where the jets have
    them. The file appears under its name only when it is complete.

    Args:
        path: The file to write; its folder is made if needed.
        jets: The jets.
        classes: The name of every class index.
        plane: Write ``part_deta`` and ``part_dphi``; without them a file is a third smaller, and they are
            computed when it is read.

    Units:
        GeV and radians.

    Raises:
        ValueError: If a label has no class name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> jets = JetArrays(
        ...     p4=np.array([[5, 3, 0, 4], [2, 0, 2, 0]], np.float32), plane=np.zeros((2, 2), np.float32),
        ...     offsets=np.array([0, 1, 2]), axis=np.ones((2, 4), np.float32), label=np.array([0, 1]),
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     file = write_jets(f"{folder}/two.root", jets, classes=("QCD", "Tbqq"))
        ...     file.name
        'two.root'
    """
    weight = None if jets.weight is None else "weight"
    schema = JetSchema(tuple(classes), tree=TREE, particle=tuple(jets.particle), weight=weight)
    with write_root(path, schema, plane=plane, smallest=True) as writer:
        writer.extend(jets)
    return Path(path)


def branches_of(jets: JetArrays, schema: JetSchema, plane: bool) -> dict[str, Any]:
    """The branches of jets, as uproot writes them.

    Raises:
        ValueError: If the jets lack a column of the schema or have a label without a class name.
    """
    import awkward as ak

    columns = dict(zip(P4, jets.p4.T, strict=True))
    if plane:
        columns |= dict(zip(PLANE, jets.plane.T, strict=True))
    columns |= columns_of(jets, schema)
    jagged = {name: ak.unflatten(np.ascontiguousarray(flat), jets.counts) for name, flat in columns.items()}
    branches: dict[str, Any] = {name: part for name, part in jagged.items() if not name.startswith("part_")}
    branches["part"] = ak.zip({name[5:]: part for name, part in jagged.items() if name.startswith("part_")})
    branches |= dict(zip(AXIS, jets.axis.T, strict=True))
    branches["jet_nparticles"] = jets.counts.astype(np.int32)
    if schema.labelled:
        branches |= {f"label_{name}": jets.label == index for index, name in enumerate(schema.classes)}
    if schema.weight in (*branches, *P4, *PLANE):
        raise ValueError(f"the weights cannot be called {schema.weight!r}: that is another branch")
    if schema.weight is not None:
        branches[schema.weight] = jets.weight
    return branches


def _no_jets(schema: JetSchema) -> JetArrays:
    none = np.zeros(0, np.float32)
    return JetArrays(
        p4=none.reshape(0, 4),
        plane=none.reshape(0, 2),
        offsets=np.zeros(1, np.int64),
        axis=none.reshape(0, 4),
        label=np.zeros(0, np.int64),
        particle=dict.fromkeys(schema.particle, none),
        weight=none,
    )


def _type_of(branch: Any) -> Any:
    import awkward as ak

    return branch.dtype if isinstance(branch, np.ndarray) else ak.type(branch).content
