from __future__ import annotations

import lightning as L
import pytest
import torch
from torch_geometric.data import Batch

from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.systems.forecasting import TrajectoryForecasting


def turning(samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    states = torch.randn(samples, 3, 2, generator=torch.Generator().manual_seed(0))
    return states, states @ torch.tensor([[0.9, 0.1], [-0.1, 0.9]]).T


def test_training_lowers_the_error() -> None:
    L.seed_everything(0, verbose=False)
    system = TrajectoryForecasting(LieGNN(3, 8, 1, 2, metric=torch.eye(2)), lr=1e-2, decay=True)
    loader, held_out = (PackedLoader(VectorPairs(*turning(64)), 16, shuffle=shuffle) for shuffle in (True, False))
    batch = next(iter(PackedLoader(VectorPairs(*turning(64)), 64)))
    with torch.no_grad():
        before = float((system(batch) - batch.y).square().mean())
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=5, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(system, loader, held_out)
    with torch.no_grad():
        assert float((system(batch) - batch.y).square().mean()) < before


def test_the_rate_rises_evenly_and_stays() -> None:
    seen: list[float] = []

    class Rates(L.Callback):
        def on_train_batch_end(self, trainer: L.Trainer, *_: object) -> None:
            seen.append(trainer.optimizers[0].param_groups[0]["lr"])

    system = TrajectoryForecasting(LieGNN(3, 8, 1, 2, metric=torch.eye(2)), lr=1e-2, warm_up=4)
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[Rates()],
    )  # fmt: skip
    trainer.fit(system, PackedLoader(VectorPairs(*turning(12)), 4), PackedLoader(VectorPairs(*turning(4)), 4))
    # Behind the first step the rate is that of the second.
    assert seen == pytest.approx([0.005, 0.0075, 0.01, 0.01, 0.01, 0.01])


def test_a_rollout_feeds_forecasts_back() -> None:
    system = TrajectoryForecasting(LieGNN(3, 8, 1, 2, metric=torch.eye(2))).eval()
    batch = next(iter(PackedLoader(VectorPairs(*turning(4)), 4)))
    before = batch.pos.clone()
    frames = system.rollout(batch, 2)
    second = batch.clone()
    second.pos = frames[0]
    torch.testing.assert_close(frames[1], system(second).detach())
    assert torch.equal(batch.pos, before)
    assert system.rollout(batch, 0).shape == (0, 12, 2)


def test_a_rollout_refuses_what_it_cannot_renew() -> None:
    system = TrajectoryForecasting(LieGNN(3, 8, 1, 2, metric=torch.eye(2), velocity=True))
    with pytest.raises(ValueError, match="`vel` or `edge_attr`"):
        system.rollout(Batch(x=torch.eye(3), pos=torch.zeros(3, 2), vel=torch.zeros(3, 2)), 1)
