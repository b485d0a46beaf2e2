"""What the data sets of jets share: files in, packed tensors in memory and in a cache out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.io.download import ZenodoRecord, check_file
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.jet_file import JetFile
from pyg_liesym.datasets.io.jet_files import open_jet_file
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.packing import load_packed, pack, save_packed


class JetDataset(InMemoryDataset):
    """Jets of files, packed in memory; with ``root`` also in ``root/processed``, one file for each choice of arguments.

    A subclass says where its files are (:meth:`_sources`) and, in :meth:`_key`, which other arguments change the
    content. It sets its own attributes before it calls ``super().__init__``, which reads.

    Args:
        root: Folder of ``raw/`` and ``processed/``, or None for no cache.
        schema: What to read from the files.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        transform: Called on every jet when it is read.
        force_reload: Read the files again even if there is a cache.

    Shapes:
        As in :class:`~pyg_liesym.datasets.jets.jets.Jets`.

    Raises:
        ValueError: If ``max_constituents`` is less than 1.
    """

    chunk_size: ClassVar[int] = 20_000

    def __init__(
        self,
        root: str | None,
        schema: JetSchema,
        *,
        max_constituents: int | None,
        transform: Callable[[Data], Data] | None,
        force_reload: bool,
    ) -> None:
        if max_constituents is not None and max_constituents < 1:
            raise ValueError(f"max_constituents must be at least 1 or None, got {max_constituents}")
        self.schema, self.max_constituents = schema, max_constituents
        self._cached = root is not None
        super().__init__(root, transform, force_reload=force_reload)
        self._data, self.slices = load_packed(self.processed_paths[0]) if self._cached else self._packed()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; a label is a position in this list."""
        return self.schema.classes

    @property
    def has_process(self) -> bool:
        """Whether there is a cache to fill."""
        return self._cached

    @property
    def processed_file_names(self) -> list[str]:
        """One name for every choice of files and arguments."""
        states = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in self._sources()]
        schema = dataclasses.asdict(self.schema)
        schema["jet_labels"] = self.schema.jet_labels and sorted(self.schema.jet_labels.items())
        key = [type(self).__name__, states, schema, self.max_constituents, self._key()]
        return [f"jets_{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]}.safetensors"]

    def process(self) -> None:
        """Read the files and save the packed tensors."""
        save_packed(self.processed_paths[0], *self._packed())

    def _key(self) -> list[Any]:
        return []

    def _sources(self) -> list[Path]:
        return [Path(path) for path in self.raw_paths]

    def _open(self, path: Path) -> JetFile:
        return open_jet_file(path, self.schema)

    def _read(self) -> JetArrays:
        return concatenate_jets([jets for path in self._sources() for jets in self._pieces(self._open(path))])

    def _pieces(self, file: JetFile, stop: int | None = None) -> list[JetArrays]:
        """Read a file in pieces, so that padded arrays of a whole file are never in memory."""
        stop = file.num_jets if stop is None else min(stop, file.num_jets)
        pieces = []
        for start in range(0, stop, self.chunk_size):
            jets = file.read(start, min(start + self.chunk_size, stop))
            pieces.append(jets if self.max_constituents is None else jets.truncate(self.max_constituents))
        return pieces

    def _packed(self) -> tuple[Data, dict[str, torch.Tensor]]:
        jets = self._read()
        node = {"p4": torch.from_numpy(jets.p4), "pos": torch.from_numpy(jets.plane)}
        graph = {"jet": torch.from_numpy(jets.axis), "y": torch.from_numpy(jets.label)}
        if self.schema.particle:
            columns = np.stack([jets.particle[name] for name in self.schema.particle], axis=-1)
            node = {"x": torch.from_numpy(columns), **node}
        if jets.weight is not None:
            graph["weight"] = torch.from_numpy(jets.weight)
        return pack(torch.from_numpy(jets.counts), node, graph)


def fetch(record: ZenodoRecord, names: Sequence[str], folder: str, *, download: bool, size: str) -> None:
    """Get the files of a published record that a folder lacks, or say how to.

    Args:
        record: The record.
        names: The files.
        folder: Where they belong.
        download: Whether to download them.
        size: What that would cost, for the message.

    Raises:
        FileNotFoundError: If files are missing and are not to be downloaded.
        ConnectionError: If the record cannot be reached or the connection breaks.
        ValueError: If a file has the wrong hash, be it downloaded or there before.
    """
    for name, checksum in record.checksums.items():
        if name in names and checksum is not None and (Path(folder) / name).exists():
            check_file(Path(folder) / name, checksum)
    missing = [name for name in names if not (Path(folder) / name).exists()]
    if missing and not download:
        raise FileNotFoundError(
            f"{folder} lacks {', '.join(missing)}: pass download=True to get {size} from {record.page}, "
            f"or download from there by other means and put the files into that folder"
        )
    for name in missing:
        record.download(name, folder)
