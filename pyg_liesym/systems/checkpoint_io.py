"""Checkpoints on disk: whole or not there, and never able to run code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.systems.checkpoint_files import local_path, read_checkpoint
from pyg_liesym.writing import whole_file


class WholeCheckpointIO(TorchCheckpointIO):
    """Write checkpoints under a temporary name until they are whole, and read tensors and plain values only.

    A plugin of Lightning's trainer, ``Trainer(plugins=[WholeCheckpointIO()])``. A training that is killed while it
    saves leaves the checkpoint before, on whichever file system. A file whose pickle calls anything but the
    constructors of tensors and plain values is refused before it runs.

    Raises:
        ValueError: If a checkpoint is to be read from an address, or cannot be read with ``weights_only``.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: PathLike, storage_options: Any = None) -> None:
        """Write a checkpoint."""
        if storage_options is not None:
            raise TypeError("`storage_options` are for remote file systems; checkpoints are written to local files")
        with whole_file(local_path(path)) as unfinished:
            torch.save(checkpoint, unfinished)

    def load_checkpoint(
        self,
        path: PathLike,
        map_location: Callable[..., Any] | None = lambda storage, location: storage,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read a checkpoint; ``weights_only`` is always in force, whatever is asked for."""
        return read_checkpoint(path, map_location)
