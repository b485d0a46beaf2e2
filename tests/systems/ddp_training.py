"""A small training on one or two processes: ``python ddp_training.py FOLDER DEVICES``; run by test_tagging.py."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import InMemoryDataset

from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.packing import pack
from pyg_liesym.systems.tagging import JetTagging
from pyg_liesym.systems.training_range import RANGES


class Toy(InMemoryDataset):
    """Jets of two classes that differ in energy, and in weight."""

    def __init__(self, num: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        counts = torch.randint(1, 5, (num,), generator=generator)
        label = torch.arange(num) % 2
        p4 = torch.randn(int(counts.sum()), 4, generator=generator, dtype=torch.float64).abs()
        p4 = p4 * (1 + 0.4 * label.repeat_interleave(counts))[:, None]
        graphs = {"y": label, "weight": 1 + torch.rand(num, generator=generator)}
        self.data, self.slices = pack(counts, {"p4": p4, "pos": p4[:, :2]}, graphs)


class Energy(nn.Module):
    """Logits from the jet's momentum, with dropout where asked for."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Dropout(dropout), nn.Linear(8, 2))

    def forward(self, x: Tensor | None, p4: Tensor, *, batch: Tensor, batch_size: int) -> Tensor:
        return self.layers(p4.new_zeros(batch_size, 4).index_add(0, batch, p4) / 10)


def run(folder: Path, devices: int) -> None:
    L.seed_everything(0, verbose=False)
    tagger = JetTagging(Energy().double(), lr=1e-2)
    trainer = L.Trainer(
        accelerator="cpu", devices=devices, strategy="ddp" if devices > 1 else "auto", max_epochs=2, logger=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        enable_checkpointing=False, default_root_dir=folder,
    )  # fmt: skip
    # 41 and 27 jets: the ranks' shares differ in testing, and one jet is left out of training
    data = [PackedLoader(Toy(40, 1), 8 // devices, shuffle=True), PackedLoader(Toy(27, 2), 4)]
    trainer.fit(tagger, *data)
    (scores,) = trainer.test(tagger, PackedLoader(Toy(41, 3), 4), verbose=False)
    if trainer.is_global_zero:
        order = tagger.test_scores["pt"].argsort()
        rows = {name: value[order].tolist() for name, value in tagger.test_scores.items()}
        saved: dict[str, Any] = {}
        tagger.on_save_checkpoint(saved)
        (folder / f"{devices}.json").write_text(json.dumps({"scores": scores, "ranges": saved[RANGES], **rows}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    run(Path(sys.argv[1]), int(sys.argv[2]))
