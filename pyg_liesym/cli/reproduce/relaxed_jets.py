"""Top jets in the plane of pseudorapidity and azimuth, tagged by networks that obey, bend or ignore rotations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.cli.reproduce.relaxed_twins import VALIDATIONS, TwinExperiment, TwinTraining
from pyg_liesym.cli.reproduce.steerable_twins import SteerableTwins
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.cli.twins import Twin
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.field.point_group import rotation
from pyg_liesym.metrics.equivariance import relative_error
from pyg_liesym.metrics.tagging import roc
from pyg_liesym.nn.message.edges import Edges
from pyg_liesym.nn.message.neighbours import nearest_neighbours

WIDTH_OF_JET = 0.3


@dataclass(frozen=True)
class PlaneJets:
    """Jets as points of the plane (Δη, Δφ), each constituent with its nearest neighbours.

    Args:
        files: Files of the jets; none for the packaged sample.
        num_val: Validation jets.
        num_test: Test jets.
        max_constituents: Hardest constituents that the networks see.
        neighbours: Neighbours of each.
        squeeze: A detector shows Δφ so many times smaller, and once more: a breaking of rotations that is known.
    """

    files: tuple[str, ...] = ()
    num_val: int = 500
    num_test: int = 1500
    max_constituents: int = 30
    neighbours: int = 12
    squeeze: float = 0.0


@dataclass(frozen=True)
class RelaxedJets(TwinExperiment):
    """Tag top jets in the plane of pseudorapidity and azimuth with steerable networks.

    Args:
        levels: Numbers of training jets.
        seeds: Seeds of weights and order.
        twins: Which networks.
        data: The jets.
        network: The networks.
        steps: Training steps, whatever the number of jets; ``training.epochs`` are at least as many.
        training: What all twins get alike.
    """

    name: ClassVar[str] = "relaxed-jets"
    title: ClassVar[str] = "Top jets in the plane"
    level: ClassVar[str] = "training jets"
    scores: ClassVar[tuple[Column, ...]] = (
        Column("auc", "AUC"),
        Column("equivariance", "change of the scores by a turn of 90°", 3),
        Column("equivariance_45", "of 45°", 3),
    )
    levels: tuple[float, ...] = (500, 2000)
    seeds: tuple[int, ...] = (0, 1, 2)
    twins: tuple[Twin, ...] = ("strict", "relaxed", "free")
    data: PlaneJets = PlaneJets()
    network: SteerableTwins = SteerableTwins()
    steps: int = 400
    training: TwinTraining = TwinTraining(epochs=1, batch_size=64, lr=3e-3, penalty=0.3)

    def task(self, level: float, seed: int) -> JetTask:
        """So many training jets."""
        return JetTask(self, int(level), seed)

    def budget(self, level: float) -> TwinTraining:
        """As many epochs as make the steps."""
        return self.training.lasting(self.steps, int(level))

    def at(self, breaking: float, samples: int) -> tuple[RelaxedJets, float]:
        """So many jets that a detector squeezes."""
        training = self.training.validated(VALIDATIONS, self.steps, samples)
        return replace(self, data=replace(self.data, squeeze=breaking), training=training), samples


class JetTask:
    """Jets, and what is asked of a tagger."""

    def __init__(self, settings: RelaxedJets, num_train: int, seed: int) -> None:
        self.settings = settings
        own = settings.data
        jets = _jets(own.files, own.max_constituents)
        held_out = own.num_val + own.num_test
        if num_train + held_out > len(jets):
            raise ValueError(
                f"{list(own.files) or 'the packaged sample'} has {len(jets)} jets, but {num_train} to train on "
                f"and {held_out} to validate and test are asked for: give more files or smaller numbers"
            )
        count = len(jets)
        size = min(settings.training.batch_size, num_train)
        self.train = PackedLoader(jets[:num_train], size, shuffle=True, drop_last=True, seed=seed)
        self.val = PackedLoader(jets[count - held_out : count - own.num_test], 200)
        self.test_loader = PackedLoader(jets[count - own.num_test :], 200)

    def network(self, twin: Twin) -> nn.Module:
        """Two scalars and a vector of each constituent in, two classes out."""
        return self.settings.network.build(twin, (2, 1), (2, 0), readout="mean")

    def batches(self, epoch: int) -> Iterable[Batch]:
        """Jets."""
        self.train.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        return self.train

    def loss(self, net: nn.Module, batch: Batch) -> Tensor:
        """Cross entropy."""
        return nn.functional.cross_entropy(self._logits(net, batch), batch.y)

    def validate(self, net: nn.Module) -> float:
        """Cross entropy of the validation jets."""
        logits, label = self._all(net, self.val)
        return float(nn.functional.cross_entropy(logits, label))

    @torch.no_grad()
    def test(self, net: nn.Module) -> dict[str, float]:
        """Area under the ROC, and how much a turn by 45° and 90° changes the scores."""
        logits, label = self._all(net, self.test_loader)
        score = logits[:, 1] - logits[:, 0]
        scores = {"auc": roc(score, label).auc}
        for name, turn in (("equivariance", 2), ("equivariance_45", 1)):
            moved = self._all(net, self.test_loader, turn * math.pi / 4)[0]
            change = moved[:, 1] - moved[:, 0]
            # against the spread of the scores, which a constant does not help
            scores[name] = relative_error(change - score.mean(), score - score.mean())
        return scores

    @torch.no_grad()
    def error(self, net: nn.Module, angle: float = 0.0) -> float:
        """One minus the area under the ROC, the share of pairs in the wrong order; of half a pair at least."""
        logits, label = self._all(net, self.test_loader, angle)
        # Errors have logarithms.
        pairs = int(label.sum()) * int((label == 0).sum())
        return max(1.0 - roc(logits[:, 1] - logits[:, 0], label).auc, 0.5 / pairs)

    def elsewhere(self, net: nn.Module) -> dict[str, float]:
        """None: jets have all orientations."""
        return {}

    def null(self) -> float:
        """That all jets are alike: one half of the pairs are in the wrong order."""
        return 0.5

    def _all(self, net: nn.Module, loader: PackedLoader, angle: float = 0.0) -> tuple[Tensor, Tensor]:
        pairs = [(self._logits(net, batch, angle), batch.y) for batch in loader]
        logits, label = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        return logits, label

    def _logits(self, net: nn.Module, batch: Batch, angle: float = 0.0) -> Tensor:
        pos = batch.pos * torch.tensor([1.0, 1.0 / (1.0 + self.settings.data.squeeze)])
        if angle:
            pos = pos @ rotation(torch.tensor(angle)).mT
        edges = with_loops(nearest_neighbours(pos, self.settings.data.neighbours, batch.batch), len(pos))
        logits: Tensor = net(_features(batch, pos), pos, edges, batch.batch, batch.num_graphs)
        return logits


def with_loops(edges: Edges, num_nodes: int) -> Edges:
    """Sorted edges and one from each node to itself."""
    own = torch.arange(num_nodes)
    both = torch.cat([edges.edge_index, torch.stack([own, own])], 1)
    order = both[1].argsort(stable=True)
    assert edges.ptr is not None
    return Edges(both[:, order], edges.ptr + torch.arange(num_nodes + 1))


def _features(batch: Batch, pos: Tensor) -> Tensor:
    """The share of the jet's transverse momentum, its logarithm, and the place as a vector."""
    share = torch.hypot(batch.p4[:, 1], batch.p4[:, 2]) / batch.jet[batch.batch, 0]
    scalars = torch.stack([5 * share, share.clamp(min=1e-6).log() / 2 + 2], -1)
    return torch.cat([scalars, pos / WIDTH_OF_JET], -1)


@lru_cache(maxsize=2)
def _jets(files: Sequence[str], max_constituents: int) -> Jets:
    return Jets(files=list(files) or None, max_constituents=max_constituents)
