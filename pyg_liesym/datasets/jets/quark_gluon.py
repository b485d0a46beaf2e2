"""Quark and gluon jets of EnergyFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

from torch_geometric.data import Data

from pyg_liesym.datasets.io.download import ZenodoRecord
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jet_dataset import JetDataset, fetch

# SHA-256 as published with EnergyFlow, energyflow/data/qg_jets.json
_SHA256 = (
    "3f27a02eab06e8b83ccc9d25638021e6e24c9361341730961f9d560dee12c257",
    "648e49cd59b5353e0064e7b1a3388d9c2f4a454d3ca67afaa8d0344c836ecb35",
    "09f7b16fa7edb312c0f652bb8504de45f082c4193df65204d693155017272fe9",
    "7dc9a50bb38e9f6fc1f11db18f9bd04f72823c944851746b848dee0bba808537",
    "3e6217aad8e0502f5ce3b6371c61396dfc48a6cf4f26ee377cc7b991b1d2b543",
    "b5b7d742b2599bcbe1d7a639895bca64c28da513dc3620b0e5bbb5801f8c88fd",
    "7d31bc48c15983401e0dbe8fd5ee938c3809d9ee3c909f4adab6daf8b73c14f1",
    "cec0d7b2afa9d955543c597f9b7f3b3767812a68b2401ec870caf3a2ceb98401",
    "e984620f57abe06fc5d0b063f9f84ba54bd3e8c295d2b2419a7b1c6175079ed4",
    "6e3b69196995d6eb3b8e7af874e2b9f93d904624f7a7a73b8ff39f151e3bd189",
    "fa3d386f230b806058ff17e5bd77326ff4bf01d72aa5eb3325c1df2a8825927c",
    "acd49ab7bea8f72ecf699a9a898bccacc8730474259d68406656a5a43d407fb0",
    "2edd55b8bc30c686a0637855e1ba068586eb97041e8114d5540d96db2a7a2e17",
    "7276a8a0e573f9795a47f9d5addc10d2af903c2a0ffa5c848a720ccae93daa90",
    "2068ecfa912e94cd3ce7273b7c77af0bbd5ec57940997e7483b56f03434a6869",
    "41a732ce6321dd593214225b03fb87329607ccae768c705e3896ffecc28bfcca",
    "9d68caeb18f3ccf127b9032f52e63ee011c4381293a3a503f894e5c0741ae215",
    "086053ca611bb04d97fa0b6509b4ffb6955421b067c7b277498f0e5188879331",
    "cdc595f5fedef7db9411a9f93f2786f110073b4d17a523700f625846588b1e44",
    "d07781139320ae134ce4824bc0cefa43fd5003cd97cdf3aed90d4fb12fad8a1d",
)
_NAMES = ("QG_jets.npz", *(f"QG_jets_{number}.npz" for number in range(1, 20)))


class QuarkGluon(JetDataset):
    """Quark and gluon jets of EnergyFlow: 2 million jets of particles, without a detector.

    Komiske, Metodiev, Thaler, `Zenodo 3164691 <https://doi.org/10.5281/zenodo.3164691>`_; please cite it and
    *Energy Flow Networks*, `arXiv:1810.05165 <https://arxiv.org/abs/1810.05165>`_. This is the sample of Pythia 8.226
    without charm and bottom quarks; read the others by ``Jets(files=…, classes=("gluon", "quark"))``. The card, with
    the licence, is ``datasets/quark_gluon/README.md``.

    The files are ``raw/QG_jets.npz`` and ``raw/QG_jets_1.npz`` to ``raw/QG_jets_19.npz``, as published, 100 000 jets
    each: the first 16 are for training, two for validation, two for the test, as their authors recommend.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        split: ``"train"``, ``"val"`` or ``"test"``.
        num_files: Only the first so many files of the split; None for all.
        particle: What becomes ``x``: ``part_charge``, ``part_pid`` (PDG id) or both.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        transform: Called on every jet when it is read.
        force_reload: Read the files again even if there is a cache.
        download: Download missing files; they are checked against the SHA-256 published with EnergyFlow, and what has
            come stays after an interruption.

    Shapes:
        As in :class:`~pyg_liesym.datasets.jets.jets.Jets`; ``y`` is 0 for a gluon, 1 for a quark.

    Units:
        GeV and radians. Four-momenta are computed from pT, rapidity, azimuth and the mass that belongs to the PDG id,
        see :class:`~pyg_liesym.datasets.io.energyflow.EnergyFlowJets`; on rounding see
        :class:`~pyg_liesym.datasets.jets.jets.Jets`.

    Raises:
        FileNotFoundError: If files are missing and ``download`` is False; it says where to get them.
        ValueError: If a file is damaged or an argument wrong.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     QuarkGluon(root, "test", particle=("part_charge",))
        Traceback (most recent call last):
        FileNotFoundError: ...raw lacks QG_jets_18.npz, QG_jets_19.npz: pass download=True to get ...
    """

    record: ClassVar[ZenodoRecord] = ZenodoRecord(
        "3164691", {name: f"sha256:{digest}" for name, digest in zip(_NAMES, _SHA256, strict=True)}
    )
    parts: ClassVar[dict[str, tuple[str, ...]]] = {"train": _NAMES[:16], "val": _NAMES[16:18], "test": _NAMES[18:]}

    def __init__(
        self,
        root: str,
        split: Literal["train", "val", "test"] = "train",
        *,
        num_files: int | None = None,
        particle: Sequence[str] = (),
        max_constituents: int | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
        download: bool = False,
    ) -> None:
        if split not in self.parts:
            raise ValueError(f"split must be one of {list(self.parts)}, got {split!r}")
        names = self.parts[split]
        if num_files is not None and not 1 <= num_files <= len(names):
            raise ValueError(f"num_files must be 1 to {len(names)} or None, got {num_files}")
        self.split, self._names, self._may_download = split, names[:num_files], download
        super().__init__(
            root,
            JetSchema(classes=("gluon", "quark"), particle=tuple(particle)),
            max_constituents=max_constituents,
            transform=transform,
            force_reload=force_reload,
        )

    @property
    def raw_file_names(self) -> list[str]:
        """The files of the split."""
        return list(self._names)

    def download(self) -> None:
        """Get the files that are missing, or say how to."""
        fetch(self.record, self._names, self.raw_dir, download=self._may_download, size="them")

    def _key(self) -> list[Any]:
        return [self.split]
