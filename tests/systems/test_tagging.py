from __future__ import annotations

from pathlib import Path

import lightning as L
import pytest
import torch

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.metrics.tagging import roc
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.systems.data import JetsData
from pyg_liesym.systems.tagging import JetTagging


def trainer(folder: Path, epochs: int) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_progress_bar=False, enable_model_summary=False,
        limit_train_batches=4, limit_val_batches=2, limit_test_batches=4, num_sanity_val_steps=0,
        callbacks=[L.pytorch.callbacks.ModelCheckpoint(folder, save_last=True, filename="{epoch}", save_top_k=-1)],
    )  # fmt: skip


def system(seed: int = 0) -> JetTagging:
    L.seed_everything(seed, verbose=False)
    return JetTagging(LieGNN(0, 8, 2, 2, metric=minkowski(), readout="mean"))


def test_scores_are_those_of_all_jets_together(tmp_path: Path) -> None:
    data = JetsData(max_constituents=6, batch_size=50)
    tagger = system()
    (scores,) = trainer(tmp_path, 1).test(tagger, data, verbose=False)
    batches = [batch for _, batch in zip(range(4), data.test_dataloader(), strict=False)]
    logits = torch.cat([tagger(batch) for batch in batches]).detach()
    label = torch.cat([batch.y for batch in batches])
    assert scores["test_auc"] == pytest.approx(roc(logits[:, 1] - logits[:, 0], label).auc)
    assert scores["test_accuracy"] == pytest.approx(float((logits.argmax(1) == label).float().mean()))
    probabilities = tagger.eval().predict_step(batches[0], 0)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(50))


@pytest.mark.filterwarnings("ignore:The dirpath has changed")
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    def data() -> JetsData:
        return JetsData(max_constituents=6, batch_size=32)

    whole = system()
    trainer(tmp_path / "whole", 2).fit(whole, data())
    resumed = system(seed=1)
    trainer(tmp_path / "again", 2).fit(resumed, data(), ckpt_path=str(tmp_path / "whole" / "epoch=0.ckpt"))
    for value, expected in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(value, expected)
