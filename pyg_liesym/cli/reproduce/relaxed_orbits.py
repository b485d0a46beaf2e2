"""Two bodies in a weak trap: LieGNN without, with learned and with given reference vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.cli.reproduce.relaxed_twins import QUARTER_TURN, VALIDATIONS, TwinExperiment, TwinTraining, chosen
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.cli.twins import Twin
from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.simulation.gravity import Orbits, in_sector, integrate_orbits, simulate_orbits
from pyg_liesym.field.point_group import rotation
from pyg_liesym.metrics.equivariance import relative_error
from pyg_liesym.nn.models.relaxed_liegnn import RelaxedLieGNN
from pyg_liesym.nn.models.relaxed_vector_liegnn import RelaxedVectorLieGNN
from pyg_liesym.nn.models.spurion_net import SpurionNet


@dataclass(frozen=True)
class OrbitNetwork:
    """A network with two reference vectors.

    Args:
        hidden_channels: Width.
        num_layers: Depth.
        vector_channels: Vectors a node of ``RelaxedVectorLieGNN``; 0 for ``RelaxedLieGNN``.
    """

    hidden_channels: int = 32
    num_layers: int = 3
    vector_channels: int = 0

    def build(self) -> SpurionNet:
        """The network, strict as it comes; four kinds of nodes, in the plane."""
        sizes, plane = (4, self.hidden_channels, 1, self.num_layers), torch.eye(2)
        if not self.vector_channels:
            return RelaxedLieGNN(*sizes, metric=plane, num_spurions=2)
        channels = self.vector_channels
        return RelaxedVectorLieGNN(*sizes, metric=plane, num_spurions=2, vector_channels=channels, origin="zero")


@dataclass(frozen=True)
class RelaxedOrbits(TwinExperiment):
    """Forecast two bodies in a weak trap along x, which breaks the rotation symmetry, step by step.

    All twins are one network, LieGNN with two reference vectors: *strict* with both zero, *relaxed* with both learned
    from zero on, *free* with those of x and y, by which it knows all coordinates. The penalty is on their squared
    lengths.

    Args:
        levels: Strengths of the trap; zero keeps the rotation symmetry.
        seeds: Seeds of weights, order and training orbits.
        twins: Which networks.
        num_orbits: Training orbits.
        num_test: Test orbits; half as many validate.
        steps: Length of the rollout.
        network: Size of the networks.
        training: What all twins get alike.
        sector: Degrees about the x-axis in which body 1 is in all states that train and validate.
        num_pairs: Pairs of a state and the next that train, drawn from those of all orbits (default: all).
        training_steps: Training steps, whatever the number of pairs (default: by ``training.epochs``).
    """

    name: ClassVar[str] = "relaxed-orbits"
    title: ClassVar[str] = "Orbits in a trap"
    level: ClassVar[str] = "trap"
    scores: ClassVar[tuple[Column, ...]] = (
        Column("rollout", "distance after the rollout"),
        Column("one_step", "relative error of a step"),
        Column("equivariance", "equivariance error of a step"),
        Column("data_equivariance", "of the data"),
    )
    levels: tuple[float, ...] = (0.0, 0.01, 0.02)
    seeds: tuple[int, ...] = (0, 1, 2)
    twins: tuple[Twin, ...] = ("strict", "relaxed", "free")
    num_orbits: int = 200
    num_test: int = 100
    steps: int = 20
    network: OrbitNetwork = OrbitNetwork()
    training: TwinTraining = TwinTraining(epochs=20, batch_size=128, lr=3e-3, penalty=3.0)
    sector: float = 360.0
    num_pairs: int | None = None
    training_steps: int | None = None

    def task(self, level: float, seed: int) -> OrbitTask:
        """The orbits of one trap."""
        return OrbitTask(self, level, seed)

    def at(self, breaking: float, samples: int) -> tuple[RelaxedOrbits, float]:
        """So many pairs in a trap."""
        training = self.training.validated(VALIDATIONS, self.training_steps or 0, samples)
        return replace(self, num_pairs=samples, training=training), breaking

    def budget(self, level: float) -> TwinTraining:
        """As many epochs as make the steps, if they are given."""
        if self.training_steps is None or self.num_pairs is None:
            return self.training
        return self.training.lasting(self.training_steps, self.num_pairs)


class OrbitTask:
    """Orbits, and what is asked of a network that forecasts them."""

    def __init__(self, settings: RelaxedOrbits, trap: float, seed: int) -> None:
        self.settings, self.trap = settings, trap
        train = _orbits("train", settings.num_orbits, seed, trap)
        self.test_orbits = _orbits("test", settings.num_test, 0, trap)
        self.test_states, states = _states(self.test_orbits), _states(train)
        val = _states(_orbits("val", max(settings.num_test // 2, 1), 0, trap))
        now, later = _pairs(states, settings.sector)
        kept = chosen(len(now), settings.num_pairs, seed)
        pairs = VectorPairs(now[kept], later[kept])
        size = min(settings.training.batch_size, len(pairs))
        self.loader = PackedLoader(pairs, size, shuffle=True, drop_last=True, seed=seed)
        self.val = _whole(_pairs(val, settings.sector))
        # A step changes momenta less than positions, and the trap acts on them.
        self.size = (states[:, 1:] - states[:, :-1]).square().mean(dim=(0, 1, 3))

    def network(self, twin: Twin) -> nn.Module:
        """A network with two reference vectors."""
        net = self.settings.network.build()
        if twin != "relaxed":
            net.spurions.requires_grad_(False)
        if twin == "free":
            net.spurions.copy_(torch.eye(2))
        return net

    def batches(self, epoch: int) -> Iterable[Batch]:
        """Pairs of states."""
        self.loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        return self.loader

    def loss(self, net: nn.Module, batch: Batch) -> Tensor:
        """Mean squared error of each vector beside that of the guess that nothing moves."""
        return self._loss(net(batch.x, batch.pos, batch=batch.batch, batch_size=batch.num_graphs)[1], batch)

    def _loss(self, after: Tensor, batch: Batch) -> Tensor:
        loss: Tensor = ((after - batch.y).square().mean(1) / (batch.x @ self.size)).mean()
        return loss

    def validate(self, net: nn.Module) -> float:
        """The loss of other orbits."""
        return float(self.loss(net, self.val))

    @torch.no_grad()
    def error(self, net: nn.Module, angle: float = 0.0) -> float:
        """Of a step, each vector beside what it changes by, from test states in the sector."""
        turn = rotation(torch.tensor(angle))
        inside = _pairs(self.test_states, self.settings.sector)
        return self._error(net, [states @ turn.mT for states in inside])

    @torch.no_grad()
    def elsewhere(self, net: nn.Module) -> dict[str, float]:
        """The same where body 1 is in no training state, in the trap as it is."""
        width = self.settings.sector
        outside = _pairs(self.test_states, 360.0 - width, 180.0) if width < 360.0 else None
        return {} if outside is None else {"elsewhere": self._error(net, outside)}

    def null(self) -> float:
        """That nothing moves."""
        inside = _whole(_pairs(self.test_states, self.settings.sector))
        return float(self._loss(inside.pos, inside).sqrt())

    def _error(self, net: nn.Module, pairs: Sequence[Tensor]) -> float:
        return float(self.loss(net, _whole(pairs)).sqrt())

    @torch.no_grad()
    def test(self, net: nn.Module) -> dict[str, float]:
        """Errors of the rollout's end and of one step, and equivariance errors of a step under a quarter turn."""
        distances = self._distances(net, self.test_states)
        middle = self.test_states[:, self.test_states.size(1) // 2]
        turned = middle @ QUARTER_TURN.mT
        moves, moved = (_step(net, state) - state for state in (middle, turned))
        now = self.test_states[:, :-1].flatten(0, 1)
        return {
            "rollout": float(distances[-1]),
            "one_step": relative_error(_step(net, now) - now, self.test_states[:, 1:].flatten(0, 1) - now),
            "equivariance": relative_error(moved, moves @ QUARTER_TURN.mT),
            "data_equivariance": _equivariance_of_orbits(self.test_orbits, self.trap),
        }

    def _distances(self, net: nn.Module, truth: Tensor) -> Tensor:
        """Mean distance of the bodies after each step."""
        state, distances = truth[:, 0], []
        for step in range(1, min(self.settings.steps, truth.size(1) - 1) + 1):
            state = _step(net, state)
            distances.append((state - truth[:, step])[:, :2].norm(dim=-1).mean())
        return torch.stack(distances)


def _step(net: nn.Module, state: Tensor) -> Tensor:
    """The forecast of many states ``[S, 4, 2]``."""
    systems, vectors, _ = state.shape
    x = torch.eye(vectors).repeat(systems, 1)
    batch = torch.arange(systems).repeat_interleave(vectors)
    after: Tensor = net(x, state.flatten(0, 1), batch=batch, batch_size=systems)[1]
    return after.view_as(state)


@lru_cache(maxsize=16)
def _orbits(split: str, count: int, seed: int, trap: float) -> Orbits:
    return simulate_orbits("two_body", split, num_orbits=count, seed=seed, trap=trap)  # type: ignore[arg-type]


def _states(orbits: Orbits) -> Tensor:
    """Two positions and two momenta at all times, ``[S, T, 4, 2]``."""
    return torch.from_numpy(np.concatenate([orbits.pos, orbits.mom], axis=2)).float()


def _pairs(states: Tensor, width: float = 360.0, middle: float = 0.0) -> tuple[Tensor, Tensor]:
    """All states of many orbits with body 1 in a sector, and those one step later."""
    now, later = states[:, :-1].flatten(0, 1), states[:, 1:].flatten(0, 1)
    kept = torch.from_numpy(in_sector(now.numpy(), middle - width / 2, width))
    return now[kept], later[kept]


def _whole(pairs: Sequence[Tensor]) -> Batch:
    """All pairs as one batch."""
    (batch,) = PackedLoader(VectorPairs(*pairs), len(pairs[0]))
    return batch


def _equivariance_of_orbits(orbits: Orbits, trap: float) -> float:
    """The same error of the simulator: a step from turned states against the turned step."""
    turn, middle = QUARTER_TURN.double().numpy(), orbits.pos.shape[1] // 2
    pos, mom = orbits.pos[:, middle], orbits.mom[:, middle]
    paths = [
        _states(integrate_orbits(p, m, orbits.times[:2], trap=trap))
        for p, m in ((pos, mom), (pos @ turn.T, mom @ turn.T))
    ]
    moves, moved = (path[:, 1] - path[:, 0] for path in paths)
    return relative_error(moved, moves @ QUARTER_TURN.mT)
