"""Jets of particle collisions, labelled by what they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from torch_geometric.data import Data

from pyg_liesym.datasets.io.array_jets import jets_of_arrays
from pyg_liesym.datasets.io.files import PathLike, find_files, some_of
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.root_writer import TREE
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jet_dataset import JetDataset
from pyg_liesym.datasets.simulation.pythia import CLASSES

JetSplit: TypeAlias = Literal["train", "val", "test"]

_SUFFIXES = (".root", ".h5", ".hdf5", ".npz", ".npy", ".parquet")
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
    - ``Jets.from_arrays(p4)``: an array ``[J, N, 4]`` in memory;
    - ``Jets("datasets/jets")``: the files in ``datasets/jets/raw``, for instance from
      ``liesym simulate jets --folder datasets/jets/raw``; or, where there are none, those in the folders
      ``raw/train`` and ``raw/test``, as ``make jets`` leaves them: the test is then all of ``raw/test``, and training
      and validation share ``raw/train`` as 7 to 1.

    With ``root`` the packed tensors are cached in ``root/processed``, one file for every choice of files (their
    names, sizes and times) and arguments. Without ``root`` nothing is written anywhere.

    Args:
        root: Folder of ``raw/`` and ``processed/``, or None for no cache.
        files: One or several paths or globs; None for the files of ``root/raw`` or the sample.
        arrays: Jets in memory in place of files, as :func:`~pyg_liesym.datasets.io.array_jets.jets_of_arrays` makes
            them or a simulator does.
        split: ``"train"`` (70 %), ``"val"`` (10 %) or ``"test"`` (20 %) of a fixed random permutation; None for all
            jets, in the files' order.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        classes: Names of the classes; the label is the position in this list.
        jet_labels: Class of every value of an integer label, for files that have it (JetClass-II).
        tree: Name of the tree in ROOT files.
        particle: More numbers of every constituent, by their names in the file, such as ``part_charge``.
        weight: Name of the event weights in the file.
        schema: All that is to be read, or a YAML file that says it, in place of the five before.
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
        arrays: JetArrays | None = None,
        split: JetSplit | None = None,
        max_constituents: int | None = None,
        classes: Sequence[str] = CLASSES,
        jet_labels: Mapping[int, str] | None = None,
        tree: str = TREE,
        particle: Sequence[str] = (),
        weight: str | None = None,
        schema: JetSchema | PathLike | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split is not None and split not in self.fractions:
            raise ValueError(f"split must be one of {list(self.fractions)} or None, got {split!r}")
        if arrays is not None and (root is not None or files is not None):
            raise ValueError("jets come from arrays, from files or from root: give one of them")
        self.split, self._arrays = split, arrays
        self.files = None if files is None else find_files(files)
        words = {"classes": tuple(classes), "jet_labels": jet_labels, "tree": tree, "particle": tuple(particle)}
        super().__init__(
            root,
            JetSchema.of(schema, **words, weight=weight),
            max_constituents=max_constituents,
            transform=transform,
            force_reload=force_reload,
        )

    @classmethod
    def from_arrays(
        cls,
        p4: ArrayLike,
        label: ArrayLike | None = None,
        *,
        counts: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        particle: Mapping[str, ArrayLike] | None = None,
        weight: ArrayLike | None = None,
        classes: Sequence[str] | None = None,
        split: JetSplit | None = None,
        max_constituents: int | None = None,
        transform: Callable[[Data], Data] | None = None,
    ) -> Jets:
        """Jets of arrays that are padded to one length.

        Args:
            p4: Four-momenta (E, px, py, pz), ``[J, N, 4]``.
            label: Class indices, ``[J]``; None where the classes are not known: every ``y`` is then -1.
            counts: How many of a jet's rows are constituents, the first ones, ``[J]``; None to tell by ``mask``, or by
                the four zeros of padding.
            mask: Which rows are constituents, ``[J, N]``.
            particle: More numbers of every constituent, each ``[J, N]``; they become ``x``.
            weight: Event weights, ``[J]``.
            classes: Names of the classes; None to call them ``"0"``, ``"1"``, …
            split: See :class:`Jets`.
            max_constituents: See there.
            transform: See there.

        Units:
            Whatever the array has; taggers that come with the package were trained on GeV.

        Raises:
            ValueError: As :func:`~pyg_liesym.datasets.io.array_jets.jets_of_arrays`, or if a label has no class.

        Example:
            >>> p4 = np.array([[[5, 3, 0, 4], [2, 0, 2, 0]], [[1, 0, 1, 0], [0, 0, 0, 0]]], np.float32)
            >>> jets = Jets.from_arrays(p4, [0, 1], classes=("QCD", "Tbqq"))
            >>> jets[1].p4, jets[1].y
            (tensor([[1., 0., 1., 0.]]), tensor([1]))
        """
        arrays = jets_of_arrays(p4, label, counts=counts, mask=mask, particle=particle, weight=weight)
        last = int(arrays.label.max(initial=0))
        names = tuple(str(index) for index in range(last + 1)) if classes is None else tuple(classes)
        if label is not None and not 0 <= int(arrays.label.min(initial=0)) <= last < len(names):
            raise ValueError(f"labels must index {names}, got {some_of(np.unique(arrays.label).tolist())}")
        return cls(
            arrays=arrays,
            classes=names,
            particle=tuple(arrays.particle),
            split=split,
            max_constituents=max_constituents,
            transform=transform,
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
        """Say how to get files, as none can be downloaded."""
        folders = " or ".join([self.raw_dir, *(f"{self.raw_dir}/{name}" for name in _FOLDERS[self.split])])
        raise FileNotFoundError(
            f"there are no files of jets in {folders}: make some with `liesym simulate jets --folder "
            f"{self.raw_dir}`, or give `files`, or leave `root` out for the packaged sample"
        )

    def _key(self) -> list[Any]:
        return [self.split]

    def _sources(self) -> list[Path]:
        return super()._sources() if self.files is None else self.files

    def _read(self) -> JetArrays:
        if self._arrays is not None:
            jets = self._arrays if self.max_constituents is None else self._arrays.truncate(self.max_constituents)
        elif self.files is None and not self._cached:
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
