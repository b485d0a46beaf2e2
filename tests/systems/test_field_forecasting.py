from __future__ import annotations

from pathlib import Path

import lightning as L
import pytest
import torch
from torch_geometric.data import Batch

from pyg_liesym.datasets.flows.smoke_plume import SmokePlume
from pyg_liesym.nn.models.field_forecasters import build_forecaster
from pyg_liesym.nn.relaxable import relaxation_penalty
from pyg_liesym.systems.field_data import SmokePlumeData
from pyg_liesym.systems.field_forecasting import FieldForecasting


@pytest.fixture
def plumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Plumes that are waves going to the right, in place of simulated ones."""

    def process(self: SmokePlume) -> None:
        x, t = torch.arange(8.0), torch.arange(float(self.frames))
        wave = torch.sin(0.8 * x - 0.4 * t[:, None] + torch.arange(36.0)[:, None, None])
        self.save(wave[:, :, None, None].expand(-1, -1, 2, 8, -1))

    monkeypatch.setattr(SmokePlume, "raw_file_names", [])
    monkeypatch.setattr(SmokePlume, "download", lambda self: None)
    monkeypatch.setattr(SmokePlume, "process", process)
    return str(tmp_path)


def data(root: str, **changed: object) -> SmokePlumeData:
    options = {
        "history": 2, "horizon": 2, "test_horizon": 3, "resolution": 8, "frames": 40, "batch_size": 8,
        "val_windows": 8, "test_windows": 6, **changed,
    }  # fmt: skip
    return SmokePlumeData(root, "rotation", **options)  # type: ignore[arg-type]


def quiet(epochs: int) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, limit_train_batches=6,
    )  # fmt: skip


def test_training_lowers_the_error_and_tests_have_names(plumes: str) -> None:
    windows = data(plumes)
    torch.manual_seed(0)
    scale, step = windows.sizes()
    net = build_forecaster("rsteer", "rotation", width=1, size=(8, 8), history=2, num_layers=2, scale=scale, step=step)
    system = FieldForecasting(net, penalty=1e-3, lr=1e-2, test_names=windows.test_names)
    trainer = quiet(2)
    (before,) = trainer.validate(system, windows, verbose=False)
    trainer.fit(system, windows)
    (after,) = trainer.validate(system, windows, verbose=False)
    assert after["val_rmse"] < before["val_rmse"]
    assert trainer.logged_metrics.keys() >= {"val_rmse"}
    future, domain = trainer.test(system, windows, verbose=False)
    assert future.keys() == {"test_rmse_future"}
    assert domain.keys() == {"test_rmse_domain"}
    forecasts = trainer.predict(system, windows)
    squares = [
        (forecast - batch.y).square().flatten()
        for forecast, batch in zip(forecasts[0], windows.test_dataloader()[0], strict=True)
    ]
    torch.testing.assert_close(future["test_rmse_future"], float(torch.cat(squares).mean().sqrt()), rtol=1e-4, atol=0)


def test_the_loss_is_the_mean_over_a_rollout_and_a_penalty(plumes: str) -> None:
    batch = next(iter(data(plumes).train_dataloader()))
    net = build_forecaster("lift", "rotation", width=1, size=(8, 8), history=2, num_layers=3, step=0.5)
    torch.nn.init.ones_(net.net.last.bias)
    system = FieldForecasting(net, penalty=0.1)
    system.log = lambda *args, **kwargs: None  # type: ignore[method-assign]
    expected = (net.rollout(batch.x, 2) - batch.y).square().mean() / 0.25 + 0.1 * relaxation_penalty(net)
    torch.testing.assert_close(system.training_step(batch, 0), expected)
    assert relaxation_penalty(net) > 0


def test_the_data_come_in_batches_and_their_order_in_epochs(plumes: str) -> None:
    windows = data(plumes)
    loader = windows.train_dataloader()
    first, second = ([batch.frame.tolist() for batch in loader] for _ in range(2))
    assert first != second
    assert first == [batch.frame.tolist() for batch in windows.train_dataloader()]
    batch = next(iter(loader))
    assert isinstance(batch, Batch)
    assert (batch.x.shape, batch.y.shape) == ((8, 2, 2, 8, 8), (8, 2, 2, 8, 8))
    assert sum(len(batch.x) for batch in windows.val_dataloader()) == 8
    flow = windows.dataset("train").velocity
    train = flow[windows.dataset("train").windows[:, 0].unique()]
    last = int(windows.dataset("train").windows[:, 1].max()) + 2
    assert windows.sizes()[0] == pytest.approx(float(train[:, :last].square().mean().sqrt()))
    assert SmokePlumeData(setting="graded").test_names == ("future",)
