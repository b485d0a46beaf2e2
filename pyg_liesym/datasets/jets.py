"""Jets of particle collisions, labelled by what they come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import torch
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.io.files import PathLike, find_files
from pyg_liesym.datasets.io.root import TREE, read_jets
from pyg_liesym.datasets.jet_arrays import JetArrays
from pyg_liesym.datasets.packing import load_packed, pack, save_packed
from pyg_liesym.datasets.simulation.pythia import CLASSES

JetSplit: TypeAlias = Literal["train", "val", "test"]


class Jets(InMemoryDataset):
    """Jets from ROOT files in the layout of JetClass, or a packaged sample of simulated top and QCD jets.

    Where the jets come from:

    - ``Jets()``: the packaged sample, made by ``liesym simulate jets`` (its card is ``datasets/jets/README.md``);
    - ``Jets(files="my/*.root")``: your own files, see :func:`~pyg_liesym.datasets.io.root.read_jets`;
    - ``Jets("datasets/jets")``: the files in ``datasets/jets/raw``, for instance from
      ``liesym simulate jets --folder datasets/jets/raw``.

    With ``root`` the packed tensors are cached in ``root/processed``, one file for every choice of files (their
    names, sizes and times) and arguments. Without ``root`` nothing is written anywhere.

    Args:
        root: Folder of ``raw/`` and ``processed/``, or None for no cache.
        files: One or several paths or globs of ROOT files; None for the files of ``root/raw`` or the sample.
        split: ``"train"`` (70 %), ``"val"`` (10 %) or ``"test"`` (20 %) of a fixed random permutation; None for all
            jets, in the files' order.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        classes: Names of the classes; the label is the position in this list.
        jet_labels: Class of every value of an integer ``jet_label``, for files that have it (JetClass-II).
        tree: Name of the tree in the files.
        transform: Called on every jet when it is read.
        force_reload: Read the files again even if there is a cache.

    Shapes:
        A jet of ``N`` constituents, sorted by falling pT, is ``Data`` with

        - ``p4 [N, 4]``: four-momenta (E, px, py, pz);
        - ``pos [N, 2]``: (Δη, Δφ) to the jet axis; as in JetClass, Δη counts away from the middle of the detector;
        - ``jet [1, 4]``: (pT, η, φ, E) of the whole jet;
        - ``y [1]``: the class index, int64.

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
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split is not None and split not in self.fractions:
            raise ValueError(f"split must be one of {list(self.fractions)} or None, got {split!r}")
        if max_constituents is not None and max_constituents < 1:
            raise ValueError(f"max_constituents must be at least 1 or None, got {max_constituents}")
        self.classes = tuple(classes)
        self.split, self.max_constituents, self.tree = split, max_constituents, tree
        self.jet_labels = None if jet_labels is None else dict(jet_labels)
        self.files = None if files is None else find_files(files)
        self._cached = root is not None
        super().__init__(root, transform, force_reload=force_reload)
        self._data, self.slices = load_packed(self.processed_paths[0]) if self._cached else self._packed()

    @property
    def has_download(self) -> bool:
        """Whether files are looked for in ``root/raw``."""
        return self._cached and self.files is None

    @property
    def has_process(self) -> bool:
        """Whether there is a cache to fill."""
        return self._cached

    @property
    def raw_file_names(self) -> list[str]:
        """The ROOT files of ``root/raw``."""
        if self.files is not None:
            return []
        return sorted(path.name for path in Path(self.raw_dir).glob("*.root")) or ["*.root"]

    @property
    def processed_file_names(self) -> list[str]:
        """One name for every choice of files and arguments."""
        states = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in self._sources()]
        labels = self.jet_labels and sorted(self.jet_labels.items())
        key = [states, self.split, self.max_constituents, self.classes, labels, self.tree]
        return [f"jets_{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}.safetensors"]

    def download(self) -> None:
        """Says how to get files, as none can be downloaded."""
        raise FileNotFoundError(
            f"there are no ROOT files in {self.raw_dir}: make some with `liesym simulate jets --folder "
            f"{self.raw_dir}`, or pass files=..., or leave root out for the packaged sample"
        )

    def process(self) -> None:
        """Reads the files and saves the packed tensors."""
        save_packed(self.processed_paths[0], *self._packed())

    def _sources(self) -> list[Path]:
        if self.files is not None:
            return self.files
        return [Path(self.raw_dir) / name for name in self.raw_file_names]

    def _packed(self) -> tuple[Data, dict[str, torch.Tensor]]:
        jets = self._read()
        if self.split is not None:
            jets = jets.select(_split_indices(len(jets), self.split, self.fractions))
        if self.max_constituents is not None:
            jets = jets.truncate(self.max_constituents)
        return pack(
            num_nodes=torch.from_numpy(jets.counts),
            node={"p4": torch.from_numpy(jets.p4), "pos": torch.from_numpy(jets.plane)},
            graph={"jet": torch.from_numpy(jets.axis), "y": torch.from_numpy(jets.label)},
        )

    def _read(self) -> JetArrays:
        options: dict[str, Any] = {"tree": self.tree, "jet_labels": self.jet_labels}
        if self.files is None and not self._cached:
            with resources.as_file(resources.files("pyg_liesym.datasets") / "samples" / "jets.root") as file:
                return read_jets(file, self.classes, **options)
        return read_jets(self._sources(), self.classes, **options)


def _split_indices(count: int, split: str, fractions: dict[str, float]) -> np.ndarray[Any, np.dtype[np.int64]]:
    names = list(fractions)
    edges = np.rint(np.cumsum([0.0, *fractions.values()]) * count).astype(int)
    first = names.index(split)
    return np.random.default_rng(0).permutation(count)[edges[first] : edges[first + 1]]
