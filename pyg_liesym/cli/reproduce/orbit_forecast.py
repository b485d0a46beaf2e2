"""Forecast orbits by a network that has a symmetry built in, is shown one by moved copies, or has none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import MLP

from pyg_liesym.cli.reproduce.orbit_methods import Pairs, seen_of
from pyg_liesym.datasets.simulation.gravity import Orbits, in_sector, one_step_pairs, simulate_orbits
from pyg_liesym.datasets.simulation.orbit_starts import OrbitKind
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.invariant import InvariantMetric
from pyg_liesym.metrics.charges import charge_drift
from pyg_liesym.nn.dense.equivariant_mlp import EquivariantMLP
from pyg_liesym.nn.dense.hamiltonian_network import HamiltonianNetwork
from pyg_liesym.nn.message.metric import Metric
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.systems.system import TrainingDiverged
from pyg_liesym.transforms.random_group_action import RandomGroupAction


@dataclass(frozen=True)
class ForecastTraining:
    """What all networks get alike: Adam, a rate that falls to zero along a cosine, and the last weights are tested.

    Args:
        steps: Steps of Adam.
        batch_size: Pairs a step.
        lr: Learning rate at first.
        hidden_channels: Width of the perceptrons, HNN's energy among them.
        hidden_type: Width of EMLP.
        num_layers: Linear layers of each.
        num_orbits: Training orbits (default: the recipe's).
    """

    steps: int = 3000
    batch_size: int = 256
    lr: float = 1e-2
    hidden_channels: int = 128
    hidden_type: str = "64 + 16V"
    num_layers: int = 3
    num_orbits: int | None = None


class OrbitSplits(NamedTuple):
    """Pairs to train, validate and test with, the test orbits, and the time of a step."""

    train: Pairs
    val: Pairs
    test: Pairs
    orbits: Orbits
    dt: float


@lru_cache(maxsize=1)
def orbit_splits(kind: OrbitKind, num_orbits: int | None) -> OrbitSplits:
    """The recipe's orbits; a fraction of them for validation and test, if fewer are asked for.

    Body 1 is in one half of the plane to train and validate with, in the other to test with: by the recipe of two
    bodies, or, of three, which make half a turn, by the states that are kept. Test orbits start in the other half.
    """
    others = None if num_orbits is None else -(-num_orbits // 4)
    train, val, test = (
        simulate_orbits(kind, "train", num_orbits=num_orbits),
        simulate_orbits(kind, "val", num_orbits=others),
        simulate_orbits(kind, "test", num_orbits=others),
    )
    splits = OrbitSplits(_pairs(train), _pairs(val), _pairs(test), test, float(test.times[1]))
    if kind != "three_body":
        return splits
    start = in_sector(test.pos[:, 0], 0.0, 180.0)
    return OrbitSplits(
        _inside(splits.train, -180.0),
        _inside(splits.val, -180.0),
        _inside(splits.test, 0.0),
        Orbits(test.pos[start], test.mom[start], test.times),
        splits.dt,
    )


def _pairs(orbits: Orbits) -> Pairs:
    x, y = (torch.from_numpy(states).float() for states in one_step_pairs(orbits))
    return Pairs(x, y, torch.arange(len(orbits)).repeat_interleave(len(orbits.times) - 1))


def _inside(pairs: Pairs, start: float) -> Pairs:
    """Those with body 1 in the half of the plane that begins at an angle."""
    kept = torch.from_numpy(in_sector(pairs.x.unflatten(1, (-1, 2)).numpy(), start, 180.0))
    return Pairs(*(part[kept] for part in pairs))


def forecast(
    way: str, algebra: LieAlgebra | None, splits: OrbitSplits, settings: ForecastTraining, seed: int
) -> dict[str, float]:
    """Train one network and test it.

    Args:
        way: ``EMLP``: the algebra is built in; ``augmentation``: a perceptron sees states that it moved; ``MLP``: that
            perceptron without; ``HNN``: a Hamiltonian network; ``vector channels``: the form that all 2 × 2 blocks of
            the algebra keep is the J of :class:`~pyg_liesym.nn.SecondOrderLieGNN`.
        algebra: What was found, where the way needs it.
        splits: The orbits.
        settings: Of the training.
        seed: Of weights, batches and movements.
    """
    torch.manual_seed(seed)
    train, generator = splits.train, torch.Generator().manual_seed(seed)
    net = _network(way, algebra, splits, settings)
    action = None
    if way == "augmentation" and algebra is not None:
        down, up = seen_of(train.x)
        seen = LieAlgebra(up @ (down @ algebra.basis.double() @ up) @ down)
        action = RandomGroupAction(seen, ("x", "y"), scale=half_turn(seen), generator=generator)
    optimizer = torch.optim.Adam(net.parameters(), lr=settings.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    for _ in range(settings.steps):
        chosen = torch.randint(len(train.x), (settings.batch_size,), generator=generator)
        batch = Batch(x=train.x[chosen], y=train.y[chosen], batch=torch.arange(settings.batch_size))
        batch = batch if action is None else action(batch)
        loss = nn.functional.mse_loss(net(batch.x), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    if not bool(loss.isfinite()):
        raise TrainingDiverged(f"the loss of {way} is {loss.item()}")
    return _scores(net.eval(), splits) | {"parameters": sum(p.numel() for p in net.parameters())}


def half_turn(algebra: LieAlgebra) -> float:
    """The coefficient of half a turn, by the highest frequency of the first matrix; 1 if it turns nothing."""
    frequency = float(torch.linalg.eigvals(algebra.basis[0]).imag.abs().max())
    return math.pi / frequency if frequency > 1e-6 else 1.0


def _network(way: str, algebra: LieAlgebra | None, splits: OrbitSplits, settings: ForecastTraining) -> nn.Module:
    down, up = seen_of(splits.train.x)
    size, width, depth = len(down), settings.hidden_channels, settings.num_layers
    widths = [size, *[width] * (depth - 1)]
    if way == "HNN":
        # An energy has no constant that matters.
        energy = MLP([*widths, 1], norm=None, act="tanh", bias=[True] * (depth - 1) + [False])
        return HamiltonianNetwork(Seen(energy, down), splits.dt)
    if way == "EMLP":
        assert algebra is not None
        seen = LieAlgebra(down @ algebra.basis.double() @ up)
        try:
            return Seen(EquivariantMLP(seen, "V", "V", settings.hidden_type, depth), down, up)
        except ValueError as error:  # no gap in the singular values
            raise TrainingDiverged(str(error)) from error
    if way == "vector channels":
        assert algebra is not None
        return OfBodies(form_of_blocks(algebra), settings.hidden_channels // 2, splits.dt)
    return Seen(MLP([*widths, size], norm=None, act="silu"), down, up)


def form_of_blocks(algebra: LieAlgebra) -> InvariantMetric:
    """The form of the plane that every 2 × 2 block on the diagonal keeps: one for all positions and momenta.

    Raises:
        TrainingDiverged: If they keep none.

    Example:
        >>> form_of_blocks(LieAlgebra.rotation(2).repeat(4)).J.abs().round(decimals=6).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    blocks = torch.stack([matrix[i : i + 2, i : i + 2] for matrix in algebra.basis for i in range(0, algebra.n, 2)])
    metric = LieAlgebra(blocks).invariant_metric().scaled()
    if metric.null_dim == 0:
        raise TrainingDiverged(f"the blocks keep no form: residual {metric.residual:.2g}")
    return metric


class OfBodies(nn.Module):
    """States of bodies in the plane, moved by accelerations that are equivariant to what keeps a form.

    Args:
        metric: The form.
        hidden_channels: Width.
        span: Time of a step.
    """

    def __init__(self, metric: Metric, hidden_channels: int, span: float) -> None:
        super().__init__()
        self.net = SecondOrderLieGNN(1, hidden_channels, 2, metric=metric, span=span, scheme="verlet")

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        pos, vel = x.unflatten(1, (2, -1, 2)).unbind(1)
        systems, bodies, _ = pos.shape
        batch = torch.arange(systems, device=x.device).repeat_interleave(bodies)
        flat = pos.flatten(0, 1), vel.flatten(0, 1)
        _, *later = self.net(torch.ones_like(flat[0][:, :1]), flat[0], None, None, flat[1], batch, systems)
        return torch.stack([part.view_as(pos) for part in later], 1).flatten(1)


class Seen(nn.Module):
    """A network of states in coordinates in which the training states spread alike, see :func:`seen_of`.

    Args:
        net: The network of r numbers.
        down: W, ``[r, n]``.
        up: A, ``[n, r]``, if the answer is a state.
    """

    down: Tensor
    up: Tensor | None

    def __init__(self, net: nn.Module, down: Tensor, up: Tensor | None = None) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("down", down.float())
        self.register_buffer("up", None if up is None else up.float())

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        answer: Tensor = self.net(x @ self.down.mT)
        return answer if self.up is None else answer @ self.up.mT


@torch.no_grad()
def _scores(net: nn.Module, splits: OrbitSplits) -> dict[str, float]:
    """Errors of a step, and of rollouts what their angular momentum drifts by."""
    truth = torch.from_numpy(splits.orbits.pos), torch.from_numpy(splits.orbits.mom)
    state = torch.cat([part[:, 0].flatten(1) for part in truth], 1).float()
    path = [state]
    for _ in range(truth[0].size(1) - 1):
        path.append(net(path[-1]))
    bodies = truth[0].size(2)
    q, p = torch.stack(path, 1).unflatten(-1, (2, bodies, 2)).unbind(2)
    drift = charge_drift(LieAlgebra.rotation(2), q, p)
    return {
        "test_mse": float(nn.functional.mse_loss(net(splits.test.x), splits.test.y)),
        "val_mse": float(nn.functional.mse_loss(net(splits.val.x), splits.val.y)),
        "rollout": float((q[:, -1] - truth[0][:, -1]).norm(dim=-1).median()),
        "charge_drift": float(drift.drift),
        "random_charge_drift": drift.null,
    }
