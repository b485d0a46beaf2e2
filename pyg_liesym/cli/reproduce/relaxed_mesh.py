"""Plumes of smoke on randomly perturbed meshes: forecasting with networks that obey, bend or ignore rotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from pyg_liesym.cli.reproduce.relaxed_twins import QUARTER_TURN, TwinExperiment, TwinTraining, chosen
from pyg_liesym.cli.reproduce.steerable_twins import SteerableTwins
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.cli.twins import Twin
from pyg_liesym.datasets.flows.smoke_plume import PlumeSplit, SmokePlume
from pyg_liesym.datasets.simulation.plume_settings import PlumeSetting
from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.point_group import rotation
from pyg_liesym.field.sampling import perturbed_positions, values_at
from pyg_liesym.metrics.equivariance import relative_error
from pyg_liesym.nn.message.edges import Edges
from pyg_liesym.nn.message.neighbours import nearest_neighbours
from pyg_liesym.typing import OptTensor

_SPLITS: tuple[PlumeSplit, ...] = ("train", "val", "future", "domain")
_WINDOWS = 16


@dataclass(frozen=True)
class Mesh:
    """Plumes on lattices whose points are moved at random; velocities there are interpolated bilinearly.

    Args:
        root: Folder of the plumes, simulated when first used.
        resolution: Rows and columns of the simulation.
        frames: Number of simulated frames; half of the paper's 310 stop before the flow begins to flicker.
        points: Points along a side of a mesh.
        neighbours: Neighbours of each point.
        setting: Which plumes, see :class:`~pyg_liesym.datasets.SmokePlume`; ``graded`` holds none out.
        grade: Level of ``graded``: how much rotations are broken, 0 to 9.
    """

    root: Path = Path("datasets/smoke_plume")
    resolution: int = 32
    frames: int | None = 155
    points: int = 16
    neighbours: int = 12
    setting: PlumeSetting = "rotation"
    grade: int = 0


@dataclass(frozen=True)
class Windows:
    """What of the plumes is seen and asked.

    Args:
        history: Frames that the networks see.
        horizon: Frames of a training rollout.
        test_horizon: Frames of a test rollout.
        every: Only every so many windows are tested, of the validation likewise.
        num_train: Windows that train, drawn with the seed (default: all).
    """

    history: int = 4
    horizon: int = 2
    test_horizon: int = 5
    every: int = 20
    num_train: int | None = None


@dataclass(frozen=True)
class RelaxedMesh(TwinExperiment):
    """Forecast plumes of smoke on randomly perturbed meshes, one for each plume, frame by frame.

    Args:
        levels: Largest move of a point, in spacings of the mesh.
        seeds: Seeds of weights and order.
        twins: Which networks.
        data: The plumes and their meshes.
        windows: What of them is seen and asked.
        network: The networks.
        steps: Training steps of all epochs.
        training: What all twins get alike.
    """

    name: ClassVar[str] = "relaxed-mesh"
    title: ClassVar[str] = "Plumes on a perturbed mesh"
    level: ClassVar[str] = "largest move"
    scores: ClassVar[tuple[Column, ...]] = (
        Column("future", "RMSE, future"),
        Column("domain", "RMSE, held-out domains"),
        Column("equivariance", "equivariance error of a step"),
    )
    levels: tuple[float, ...] = (0.3,)
    seeds: tuple[int, ...] = (0, 1, 2)
    twins: tuple[Twin, ...] = ("strict", "relaxed", "free")
    data: Mesh = Mesh()
    windows: Windows = Windows()
    network: SteerableTwins = SteerableTwins(order=4, radius=2.0)
    steps: int = 300
    training: TwinTraining = TwinTraining(epochs=6, batch_size=8, lr=2e-3, penalty=0.3)

    def task(self, level: float, seed: int) -> MeshTask:
        """Meshes of one irregularity."""
        return MeshTask(self, level, seed)

    def at(self, breaking: float, samples: int) -> tuple[RelaxedMesh, float]:
        """So many windows of the plumes of a grade."""
        data = replace(self.data, setting="graded", grade=int(breaking))
        return replace(self, data=data, windows=replace(self.windows, num_train=samples)), self.levels[0]


class _Meshes(NamedTuple):
    """Velocities ``[S, T, N, 2]`` on the points ``[S, N, 2]`` and their neighbours ``[S, N, K]``, windows by split."""

    velocity: Tensor
    pos: Tensor
    near: Tensor
    windows: dict[PlumeSplit, Tensor]


class MeshTask:
    """Plumes on meshes, and what is asked of a network that forecasts them."""

    def __init__(self, settings: RelaxedMesh, jitter: float, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.meshes = _meshes(settings.data, replace(settings.windows, num_train=None), jitter)
        train = self.meshes.windows["train"]
        self.train = train[chosen(len(train), settings.windows.num_train, seed)]
        before, after = (self.meshes.velocity[train[:, 0], train[:, 1] + shift] for shift in (-1, 0))
        self.scale, self.change = float(after.square().mean().sqrt()), float((after - before).square().mean().sqrt())

    def network(self, twin: Twin) -> nn.Module:
        """The vectors of a few frames in, one out."""
        return self.settings.network.build(twin, (0, self.settings.windows.history), (0, 1))

    def batches(self, epoch: int) -> Iterable[Tensor]:
        """Windows drawn for an epoch."""
        own, train = self.settings, self.train
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        count = own.steps // own.training.epochs * own.training.batch_size
        drawn = train[torch.randint(len(train), (count,), generator=generator)]
        return DataLoader(drawn, own.training.batch_size)  # type: ignore[arg-type]

    def loss(self, net: nn.Module, batch: Tensor) -> Tensor:
        """Mean squared error of a rollout, beside the mean squared change of a frame."""
        frames = self._rollout(net, batch, self.settings.windows.horizon)
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
        scores: dict[str, float] = {
            split: self._rmse(net, split) for split in _SPLITS[2:] if split in self.meshes.windows
        }
        return {**scores, "equivariance": relative_error(moved, move @ QUARTER_TURN.mT)}

    @torch.no_grad()
    def error(self, net: nn.Module, angle: float = 0.0) -> float:
        """Of the rollouts of the last frames, beside what a frame changes by."""
        return self._rmse(net, "future", rotation(torch.tensor(angle))) / self.change

    def elsewhere(self, net: nn.Module) -> dict[str, float]:
        """None: the plumes of a grade rise from all four sides."""
        return {}

    def null(self) -> float:
        """That nothing changes."""
        windows, velocity = self._few("future"), self.meshes.velocity
        frames = velocity[windows[:, :1], windows[:, 1:] + torch.arange(self.settings.windows.test_horizon)]
        last = velocity[windows[:, 0], windows[:, 1] - 1]
        return float((frames - last[:, None]).square().mean().sqrt()) / self.change

    def _few(self, split: PlumeSplit) -> Tensor:
        return self.meshes.windows[split][:: self.settings.windows.every]

    def _rmse(self, net: nn.Module, split: PlumeSplit, turn: OptTensor = None) -> float:
        """In the units of the velocity, over all frames of the rollouts, points and components."""
        squares = [
            (forecast - truth).square().mean(dim=(1, 2))
            for windows in self._few(split).split(_WINDOWS)
            for forecast, truth in self._rollout(net, windows, self.settings.windows.test_horizon, turn)
        ]
        return float(torch.cat(squares).mean().sqrt())

    def _rollout(
        self, net: nn.Module, windows: Tensor, horizon: int, turn: OptTensor = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Forecast and true velocities ``[B, N, 2]`` of frame after frame."""
        history, pos, edges = self._inputs(windows)
        for step in range(horizon):
            forecast = history[:, :, -1] + self._move(net, history, pos, edges, turn).view_as(history[:, :, -1])
            yield forecast, self.meshes.velocity[windows[:, 0], windows[:, 1] + step]
            history = torch.cat([history[:, :, 1:], forecast[:, :, None]], 2)

    def _inputs(self, windows: Tensor) -> tuple[Tensor, Tensor, Edges]:
        """The frames before ``[B, N, history, 2]``, the points of all meshes and their edges."""
        plume, frame = windows.T
        steps = torch.arange(-self.settings.windows.history, 0)
        history = self.meshes.velocity[plume[:, None], frame[:, None] + steps].transpose(1, 2)
        near = self.meshes.near[plume]
        count, points, neighbours = near.shape
        source = (near + points * torch.arange(count)[:, None, None]).flatten()
        target = torch.arange(count * points).repeat_interleave(neighbours)
        ptr = torch.arange(count * points + 1) * neighbours
        return history, self.meshes.pos[plume].flatten(0, 1), Edges(torch.stack([source, target]), ptr)

    def _move(self, net: nn.Module, history: Tensor, pos: Tensor, edges: Edges, turn: Tensor | None = None) -> Tensor:
        """What a step adds to the velocity, ``[B N, 2]``; of a network that sees all turned, turned back."""
        if turn is not None:
            return self._move(net, history @ turn.mT, pos @ turn.mT, edges) @ turn
        change: Tensor = net(history.flatten(2).flatten(0, 1) / self.scale, pos, edges)
        return change * self.change


