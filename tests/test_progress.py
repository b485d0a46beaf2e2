"""Bars are for terminals, and on stderr."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

import lightning as L
import pytest
import torch
from torch.utils.data import DataLoader

from pyg_liesym.progress import ProgressBar


class Small(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        return (self.weight - batch).square().mean()

    def validation_step(self, batch: torch.Tensor) -> None: ...

    def test_step(self, batch: torch.Tensor) -> None: ...

    def predict_step(self, batch: torch.Tensor) -> torch.Tensor:
        return batch

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal, True), (io.StringIO, False)])
def test_bars_on_a_terminals_stderr_alone(
    stream: type[io.StringIO], shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    err = stream()
    monkeypatch.setattr(sys, "stderr", err)
    trainer = L.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_model_summary=False,
        callbacks=[ProgressBar()],
    )  # fmt: skip
    data = DataLoader(torch.ones(4, 1))
    trainer.fit(Small(), data, data)
    trainer.test(dataloaders=data, model=Small(), verbose=False)
    trainer.predict(Small(), data)
    assert ("Epoch 0" in err.getvalue()) is shown
    assert ("Testing" in err.getvalue()) is shown
    assert ("Predicting" in err.getvalue()) is shown
    assert "Epoch" not in capsys.readouterr().out


def test_every_trainer_of_the_package_has_these_bars() -> None:
    """Lightning's own go to stdout, and into files and pipes."""
    package = Path(__file__).parents[1] / "pyg_liesym"
    makers = set()
    for path in package.rglob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}
        if names & {"Trainer", "instantiate_trainer"}:
            makers.add(path.stem)
            assert "ProgressBar" in names, path
    assert makers == {"demo", "flow_networks", "train", "training"}
