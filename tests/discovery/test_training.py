from __future__ import annotations

import logging
from pathlib import Path

import lightning
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from pyg_liesym.discovery.training import quiet, train

LOGGER = logging.getLogger("lightning.pytorch")


class Counter(lightning.LightningModule):
    """Counts its steps and moves its one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.seen: list[float] = []

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        self.seen.append(float(batch))
        return self.weight * batch

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_one_pass_that_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = Counter()
    train(module, DataLoader([1.0, 2.0], batch_size=None), progress=False, accelerator="cpu")
    assert module.seen == [1.0, 2.0]
    assert module.weight.item() == pytest.approx(0.7)
    assert list(tmp_path.iterdir()) == []


def test_loggers_are_as_before_even_after_an_error() -> None:
    before = LOGGER.level

    def fail() -> None:
        with quiet():
            assert LOGGER.level == logging.ERROR
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert LOGGER.level == before