@lru_cache(maxsize=1)
def _meshes(data: Mesh, own: Windows, jitter: float) -> _Meshes:
    """The velocities of all plumes on their meshes; lengths are in spacings of the mesh."""
    windows: dict[PlumeSplit, Tensor] = {}
    for split in _SPLITS if data.setting != "graded" else _SPLITS[:-1]:
        horizon = own.horizon if split == "train" else own.test_horizon
        plumes = SmokePlume(
            str(data.root), data.setting, split, history=own.history, horizon=horizon,
            resolution=data.resolution, frames=data.frames, level=data.grade,
        )  # fmt: skip
        windows[split] = plumes.windows
    fine, coarse = (
        Lattice(count, count, (1 / share, 1 / share), (0.5 / share, 0.5 / share))
        for count, share in ((data.resolution, data.resolution / data.points), (data.points, 1.0))
    )
    velocity, pos, near = [], [], []
    for number, flow in enumerate(plumes.velocity):
        places = perturbed_positions(coarse, jitter, torch.Generator().manual_seed(number))
        velocity.append(values_at(flow, fine, places))
        pos.append(places)
        neighbours = nearest_neighbours(places, data.neighbours).edge_index[0].view(len(places), -1)
        near.append(torch.cat([torch.arange(len(places))[:, None], neighbours], 1))
    return _Meshes(torch.stack(velocity), torch.stack(pos), torch.stack(near), windows)
