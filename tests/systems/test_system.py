from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from torch import nn
from torch_geometric.data import Batch

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.systems.field_forecasting import FieldForecasting
from pyg_liesym.systems.forecasting import TrajectoryForecasting
from pyg_liesym.systems.system import System, TrainingDiverged
from pyg_liesym.systems.tagging import JetTagging


class Loader:
    """Two batches, always the same, of four graphs of three nodes or of four flows."""

    def __init__(self, fill: float = 0.0) -> None:
        self.fill = fill

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(0)
        for _ in range(2):
            yield self.batch(generator)

    def batch(self, generator: torch.Generator) -> Batch:
        raise NotImplementedError


class Jets(Loader):
    def batch(self, generator: torch.Generator) -> Batch:
        p = torch.randn(12, 3, generator=generator)
        batch = Batch(p4=torch.cat([p.norm(dim=1, keepdim=True), p], 1) + self.fill, y=torch.tensor([0, 1, 0, 1]))
        batch.batch, batch._num_graphs = torch.arange(4).repeat_interleave(3), 4
        return batch


class Orbits(Loader):
    def batch(self, generator: torch.Generator) -> Batch:
        pos = torch.randn(12, 2, generator=generator) + self.fill
        batch = Batch(x=torch.eye(3).repeat(4, 1), pos=pos, y=2 * pos, batch=torch.arange(4).repeat_interleave(3))
        batch._num_graphs = 4
        return batch


class Flows(Loader):
    def batch(self, generator: torch.Generator) -> Batch:
        frames = torch.randn(4, 5, 2, 8, 6, generator=generator) + self.fill
        return Batch(x=frames[:, :3], y=frames[:, 3:])


def jets() -> System:
    return JetTagging(LieGNN(0, 4, 2, 1, metric=minkowski(), readout="mean"), schedule="constant")


def orbits() -> System:
    return TrajectoryForecasting(LieGNN(3, 4, 1, 1, metric=torch.eye(2)))


def flows() -> System:
    return FieldForecasting(FieldForecaster(nn.Conv2d(6, 2, 3, padding=1), history=3), test_names=["future"])


def trainer(folder: Path, **kwargs: Any) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, max_epochs=1,
        enable_model_summary=False, default_root_dir=folder, num_sanity_val_steps=0, **kwargs,
    )  # fmt: skip


SYSTEMS = pytest.mark.parametrize(("make", "data"), [(jets, Jets), (orbits, Orbits), (flows, Flows)])


@SYSTEMS
@pytest.mark.parametrize(("precision", "dtype"), [("64-true", torch.float64), ("bf16-true", torch.bfloat16)])
def test_data_follow_the_precision(
    make: Any, data: type[Loader], precision: Any, dtype: torch.dtype, tmp_path: Path
) -> None:
    system, each = make(), trainer(tmp_path, precision=precision)
    each.fit(system, data(), data())
    assert system.like_network(torch.ones(1)).dtype == dtype
    assert torch.isfinite(each.callback_metrics[system.monitor])
    each.test(system, data(), verbose=False)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    for prediction in each.predict(system, data()):
        assert prediction.isfinite().all()
        assert prediction.dtype == (wide if data is Jets else dtype)


@SYSTEMS
def test_the_watched_loss_is_logged(make: Any, data: type[Loader], tmp_path: Path) -> None:
    system, each = make(), trainer(tmp_path)
    each.validate(system, data(), verbose=False)
    assert system.monitor in each.callback_metrics


@SYSTEMS
def test_a_training_that_diverges_says_so(make: Any, data: type[Loader], tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged, match="diverged: the loss of step 0 is nan"):
        trainer(tmp_path).fit(make(), data(fill=torch.nan), data())


def test_integers_and_networks_without_parameters_are_left_alone() -> None:
    assert orbits().double().like_network(torch.arange(3)).dtype == torch.int64
    assert System(nn.SiLU()).like_network(torch.ones(2, dtype=torch.float16)).dtype == torch.float16


def test_probabilities_are_told_apart_in_mixed_precision(tmp_path: Path) -> None:
    """In bfloat16, logits of nearly equal jets are equal."""
    system, data = jets(), Jets()
    exact = torch.cat(trainer(tmp_path).predict(system, data))
    mixed = torch.cat(trainer(tmp_path, precision="bf16-mixed").predict(system, data))
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed, exact, rtol=0, atol=0)
