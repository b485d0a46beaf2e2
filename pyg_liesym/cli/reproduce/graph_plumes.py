"""Plumes of smoke on randomly perturbed meshes: forecasting with networks that obey, bend or ignore rotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pyg_liesym.cli.reproduce.graph_orbits import QUARTER_TURN
from pyg_liesym.cli.reproduce.graph_training import Budget, Twin
from pyg_liesym.cli.reproduce.graph_twins import steerable_twin
from pyg_liesym.datasets.smoke_plume import PlumeSplit, SmokePlume
from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.sampling import perturbed_positions, values_at
from pyg_liesym.metrics.equivariance import relative_error
from pyg_liesym.nn.edges import Edges
from pyg_liesym.nn.neighbours import nearest_neighbours

ORDER, RADIUS = 4, 2.0
_SPLITS: tuple[PlumeSplit, ...] = ("train", "val", "future", "domain")
_WINDOWS = 16


@dataclass(frozen=True)
class MeshExperiment:
    """The rotation setting of the smoke plumes on meshes, one for each plume, forecast frame by frame.

    A mesh is a lattice whose points are moved at random; velocities there are interpolated bilinearly.

    Args:
        levels: Largest move of a point, in spacings of the mesh.
        root: Folder of the plumes, simulated when first used.
        resolution: Rows and columns of the simulation.
        frames: Number of simulated frames; half of the paper's 310 stop before the flow begins to flicker.
        points: Points along a side of a mesh.
        neighbours: Neighbours of each point.
        history: Frames that the networks see.
        horizon: Frames of a training rollout.
        test_horizon: Frames of a test rollout.
        every: Only every so many windows are tested, of the validation likewise.
        num_layers: Depth.
        parameters: About how many each network has.
        batch_size: Windows in a batch.
        steps: Training steps.
        epochs: How often the networks are validated.
        lr: First learning rate.
        penalty: Weight of the relaxation penalty.
    """

    levels: tuple[float, ...] = (0.3,)
    root: Path = Path("datasets/smoke_plume")
    resolution: int = 32
    frames: int | None = 155
    points: int = 16
    neighbours: int = 12
    history: int = 4
    horizon: int = 2
    test_horizon: int = 5
    every: int = 20
    num_layers: int = 3
    parameters: int = 14_000
    batch_size: int = 8
    steps: int = 300
    epochs: int = 6
    lr: float = 2e-3
    penalty: float = 0.3

    def task(self, level: float, seed: int) -> MeshTask:
        """Meshes of one irregularity."""
        return MeshTask(self, level, seed)


class _Meshes(NamedTuple):
    """Velocities ``[S, T, N, 2]`` on the points ``[S, N, 2]`` and their neighbours ``[S, N, K]``, windows by split."""

    velocity: Tensor
    pos: Tensor
    near: Tensor
    windows: dict[PlumeSplit, Tensor]


class MeshTask:
    """Plumes on meshes, and what is asked of a network that forecasts them."""

    def __init__(self, settings: MeshExperiment, jitter: float, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.budget = Budget(settings.epochs, settings.lr, settings.penalty)
        self.meshes = _meshes(settings, jitter)
        train = self.meshes.windows["train"]
        before, after = (self.meshes.velocity[train[:, 0], train[:, 1] + shift] for shift in (-1, 0))
        self.scale, self.change = float(after.square().mean().sqrt()), float((after - before).square().mean().sqrt())

    def network(self, twin: Twin) -> nn.Module:
        """The vectors of a few frames in, one out."""
        own = self.settings
        return steerable_twin(
            twin, (0, own.history), (0, 1), order=ORDER, radius=RADIUS, num_layers=own.num_layers,
            parameters=own.parameters,
        )  # fmt: skip

    def batches(self, epoch: int) -> Iterable[Tensor]:
        """Windows drawn for an epoch."""
        own, train = self.settings, self.meshes.windows["train"]
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        count = own.steps // own.epochs * own.batch_size
        drawn = train[torch.randint(len(train), (count,), generator=generator)]
        return list(torch.split(drawn, own.batch_size))

    def loss(self, net: nn.Module, batch: Tensor) -> Tensor:
        """Mean squared error of a rollout, beside the mean squared change of a frame."""
        frames = self._rollout(net, batch, self.settings.horizon)
        return torch.stack([(forecast - truth).square().mean() for forecast, truth in frames]).mean() / self.change**2

    def validate(self, net: nn.Module) -> float:
        """Error of the rollout of later windows."""
        return self._rmse(net, "val")

    @torch.no_grad()
    def test(self, net: nn.Module) -> dict[str, float]:
        """Errors of the rollouts of the last frames and of the plumes held out, and of a step under a quarter turn."""
        windows = self._few("future")[:_WINDOWS]
        history, pos, edges = self._inputs(windows)
        move = self._move(net, history, pos, edges)
        moved = self._move(net, history @ QUARTER_TURN.mT, pos @ QUARTER_TURN.mT, edges)
        return {
            "future": self._rmse(net, "future"),
            "domain": self._rmse(net, "domain"),
            "equivariance": relative_error(moved, move @ QUARTER_TURN.mT),
        }

    def _few(self, split: PlumeSplit) -> Tensor:
        return self.meshes.windows[split][:: self.settings.every]

    def _rmse(self, net: nn.Module, split: PlumeSplit) -> float:
        """In the units of the velocity, over all frames of the rollouts, points and components."""
        squares = [
            (forecast - truth).square().mean(dim=(1, 2))
            for windows in self._few(split).split(_WINDOWS)
            for forecast, truth in self._rollout(net, windows, self.settings.test_horizon)
        ]
        return float(torch.cat(squares).mean().sqrt())

    def _rollout(self, net: nn.Module, windows: Tensor, horizon: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Forecast and true velocities ``[B, N, 2]`` of frame after frame."""
        history, pos, edges = self._inputs(windows)
        for step in range(horizon):
            forecast = history[:, :, -1] + self._move(net, history, pos, edges).view_as(history[:, :, -1])
            yield forecast, self.meshes.velocity[windows[:, 0], windows[:, 1] + step]
            history = torch.cat([history[:, :, 1:], forecast[:, :, None]], 2)

    def _inputs(self, windows: Tensor) -> tuple[Tensor, Tensor, Edges]:
        """The frames before ``[B, N, history, 2]``, the points of all meshes and their edges."""
        plume, frame = windows.T
        steps = torch.arange(-self.settings.history, 0)
        history = self.meshes.velocity[plume[:, None], frame[:, None] + steps].transpose(1, 2)
        near = self.meshes.near[plume]
        count, points, neighbours = near.shape
        source = (near + points * torch.arange(count)[:, None, None]).flatten()
        target = torch.arange(count * points).repeat_interleave(neighbours)
        ptr = torch.arange(count * points + 1) * neighbours
        return history, self.meshes.pos[plume].flatten(0, 1), Edges(torch.stack([source, target]), ptr)

    def _move(self, net: nn.Module, history: Tensor, pos: Tensor, edges: Edges) -> Tensor:
        """What a step adds to the velocity, ``[B N, 2]``."""
        change: Tensor = net(history.flatten(2).flatten(0, 1) / self.scale, pos, edges)
        return change * self.change


