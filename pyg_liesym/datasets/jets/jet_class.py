"""JetClass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from torch_geometric.data import Data

from pyg_liesym.datasets.io.download import ZenodoRecord, extract_files
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jet_dataset import JetDataset, fetch

# MD5 as its authors publish them with Particle Transformer, get_datasets.py
_MD5 = {
    "JetClass_Pythia_train_100M_part0.tar": "de4fd2dca2e68ab3c85d5cfd3bcc65c3",
    "JetClass_Pythia_train_100M_part1.tar": "9722a359c5ef697bea0fbf79bf50f003",
    "JetClass_Pythia_train_100M_part2.tar": "1e9f66cd1f915f9d10e90ae1d7761720",
    "JetClass_Pythia_train_100M_part3.tar": "47348fc8985319fa4806da87500482fa",
    "JetClass_Pythia_train_100M_part4.tar": "6b0ce16bd93b442a8d51914466990279",
    "JetClass_Pythia_train_100M_part5.tar": "416e347512e716de51d392bee327b8e9",
    "JetClass_Pythia_train_100M_part6.tar": "e9b9c1557b1b39bf0a16e4ab631ae451",
    "JetClass_Pythia_train_100M_part7.tar": "5bfc6cb285ccb7680cefa9ac82ad1a2e",
    "JetClass_Pythia_train_100M_part8.tar": "540c1a0d66dfad78d2b363c5740ccf86",
    "JetClass_Pythia_train_100M_part9.tar": "668f40b3275167ff7104c48317c0ae2a",
    "JetClass_Pythia_val_5M.tar": "7235ccb577ed85023ea3ab4d5e6160cf",
    "JetClass_Pythia_test_20M.tar": "64e5156d26d101adeb43b8388207d767",
}
_FOLDERS = {"train": "train_100M", "val": "val_5M", "test": "test_20M"}


class JetClass(JetDataset):
    """JetClass: 125 million jets of ten classes.

    Qu, Li, Qian, `Zenodo 6619768 <https://doi.org/10.5281/zenodo.6619768>`_; please cite it and *Particle Transformer
    for Jet Tagging*, `arXiv:2202.03772 <https://arxiv.org/abs/2202.03772>`_. The card, with the licence, is
    ``datasets/jetclass/README.md``.

    The files are those of the extracted archives, ``raw/train_100M/*.root``, ``raw/val_5M/*.root`` and
    ``raw/test_20M/*.root``; those that are there are read. A file has 100 000 jets of one class, told by its name. The
    whole training set does not fit in memory: take a part of it with ``jets_per_file``, or pass the files to
    :class:`~pyg_liesym.datasets.jets.streaming.StreamingJets`.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        split: ``"train"`` (100 million jets), ``"val"`` (5 million) or ``"test"`` (20 million).
        classes: Which classes to read, all ten by default; the label is the position in this list.
        particle: Branches that become ``x``, such as ``part_charge``, ``part_d0val``, ``part_dzval``, ``part_isMuon``.
        jets_per_file: Only the first so many jets of every file; None for all.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        transform: Called on every jet when it is read.
        force_reload: Read the files again even if there is a cache.
        download: Download and extract the archives of the split that are not there yet: ten for training, one each for
            validation and test, of many GB. They are checked against the MD5 that the authors publish and deleted
            after they are extracted; what has come stays after an interruption.
        num_archives: Download only the first so many archives.

    Shapes:
        As in :class:`~pyg_liesym.datasets.jets.jets.Jets`.

    Units:
        GeV and radians; impact parameters in mm. On rounding see :class:`~pyg_liesym.datasets.jets.jets.Jets`.

    Raises:
        FileNotFoundError: If there are no files and ``download`` is False; it says where to get them.
        ValueError: If a file is damaged or lacks a branch, or an argument is wrong.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     JetClass(root, "val", classes=("QCD", "Tbqq"))
        Traceback (most recent call last):
        FileNotFoundError: ...raw lacks JetClass_Pythia_val_5M.tar...: pass download=True to get ...
    """

    record: ClassVar[ZenodoRecord] = ZenodoRecord("6619768", {name: f"md5:{digest}" for name, digest in _MD5.items()})
    processes: ClassVar[dict[str, str]] = {
        "QCD": "ZJetsToNuNu",
        "Hbb": "HToBB",
        "Hcc": "HToCC",
        "Hgg": "HToGG",
        "H4q": "HToWW4Q",
        "Hqql": "HToWW2Q1L",
        "Zqq": "ZToQQ",
        "Wqq": "WToQQ",
        "Tbqq": "TTBar",
        "Tbl": "TTBarLep",
    }

    def __init__(
        self,
        root: str,
        split: Literal["train", "val", "test"] = "train",
        *,
        classes: Sequence[str] | None = None,
        particle: Sequence[str] = (),
        jets_per_file: int | None = None,
        max_constituents: int | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
        download: bool = False,
        num_archives: int | None = None,
    ) -> None:
        if split not in _FOLDERS:
            raise ValueError(f"split must be one of {list(_FOLDERS)}, got {split!r}")
        names = tuple(self.processes) if classes is None else tuple(classes)
        if not names or not set(names) <= set(self.processes):
            raise ValueError(f"classes must be some of {list(self.processes)}, got {names}")
        if jets_per_file is not None and jets_per_file < 1:
            raise ValueError(f"jets_per_file must be at least 1 or None, got {jets_per_file}")
        self.split, self.jets_per_file, self._may_download = split, jets_per_file, download
        self._archives = [name for name in _MD5 if f"_{_FOLDERS[split]}" in name][:num_archives]
        super().__init__(
            root,
            JetSchema(classes=names, particle=tuple(particle)),
            max_constituents=max_constituents,
            transform=transform,
            force_reload=force_reload,
        )

    @property
    def raw_file_names(self) -> list[str]:
        """The files of the split that are there; while some are to be downloaded, the marks of those that were."""
        marks = [f"{_FOLDERS[self.split]}/.{name}.extracted" for name in self._archives]
        found = [str(path.relative_to(self.raw_dir)) for path in self._sources()]
        return marks if self._may_download else found or marks

    def download(self) -> None:
        """Get and extract the archives that are missing, or say how to."""
        folder = Path(self.raw_dir) / _FOLDERS[self.split]
        for name in self._archives:
            mark = folder / f".{name}.extracted"
            if not mark.exists():
                fetch(
                    self.record,
                    [name],
                    self.raw_dir,
                    download=self._may_download,
                    size="and extract archives of many GB",
                )
                extract_files(Path(self.raw_dir) / name, folder, ".root")
                mark.touch()
                if self._may_download:
                    (Path(self.raw_dir) / name).unlink()

    def _key(self) -> list[Any]:
        return [self.split, self.jets_per_file]

    def _sources(self) -> list[Path]:
        folder = Path(self.raw_dir) / _FOLDERS[self.split]
        return [file for name in self.schema.classes for file in sorted(folder.glob(f"{self.processes[name]}_*.root"))]

    def _read(self) -> JetArrays:
        names = {file.name.rpartition("_")[0] for file in self._sources()}
        missing = [name for name in self.schema.classes if self.processes[name] not in names]
        if missing:
            raise FileNotFoundError(
                f"{self.raw_dir}/{_FOLDERS[self.split]} has no files of the classes {missing} (named "
                f"{self.processes[missing[0]]}_….root): add them, or leave them out of `classes`"
            )
        files = map(self._open, self._sources())
        return concatenate_jets([jets for file in files for jets in self._pieces(file, self.jets_per_file)])
