from __future__ import annotations

from pathlib import Path

import lightning as L
import pytest
import torch
from torch_geometric.data import Batch

from pyg_liesym.datasets.flows.smoke_plume import SmokePlume
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import build_forecaster
from pyg_liesym.nn.relaxable import relaxation_penalty
from pyg_liesym.systems.field_data import OceanCurrentsData, SmokePlumeData
from pyg_liesym.systems.field_forecasting import FieldForecasting
from pyg_liesym.systems.system import TrainingDiverged


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


def masked_batch(fill: float = 0.0) -> Batch:
    """Windows of three given and two following frames with land and with gaps in single frames."""
    generator = torch.Generator().manual_seed(3)
    flow = torch.randn(2, 5, 2, 6, 7, generator=generator)
    mask = torch.rand(2, 5, 1, 6, 7, generator=generator) > 0.2
    mask[..., :2, :] = False
    flow = torch.where(mask, flow, fill)
    return Batch(x=flow[:, :3], y=flow[:, 3:], mask=mask)


def test_loss_and_scores_count_known_components_alone() -> None:
    torch.manual_seed(0)
    system = FieldForecasting(FieldForecaster(torch.nn.Conv2d(6, 2, 3, padding=1), history=3, step=0.5))
    system.log = lambda *args, **kwargs: None  # type: ignore[method-assign]
    batch = masked_batch()
    forecast, squares = system(batch).detach(), []
    for item in range(2):
        for frame in range(2):
            for row in range(6):
                for column in range(7):
                    if batch.mask[item, 3 + frame, 0, row, column] and batch.mask[item, 2, 0, row, column]:
                        error = forecast[item, frame, :, row, column] - batch.y[item, frame, :, row, column]
                        squares += error.square().tolist()
    assert len(squares) < batch.y.numel() / 2
    mean = sum(squares) / len(squares)
    loss = system.training_step(batch, 0)
    assert float(loss.detach()) == pytest.approx(mean / 0.25, rel=1e-5)
    system.validation_step(batch, 0)
    system.test_step(batch, 0)
    for metric in (system.val_rmse, system.test_rmse["future"]):
        assert float(metric.compute()) == pytest.approx(mean**0.5, rel=1e-5)
    # What stands where the answer is not known does not matter, not even to gradients.
    loss.backward()
    gradient = system.net.net.weight.grad.clone()
    system.zero_grad()
    batch.y = torch.where(batch.mask[:, 3:], batch.y, torch.nan)
    system.training_step(batch, 0).backward()
    assert torch.equal(system.net.net.weight.grad, gradient)


def test_batches_count_by_their_known_components() -> None:
    """The score of two batches is that of one of both, however much each has of land."""
    system = FieldForecasting(FieldForecaster(torch.nn.Conv2d(6, 2, 1), history=3))
    system.log = lambda *args, **kwargs: None  # type: ignore[method-assign]
    batch = masked_batch()
    batch.mask[0, :, :, :5] = False
    system.validation_step(batch, 0)
    together = float(system.val_rmse.compute())
    system.val_rmse.reset()
    for item in (0, 1):
        system.validation_step(Batch(x=batch.x[[item]], y=batch.y[[item]], mask=batch.mask[[item]]), item)
    assert float(system.val_rmse.compute()) == pytest.approx(together, rel=1e-6)
    batch.mask[:] = False
    loss = system.training_step(batch, 0)
    assert float(loss.detach()) == 0
    system.validation_step(batch, 2)
    assert float(system.val_rmse.compute()) == pytest.approx(together, rel=1e-6)


def test_a_batch_without_a_mask_is_scored_as_ever() -> None:
    system = FieldForecasting(FieldForecaster(torch.nn.Conv2d(6, 2, 1), history=3))
    system.log = lambda *args, **kwargs: None  # type: ignore[method-assign]
    batch = masked_batch()
    bare = Batch(x=batch.x, y=batch.y)
    assert torch.equal(system.training_step(bare, 0), torch.nn.functional.mse_loss(system(bare), bare.y))
    whole = Batch(x=batch.x, y=batch.y, mask=torch.ones_like(batch.mask))
    assert torch.equal(system(whole), system(bare))
    torch.testing.assert_close(system.training_step(whole, 0), system.training_step(bare, 0))


def test_land_stays_at_its_fill_in_a_rollout() -> None:
    system = FieldForecasting(FieldForecaster(torch.nn.Conv2d(6, 2, 3, padding=1), history=3))
    batch = masked_batch(fill=-7.0)
    forecast = system(batch)
    land = ~batch.mask[:, 2:3].expand_as(batch.y)
    assert (forecast[land] == -7.0).all()
    assert not (forecast[~land] == -7.0).any()
    with pytest.raises(ValueError, match=r"expected a mask \[2, 3, 1, 6, 7\] of the frames"):
        system.net(batch.x, batch.mask)
    batch.x = torch.where(batch.mask[:, :3], batch.x, torch.nan)
    with pytest.raises(TrainingDiverged, match="whether all that it is given is finite"):
        system.training_step(batch, 0)


REAL = sorted((Path(__file__).parents[3] / "shared" / "data" / "copernicus").glob("*.nc"))


@pytest.mark.skipif(not REAL, reason="the real file is not on this machine")
def test_patches_of_the_ocean_in_batches(tmp_path: Path) -> None:
    pytest.importorskip("xarray", reason="the extra ocean")
    pytest.importorskip("h5netcdf", reason="the extra ocean")
    windows = OceanCurrentsData([str(path) for path in REAL], str(tmp_path), batch_size=8, test_horizon=3)
    assert windows.test_names == ("domain",)
    assert OceanCurrentsData(by="time").test_names == ("future",)
    batch = next(iter(windows.train_dataloader()))
    assert (batch.x.shape, batch.y.shape) == ((8, 1, 2, 32, 32), (8, 1, 2, 32, 32))
    assert (batch.x[~batch.mask[:, :1].expand_as(batch.x)] == 0).all()
    flow = windows.dataset("train").velocity[windows.dataset("train").windows[:, 0].unique()].double()
    known = flow[flow.isfinite()]
    changes = (flow[:, 1:] - flow[:, :-1])[(flow[:, 1:] - flow[:, :-1]).isfinite()]
    assert windows.sizes() == pytest.approx([float(each.square().mean().sqrt()) for each in (known, changes)], rel=1e-5)
    net = build_forecaster(
        "rsteer", "rotation", width=1, size=(32, 32), history=1, num_layers=2, scale=1.0, step=windows.sizes()[1]
    )
    system, trainer = FieldForecasting(net, lr=1e-2, test_names=windows.test_names), quiet(1)
    trainer.fit(system, windows)
    (scores,) = trainer.test(system, windows, verbose=False)
    # Zeros on land would count as forecast perfectly; over the water alone the error is that of currents.
    assert 0.02 < scores["test_rmse_domain"] < 0.2