@lru_cache(maxsize=1)
def _meshes(settings: MeshExperiment, jitter: float) -> _Meshes:
    """The velocities of all plumes on their meshes; lengths are in spacings of the mesh."""
    windows: dict[PlumeSplit, Tensor] = {}
    for split in _SPLITS:
        horizon = settings.horizon if split == "train" else settings.test_horizon
        plumes = SmokePlume(
            str(settings.root), "rotation", split, history=settings.history, horizon=horizon,
            resolution=settings.resolution, frames=settings.frames,
        )  # fmt: skip
        windows[split] = plumes.windows
    frames = plumes.velocity
    fine, coarse = (
        Lattice(count, count, (1 / share, 1 / share), (0.5 / share, 0.5 / share))
        for count, share in (
            (settings.resolution, settings.resolution / settings.points),
            (settings.points, 1.0),
        )
    )
    velocity, pos, near = [], [], []
    for number, flow in enumerate(frames):
        places = perturbed_positions(coarse, jitter, torch.Generator().manual_seed(number))
        velocity.append(values_at(flow, fine, places))
        pos.append(places)
        neighbours = nearest_neighbours(places, settings.neighbours).edge_index[0].view(len(places), -1)
        near.append(torch.cat([torch.arange(len(places))[:, None], neighbours], 1))
    return _Meshes(torch.stack(velocity), torch.stack(pos), torch.stack(near), windows)
