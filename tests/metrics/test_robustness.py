from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from pyg_liesym.lie.motions import random_boosts
from pyg_liesym.metrics.areas import auc
from pyg_liesym.metrics.robustness import robustness


class Tagger(nn.Module):
    """Logits from m² of the jet, and, with a weight, from its pT² and from E."""

    def __init__(self, pt: float = 0.0, energy: float = 0.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.1))
        self.pt, self.energy, self.seen = pt, energy, torch.float32

    def forward(self, x: Tensor | None, p4: Tensor, *, batch: Tensor, batch_size: int) -> Tensor:
        self.seen = p4.dtype
        p = p4.new_zeros(batch_size, 4).index_add(0, batch, p4)
        mass = p[:, 0] ** 2 - (p[:, 1:] ** 2).sum(1)
        logit = self.scale * (mass + self.pt * (p[:, 1] ** 2 + p[:, 2] ** 2) + self.energy * p[:, 0])
        return torch.stack([torch.zeros_like(logit), logit - 1], dim=1)


def jets(num: int = 60) -> list[Batch]:
    generator = torch.Generator().manual_seed(0)
    graphs = []
    for index in range(num):
        p = torch.randn(3, 3, generator=generator) * (1 + index % 2)
        p4 = torch.cat([p.norm(dim=1, keepdim=True), p], dim=1)
        graphs.append(Data(p4=p4, y=torch.tensor([index % 2]), num_nodes=3))
    return [Batch.from_data_list(graphs[:20]), Batch.from_data_list(graphs[20:])]


def test_what_a_network_keeps_stays() -> None:
    worst: dict[str, dict[str, float]] = {}
    for name, net in (("mass", Tagger()), ("pt", Tagger(pt=1.0)), ("energy", Tagger(energy=3.0))):
        for drift in robustness(net, jets()):
            row = worst.setdefault(name, {})
            row[drift.transformation] = max(row.get(drift.transformation, 0.0), drift.relative_error)
    assert max(worst["mass"].values()) < 1e-9
    assert worst["pt"]["rotation about the beams"] < 1e-9 < 1e-2 < worst["pt"]["rotation"]
    assert worst["pt"]["boost along the beams"] < 1e-9 < 1e-2 < worst["pt"]["boost"]
    assert worst["energy"]["rotation"] < 1e-9 < 1e-2 < worst["energy"]["boost along the beams"]


def test_numbers_are_those_of_the_moved_jets() -> None:
    batches, net = jets(), Tagger(energy=3.0)
    (drift,) = robustness(net, batches, {"boost": (random_boosts, (1.0,))}, seed=4)
    generator = torch.Generator().manual_seed(4)
    still, moved = [], []
    for batch in batches:
        matrices = random_boosts(batch.num_graphs, 1.0, generator)
        for jet in range(batch.num_graphs):
            p4 = batch.p4[batch.batch == jet].double()
            one = torch.zeros(len(p4), dtype=torch.long)
            for rows, p in ((still, p4), (moved, p4 @ matrices[jet].T)):
                rows.append(torch.softmax(net.double()(None, p, batch=one, batch_size=1), 1)[0, 1].detach())
    change = torch.stack(moved) - torch.stack(still)
    label = torch.cat([batch.y for batch in batches])
    assert drift.mean_change == pytest.approx(float(change.abs().mean()))
    assert drift.rms_change == pytest.approx(float(change.square().mean().sqrt()))
    assert drift.auc == pytest.approx(auc(torch.stack(moved), label).value)
    assert drift.auc_change == pytest.approx(drift.auc - auc(torch.stack(still), label).value)
    assert drift.auc_change_error > 0


def test_precision_is_that_asked_for_and_the_network_stays() -> None:
    net = Tagger().train()
    double = robustness(net, jets(), {"boost": (random_boosts, (3.0,))})[0]
    single = robustness(net, jets(), {"boost": (random_boosts, (3.0,))}, dtype=None)[0]
    assert double.relative_error < 1e-10 < single.relative_error
    assert net.training
    assert net.scale.dtype == torch.float32


def test_jets_without_labels_still_drift() -> None:
    batches = jets()
    for batch in batches:
        batch.y = torch.full_like(batch.y, -1)
    (drift,) = robustness(Tagger(energy=1.0), batches, {"boost": (random_boosts, (1.0,))})
    assert math.isnan(drift.auc)
    assert drift.mean_change > 0
    with pytest.raises(ValueError, match="got none"):
        robustness(Tagger(), [])
