"""The base of the data modules of jets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import lightning as L

from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.jet_files import named_classes
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.systems.checkpoint_files import CLASSES


class JetDataModule(L.LightningDataModule):
    """A data module whose jets are read by a schema: of a file, or of words.

    Where neither says which classes there are, a checkpoint does, or else the first file of the training; without
    either they are QCD and Tbqq. Checkpoints keep the names.
    """

    def read_by(self, files: str | Sequence[str] | None, schema: str | Path | None, **words: Any) -> None:
        """Say what is read; no file is before the schema is asked for.

        Args:
            files: Files of the training; None for the packaged sample, or if there is no training.
            schema: A YAML file, in place of the words.
            **words: Fields of :class:`~pyg_liesym.datasets.io.JetSchema`; ``classes`` may be None.
        """
        self._training_files, self._schema_file, self._words = files, schema, words

    @cached_property
    def schema(self) -> JetSchema:
        """What is read.

        Raises:
            FileNotFoundError: If there is no file of the schema, or of jets.
            ValueError: If the schema is wrong or has words beside it, or the first file is no file of jets.
        """
        words = dict(self._words)
        if self._asks_for_classes() and self._training_files is not None:
            words["classes"] = named_classes(find_files(self._training_files)[0], words["tree"])
        return JetSchema.of(self._schema_file, **words)

    def state_dict(self) -> dict[str, Any]:
        """The names of the classes."""
        return {**super().state_dict(), CLASSES: list(self.schema.classes)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Read jets of the classes of the checkpoint, unless others were asked for."""
        super().load_state_dict(state_dict)
        if CLASSES in state_dict and self._asks_for_classes():
            self._words["classes"] = tuple(state_dict[CLASSES])
            self.__dict__.pop("schema", None)

    def _asks_for_classes(self) -> bool:
        """Whether nothing that was given says which classes there are."""
        return self._schema_file is None and self._words["classes"] is None and self._words["jet_labels"] is None
