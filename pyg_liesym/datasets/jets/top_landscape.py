"""The Top Quark Tagging Reference Dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

from torch_geometric.data import Data

from pyg_liesym.datasets.io.download import ZenodoRecord
from pyg_liesym.datasets.io.jet_file import JetFile
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.top_tagging import TopTaggingJets
from pyg_liesym.datasets.jets.jet_dataset import JetDataset, fetch


class TopLandscape(JetDataset):
    """The Top Quark Tagging Reference Dataset: 2 million top and QCD jets, on which taggers are compared.

    Kasieczka, Plehn, Thompson, Russell, `Zenodo 2603256 <https://doi.org/10.5281/zenodo.2603256>`_, CC BY 4.0; please
    cite Butter et al., `arXiv:1707.08966 <https://arxiv.org/abs/1707.08966>`_, and Kasieczka et al., *The Machine
    Learning Landscape of Top Taggers*, `arXiv:1902.09914 <https://arxiv.org/abs/1902.09914>`_. The card is
    ``datasets/top_landscape/README.md``.

    Each split is a file ``raw/train.h5``, ``raw/val.h5`` or ``raw/test.h5``, as published. They need
    ``pip install 'pyg-liesym[hdf5]'``. To train on more jets than fit in memory, pass the file to
    :class:`~pyg_liesym.datasets.jets.streaming.StreamingJets`.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        split: ``"train"`` (1.2 million jets), ``"val"`` or ``"test"`` (0.4 million each).
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all (at most 200).
        transform: Called on every jet when it is read.
        force_reload: Read the file again even if there is a cache.
        download: Download the split's file if it is missing, 0.3 to 1 GB; what has come stays after an interruption.
            It is checked against the MD5 that the record publishes at that time.

    Shapes:
        As in :class:`~pyg_liesym.datasets.jets.jets.Jets`; ``y`` is 0 for QCD, 1 for a top.

    Units:
        GeV and radians. Constituents are massless up to rounding, see :class:`~pyg_liesym.datasets.jets.jets.Jets`.

    Raises:
        FileNotFoundError: If the file is missing and ``download`` is False; it says where to get it.
        ValueError: If the file is damaged or of another split (by its column ``ttv``), or an argument is wrong.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     TopLandscape(root, "val")
        Traceback (most recent call last):
        FileNotFoundError: ...raw lacks val.h5: pass download=True to get ...
    """

    record: ClassVar[ZenodoRecord] = ZenodoRecord("2603256", {"train.h5": None, "val.h5": None, "test.h5": None})
    subsets: ClassVar[dict[str, int]] = {"train": 0, "val": 1, "test": 2}

    def __init__(
        self,
        root: str,
        split: Literal["train", "val", "test"] = "train",
        *,
        max_constituents: int | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
        download: bool = False,
    ) -> None:
        if split not in self.subsets:
            raise ValueError(f"split must be one of {list(self.subsets)}, got {split!r}")
        self.split, self._may_download = split, download
        super().__init__(
            root,
            JetSchema(classes=("QCD", "Tbqq")),
            max_constituents=max_constituents,
            transform=transform,
            force_reload=force_reload,
        )

    @property
    def raw_file_names(self) -> list[str]:
        """The file of the split."""
        return [f"{self.split}.h5"]

    def download(self) -> None:
        """Get the file of the split, or say how to."""
        fetch(
            self.record,
            self.raw_file_names,
            self.raw_dir,
            download=self._may_download,
            size="it (1 GB for training, 0.3 GB for the others)",
        )

    def _key(self) -> list[Any]:
        return [self.split]

    def _open(self, path: Path) -> JetFile:
        return TopTaggingJets(path, self.schema, subset=self.subsets[self.split])
