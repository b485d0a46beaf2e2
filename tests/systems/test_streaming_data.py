from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.systems.streaming_data import StreamingJetData


def write(path: Path, num_jets: int, seed: int) -> str:
    """Writes jets of one to three constituents."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 4, num_jets))])
    p4 = rng.uniform(1, 2, (offsets[-1], 4)).astype(np.float32) * [[3, 1, 1, 1]]
    axis = np.ones((num_jets, 4), np.float32)
    jets = JetArrays(
        p4.astype(np.float32), np.zeros((offsets[-1], 2), np.float32), offsets, axis, rng.integers(0, 2, num_jets)
    )
    return str(save_jets(path, jets, JetSchema()))


def seen(data: StreamingJetData, split: str) -> list[int]:
    return torch.cat([batch.entry for batch in getattr(data, f"{split}_dataloader")()]).tolist()


def test_shares_of_the_same_files(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{seed}.root", 50, seed) for seed in range(2)]
    data = StreamingJetData(files, batch_size=1)
    splits = {split: seen(data, split) for split in ("train", "val", "test", "predict")}
    assert {split: len(jets) for split, jets in splits.items()} == {"train": 70, "val": 10, "test": 20, "predict": 20}
    assert sorted(splits["train"] + splits["val"] + splits["test"]) == list(range(100))
    assert splits["predict"] == splits["test"]


def test_files_for_every_split(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{seed}.root", 20 + seed, seed) for seed in range(4)]
    data = StreamingJetData(*files, batch_size=1)
    for split, count in (("train", 20), ("val", 21), ("test", 22), ("predict", 23)):
        assert sorted(seen(data, split)) == list(range(count)), split
    assert {int(batch.y) for batch in data.predict_dataloader()} == {-1}
    with_val = StreamingJetData(files[0], files[1], fractions=(0.5, 0.3, 0.5))
    assert with_val.part("train") == (0.0, 0.5)
    assert with_val.part("test") == (0.5, 1.0)
    assert with_val.part("val") == (0.0, 1.0)


def test_bad_shares() -> None:
    with pytest.raises(ValueError, match="`fractions` of training"):
        StreamingJetData(fractions=(0.0, 0.5, 0.5))


# Two processes, each with two workers; what they have seen goes to a file each.
SCRIPT = """
import json, os, sys, warnings
import lightning as L, torch
from pyg_liesym.systems.streaming_data import StreamingJetData

class Recorder(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net, self.seen = torch.nn.Linear(4, 2), {"train": [], "val": [], "test": [], "predict": []}

    def step(self, stage, batch):
        self.seen[stage].append(batch.entry.tolist())
        total = torch.zeros(batch.num_graphs, 4).index_add(0, batch.batch, batch.p4)
        return torch.nn.functional.cross_entropy(self.net(total), batch.y)

    def training_step(self, batch, batch_idx):
        return self.step("train", batch)

    def validation_step(self, batch, batch_idx):
        self.step("val", batch)

    def test_step(self, batch, batch_idx):
        self.step("test", batch)

    def predict_step(self, batch, batch_idx):
        return self.step("predict", batch)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

def trainer(folder):
    keep = L.pytorch.callbacks.ModelCheckpoint(folder, every_n_train_steps=3, save_top_k=-1, filename="{step}")
    return L.Trainer(accelerator="cpu", strategy="ddp", devices=2, max_epochs=2, logger=False, callbacks=[keep],
                     enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0)

if __name__ == "__main__":
    folder, *files = sys.argv[1:]
    def data():
        sizes = dict(batch_size=4, num_workers=2, buffer_size=20, chunk_size=7)
        return StreamingJetData(files[:2], files[2], files[2], **sizes)
    L.seed_everything(0, verbose=False)
    whole, resumed = Recorder(), Recorder()
    run = trainer(f"{folder}/whole")
    run.fit(whole, data())
    run.test(whole, data(), verbose=False)
    run.predict(whole, data())
    again = trainer(f"{folder}/again")
    again.fit(resumed, data(), ckpt_path=f"{folder}/whole/step=3.ckpt")
    result = {"whole": whole.seen, "resumed": resumed.seen,
              "equal": all(torch.equal(*pair) for pair in zip(whole.parameters(), resumed.parameters()))}
    with open(f"{folder}/{run.global_rank}.json", "w") as file:
        json.dump(result, file)
"""


def test_two_processes_see_every_jet_once_and_resume_within_an_epoch(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{seed}.root", count, seed) for seed, count in enumerate((60, 43, 31))]
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path), *files],
        capture_output=True, text=True, timeout=550, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    ranks = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    flat = {
        stage: [sorted(jet for batch in rank["whole"][stage] for jet in batch) for rank in ranks]
        for stage in ("test", "predict")
    }
    assert sorted(flat["test"][0] + flat["test"][1]) == list(range(31))
    assert flat["predict"] == flat["test"]
    steps = 103 // (2 * 2 * 4) * 2
    for rank in ranks:
        assert len(rank["whole"]["train"]) == 2 * steps
        assert rank["resumed"]["train"] == rank["whole"]["train"][3:]
        assert rank["equal"]
    first = [jet for rank in ranks for batch in rank["whole"]["train"][:steps] for jet in batch]
    assert len(set(first)) == len(first) == 2 * steps * 4


@pytest.mark.filterwarnings("ignore:You passed in a `val_dataloader` but have no `validation_step`")
@pytest.mark.filterwarnings("ignore:You requested to overfit but enabled train dataloader shuffling")
@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.parametrize("num_workers", [0, 2])
def test_to_overfit_is_to_see_the_same_jets(tmp_path: Path, num_workers: int) -> None:
    class Recorder(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.seen = torch.nn.Linear(4, 2), list[list[list[int]]]()

        def on_train_epoch_start(self) -> None:
            self.seen.append([])

        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            self.seen[-1].append(batch.entry.tolist())
            return self.net(batch.p4).square().mean()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    def seen(**options: Any) -> list[list[list[int]]]:
        data = StreamingJetData(
            write(tmp_path / "0.root", 60, 0), write(tmp_path / "1.root", 20, 1), batch_size=4,
            num_workers=num_workers, chunk_size=7, buffer_size=20,
        )  # fmt: skip
        run = L.Trainer(
            accelerator="cpu", max_epochs=3, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, limit_val_batches=0, **options,
        )  # fmt: skip
        recorder = Recorder()
        run.fit(recorder, data)
        return recorder.seen

    first, *others = seen(overfit_batches=3)
    assert [len(batch) for batch in first] == [4, 4, 4]
    assert others == [first, first]
    usual = seen(limit_train_batches=3)
    assert usual[0] == first
    assert usual[1] != first
