"""What a data module of jets promises: a schema, and that a checkpoint keeps the names of the classes."""

from __future__ import annotations

from typing import Any

import lightning as L

from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.systems.jet_reading import CLASSES, JetReading


class ReadsJets(L.LightningDataModule):
    """A data module of jets; a checkpoint keeps the names of its classes, and gives them back."""

    _reading: JetReading

    @property
    def schema(self) -> JetSchema:
        """What is read; no file is before this is asked for."""
        return self._reading.schema

    def state_dict(self) -> dict[str, Any]:
        """The names of the classes."""
        return {**super().state_dict(), CLASSES: list(self.schema.classes)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Read jets of the classes of the checkpoint, unless others were asked for."""
        super().load_state_dict(state_dict)
        if CLASSES in state_dict:
            self._reading.adopt(state_dict[CLASSES])
