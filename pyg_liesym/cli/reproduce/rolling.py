"""Networks that answer with positions and velocities, what they see of bodies, and how they are rolled out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch_geometric.data import InMemoryDataset

from pyg_liesym.datasets.packing import pack
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.typing import OptTensor

Step: TypeAlias = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From positions and velocities ``[S, M, n]`` of bodies to later ones."""


class Seen(NamedTuple):
    """What a network sees of S systems of M bodies, each a complete graph, besides velocities.

    Args:
        x: Features of the bodies ``[S M, F]``.
        pos: Positions ``[S M, n]``.
        edge_index: Sorted by target ``[2, S M (M − 1)]``.
        edge_attr: Features of the edges ``[S M (M − 1), D]``, if they have some.
    """

    x: Tensor
    pos: Tensor
    edge_index: Tensor
    edge_attr: OptTensor = None


def complete_edges(bodies: int, systems: int = 1) -> Tensor:
    """Source and target of all edges of each system, sorted by target."""
    return complete_graph(bodies * systems, torch.arange(systems).repeat_interleave(bodies)).edge_index


def charged(pos: Tensor, vel: Tensor, charge: Tensor) -> Seen:
    """Bodies as :class:`~pyg_liesym.datasets.NBody` has them: speeds, products of charges and squared distances.

    Shapes:
        - **pos**, **vel**: :math:`(S, M, 3)`; **charge**: :math:`(S, M)`
    """
    systems, bodies = charge.shape
    source, target = complete_edges(bodies)
    squared = (pos[:, target] - pos[:, source]).square().sum(-1)
    edge_attr = torch.stack([charge[:, target] * charge[:, source], squared], dim=-1)
    edges = complete_edges(bodies, systems)
    return Seen(vel.norm(dim=-1).reshape(-1, 1), pos.flatten(0, 1), edges, edge_attr.flatten(0, 1))


class Pairs(InMemoryDataset):
    """States of bodies, and what is asked of them, as graphs for a training.

    Args:
        seen: What a network sees.
        vel: Velocities ``[S, M, n]``.
        y: What is asked ``[S, M, …]``.
    """

    def __init__(self, seen: Seen, vel: Tensor, y: Tensor) -> None:
        super().__init__()
        systems, bodies = vel.shape[:2]
        edges = complete_edges(bodies)
        node = {"x": seen.x, "pos": seen.pos, "vel": vel.flatten(0, 1), "y": y.flatten(0, 1)}
        edge = {"edge_index": edges.repeat(1, systems)}
        edge |= {} if seen.edge_attr is None else {"edge_attr": seen.edge_attr}
        counts = torch.full((systems,), bodies)
        self.data, self.slices = pack(counts, node, {}, edge, torch.full_like(counts, edges.size(1)))


class WithVelocity(nn.Module):
    """A network whose answer is the later position and the later velocity, side by side.

    Args:
        net: Returns scalars, ``pos`` and ``vel``.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, *state: Any) -> tuple[Tensor, Tensor]:
        """Run the network."""
        scalars, pos, vel = self.net(*state)
        return scalars, torch.cat([pos, vel], dim=-1)


class WithMeanVelocity(nn.Module):
    """The later position of a network, and the mean velocity of its move beside it.

    Args:
        net: Returns scalars and the later ``pos`` first.
        span: Time from the state to the answer.
    """

    def __init__(self, net: nn.Module, span: float) -> None:
        super().__init__()
        self.net, self.span = net, span

    def forward(self, x: Tensor, pos: Tensor, *state: Any) -> tuple[Tensor, Tensor]:
        """Run the network."""
        scalars, later, *_ = self.net(x, pos, *state)
        return scalars, torch.cat([later, (later - pos) / self.span], dim=-1)


class Moves(nn.Module):
    """Two networks that move positions: the one's moves are added to straight motion, the other's to the velocity.

    EGNN's answer has no velocity; its layers take one and hand on another (Satorras et al., ICML 2021, eq. 7), whose
    unit a loss on positions leaves open. Two of them, one for each, are the most that it can be given.

    Args:
        pos_net: Returns scalars and the moved ``pos``.
        vel_net: Another.
        span: Time from the state to the answer.
    """

    def __init__(self, pos_net: nn.Module, vel_net: nn.Module, span: float) -> None:
        super().__init__()
        self.pos_net, self.vel_net, self.span = pos_net, vel_net, span

    def forward(
        self, x: Tensor, pos: Tensor, edge_index: Tensor, edge_attr: OptTensor, vel: Tensor, *batch: Any
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run both."""
        scalars, moved = self.pos_net(x, pos, edge_index, edge_attr, vel, *batch)
        _, pushed = self.vel_net(x, pos, edge_index, edge_attr, vel, *batch)
        return scalars, moved + self.span * vel, vel + pushed - pos


class Curves(nn.Module):
    """A network whose moves, beside straight motion, are in each body's own unit: the curve of its path.

    Neptune's path curves by a thirtieth of Jupiter's in half a year, the Sun's by a thousandth. A network that answers
    in one unit learns the small ones alone, or the large one alone.

    Args:
        net: Returns scalars, ``pos`` and ``vel``.
        span: Time from the state to the answer.
        bends: Root mean square of what is added to each body's position ``[B]``.
        pushes: And to its velocity ``[B]``.
    """

    bends: Tensor
    pushes: Tensor

    def __init__(self, net: nn.Module, span: float, bends: Tensor, pushes: Tensor) -> None:
        super().__init__()
        self.net, self.span = net, span
        self.register_buffer("bends", bends.float())
        self.register_buffer("pushes", pushes.float())

    def forward(
        self, x: Tensor, pos: Tensor, edge_index: Tensor, edge_attr: None, vel: Tensor, *batch: Any
    ) -> tuple[Tensor, Tensor]:
        """Scalars, and curves ``[N, 6]``."""
        scalars, later, faster = self.net(x, pos, edge_index, edge_attr, vel, *batch)
        bend = (later - pos - self.span * vel) / self.bends.max()
        return scalars, torch.cat([bend, (faster - vel) / self.pushes.max()], dim=-1)

    def of(self, pos: Tensor, vel: Tensor, later: Tensor, faster: Tensor) -> Tensor:
        """Curves of states and those a step later."""
        bends, pushes = self._units(pos)
        return torch.cat([(later - pos - self.span * vel) / bends, (faster - vel) / pushes], dim=-1)

    def along(self, pos: Tensor, vel: Tensor, curves: Tensor) -> tuple[Tensor, Tensor]:
        """States a step later, by their curves."""
        bends, pushes = self._units(pos)
        bend, push = curves.chunk(2, -1)
        return pos + self.span * vel + bends * bend, vel + pushes * push

    def _units(self, pos: Tensor) -> list[Tensor]:
        return [size.to(pos).repeat(len(pos) // len(size))[:, None] for size in (self.bends, self.pushes)]


@torch.no_grad()
def roll_out(step: Step, pos: Tensor, vel: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Positions and velocities at the start and after every step, each the input of the next.

    Shapes:
        - **pos**, **vel**: :math:`(S, M, n)`; **output**: twice :math:`(S, K + 1, M, n)`

    Example:
        >>> q, p = roll_out(lambda pos, vel: (pos + vel, vel), torch.zeros(1, 1, 2), torch.ones(1, 1, 2), 3)
        >>> q[0, :, 0, 0].tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    states = [(pos, vel)]
    for _ in range(steps):
        states.append(step(*states[-1]))
    positions, velocities = zip(*states, strict=True)
    return torch.stack(positions, 1), torch.stack(velocities, 1)
