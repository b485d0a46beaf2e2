"""A loader that cannot be made must not spoil those of the next training, or of the next test."""

from __future__ import annotations

import lightning
import pytest
from torch.utils.data import DataLoader

from pyg_liesym.lie import minkowski
from pyg_liesym.nn import LieGNN
from pyg_liesym.systems import JetTagging


class Fails(lightning.LightningDataModule):
    def train_dataloader(self) -> DataLoader[object]:
        raise ValueError("there are no jets")

    val_dataloader = train_dataloader


def test_a_loader_that_fails() -> None:
    trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False)
    with pytest.raises(ValueError, match="there are no jets"):
        trainer.fit(JetTagging(LieGNN(0, 8, 2, num_layers=1, metric=minkowski(), readout="mean")), Fails())


def test_leaves_the_classes_of_loaders_as_they_were() -> None:
    assert not hasattr(DataLoader.__init__, "__wrapped__")
    assert "__old__init__" not in vars(DataLoader)
