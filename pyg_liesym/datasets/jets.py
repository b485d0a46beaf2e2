"""Jets of particle collisions, labelled by what they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from torch_geometric.data import Data

from pyg_liesym.datasets.io.files import PathLike, find_files
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.root_writer import TREE
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jet_dataset import JetDataset
from pyg_liesym.datasets.simulation.pythia import CLASSES

JetSplit: TypeAlias = Literal["train", "val", "test"]

_SUFFIXES = (".root", ".h5", ".hdf5", ".npz")
_FOLDERS: dict[JetSplit | None, tuple[str, ...]] = {
    "train": ("train",),
    "val": ("train",),
    "test": ("test",),
    None: ("train", "test"),
}


class Jets(JetDataset):
    """Jets from files of any known format, or a packaged sample of simulated top and QCD jets.

    Where the jets come from:

    - ``Jets()``: the packaged sample, made by ``liesym simulate jets`` (its card is ``datasets/jets/README.md``);
    - ``Jets(files="my/*.root")``: your own files, of any format that
      :func:`~pyg_liesym.datasets.io.jet_files.open_jet_file` knows;
    - ``Jets("datasets/jets")``: the files in ``datasets/jets/raw``, for instance from
      ``liesym simulate jets --folder datasets/jets/raw``; or, where there are none, those in the folders
      ``raw/train`` and ``raw/test``, as ``make jets`` leaves them: the test is then all of ``raw/test``, and training
      and validation share ``raw/train`` as 7 to 1.

    With ``root`` the packed tensors are cached in ``root/processed``, one file for every choice of files (their
    names, sizes and times) and arguments. Without ``root`` nothing is written anywhere.

    Args:
        root: Folder of ``raw/`` and ``processed/``, or None for no cache.
        files: One or several paths or globs; None for the files of ``root/raw`` or the sample.
        split: ``"train"`` (70 %), ``"val"`` (10 %) or ``"test"`` (20 %) of a fixed random permutation; None for all
            jets, in the files' order.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        classes: Names of the classes; the label is the position in this list.
        jet_labels: Class of every value of an integer label, for files that have it (JetClass-II).
        tree: Name of the tree in ROOT files.
        particle: More numbers of every constituent, by their names in the file, such as ``part_charge``.
        weight: Name of the event weights in the file.
        transform: Called on every jet when it is read.
        force_reload: Read the files again even if there is a cache.

    Shapes:
        A jet of ``N`` constituents, sorted by falling pT, is ``Data`` with

        - ``p4 [N, 4]``: four-momenta (E, px, py, pz);
        - ``pos [N, 2]``: (Δη, Δφ) to the jet axis; as in JetClass, Δη counts away from the middle of the detector;
        - ``jet [1, 4]``: (pT, η, φ, E) of the whole jet;
        - ``y [1]``: the class index, int64;
        - ``x [N, F]``: the ``particle`` columns, if there are any;
        - ``weight [1]``: the event weight, if there is one.

    Units:
        GeV and radians for the sample. Momenta are float32, whose rounding is 6e-8 of E²: the m² of one constituent
        cancels below about (E / 4000)² and may come out negative. Pair invariants and jet masses are not affected
        beyond that; compute them in float64 (``p4.double()``) when they matter.

    Raises:
        FileNotFoundError: If there is no file.
        ValueError: If a file is damaged, or the branches or values are not as expected; or an argument is not.

    Example:
        >>> dataset = Jets(split="test", max_constituents=32)
        >>> dataset.classes
        ('QCD', 'Tbqq')
        >>> dataset[0].p4.shape[1], dataset[0].pos.shape[1], dataset[0].y.shape
        (4, 2, torch.Size([1]))
    """

    fractions: ClassVar[dict[str, float]] = {"train": 0.7, "val": 0.1, "test": 0.2}

    def __init__(
        self,
        root: str | None = None,
        files: PathLike | Sequence[PathLike] | None = None,
        *,
        split: JetSplit | None = None,
        max_constituents: int | None = None,
        classes: Sequence[str] = CLASSES,
        jet_labels: Mapping[int, str] | None = None,
        tree: str = TREE,
        particle: Sequence[str] = (),
        weight: str | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split is not None and split not in self.fractions:
            raise ValueError(f"split must be one of {list(self.fractions)} or None, got {split!r}")
        self.split = split
        self.files = None if files is None else find_files(files)
        super().__init__(
            root,
            JetSchema(tuple(classes), jet_labels, tree, tuple(particle), weight),
            max_constituents=max_constituents,
            transform=transform,
            force_reload=force_reload,
        )

    @property
    def has_download(self) -> bool:
        """Whether files are looked for in ``root/raw``."""
        return self._cached and self.files is None

    @property
    def raw_file_names(self) -> list[str]:
        """The files of ``root/raw``, or those of its folders that a split is in."""
        if self.files is not None:
            return []
        raw = Path(self.raw_dir)
        found = _names(raw, ".") or [name for folder in _FOLDERS[self.split] for name in _names(raw, folder)]
        return found or ["*.root"]

    def download(self) -> None:
        """Says how to get files, as none can be downloaded."""
        folders = " or ".join([self.raw_dir, *(f"{self.raw_dir}/{name}" for name in _FOLDERS[self.split])])
        raise FileNotFoundError(
            f"there are no files of jets in {folders}: make some with `liesym simulate jets --folder "
            f"{self.raw_dir}`, or pass files=..., or leave root out for the packaged sample"
        )

    def _key(self) -> list[Any]:
        return [self.split]

    def _sources(self) -> list[Path]:
        return super()._sources() if self.files is None else self.files

    def _read(self) -> JetArrays:
        if self.files is None and not self._cached:
            with resources.as_file(resources.files("pyg_liesym.datasets") / "samples" / "jets.root") as file:
                jets = concatenate_jets(self._pieces(self._open(file)))
        else:
            jets = super()._read()
        apart = self.files is None and self._cached and not _names(Path(self.raw_dir), ".")
        if self.split is None or (apart and self.split == "test"):
            return jets
        fractions = {name: share for name, share in self.fractions.items() if not apart or name != "test"}
        return jets.select(_split_indices(len(jets), self.split, fractions))


def _names(raw: Path, folder: str) -> list[str]:
    found = [path for path in (raw / folder).glob("*") if path.suffix in _SUFFIXES]
    return sorted(str(path.relative_to(raw)) for path in found)


def _split_indices(count: int, split: str, fractions: dict[str, float]) -> np.ndarray[Any, np.dtype[np.int64]]:
    names = list(fractions)
    edges = np.rint(np.cumsum([0.0, *fractions.values()]) * (count / sum(fractions.values()))).astype(int)
    first = names.index(split)
    return np.random.default_rng(0).permutation(count)[edges[first] : edges[first + 1]]
