"""Convection on a coarse lattice, and the same flows moved by each symmetry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from torch import Tensor
from torch.nn.functional import avg_pool2d
from torch_geometric.data import Data

from pyg_liesym.datasets.flows.flow_windows import flow_sizes
from pyg_liesym.datasets.flows.rayleigh_benard import ConvectionSplit, RayleighBenard
from pyg_liesym.datasets.simulation.convection import Convection
from pyg_liesym.field.flow_action import FlowAction
from pyg_liesym.systems.field_data import FlowData
from pyg_liesym.transforms.move_flow import MoveFlow
from pyg_liesym.transforms.random_move_flow import RandomMoveFlow

Moved: TypeAlias = Literal["original", "UM", "Mag", "Rot", "Scale"]
MOVED: tuple[Moved, ...] = get_args(Moved)
"""As it is, in uniform motion, of another magnitude, turned by quarters, and scaled in space and time."""
FACTOR = 2
"""Cells of the fine lattice along a cell of the coarse one; its square is the number of fine frames in a coarse one."""


@dataclass(frozen=True)
class ConvectionFlows:
    """Rayleigh–Bénard convection and its transforms.

    Boxes are simulated on a lattice twice as fine, with frames four times as frequent. The mean velocities of 2 × 2
    cells at every fourth frame are the flow. All cells and frames, with half the velocity, are the same flow scaled by
    λ = ½, walls included, so that nothing is interpolated.

    Args:
        root: Folder of the data set; simulated when first used.
        rows: Rows and columns of a patch of the flow.
        boxes: Boxes that begin from other disturbances; the last is for tests, the one before for validation.
        frames: Frames of a box.
        interval: Free-fall times between them.
        start: Free-fall times before the first.
        motion: Largest component of a uniform motion, over the root mean square of the flow's.
        magnitude: Largest factor; they are drawn from 0 on.
    """

    root: Path = Path("datasets/rayleigh_benard")
    rows: int = 32
    boxes: int = 6
    frames: int = 120
    interval: float = 0.125
    start: float = 10.0
    motion: float = 4.0
    magnitude: float = 4.0

    def flow(self, split: ConvectionSplit, history: int, horizon: int) -> RayleighBenard:
        """Windows of the flow, one for every fine frame."""
        frames = FACTOR**2
        return self._fine(split, frames * history, frames * horizon, _coarse)

    def moved(self, name: Moved, split: ConvectionSplit, history: int, horizon: int) -> RayleighBenard:
        """Windows of the flow moved by a symmetry, each always by the same element."""
        if name == "Scale":
            return self._fine(split, history, horizon, MoveFlow(FlowAction(magnitude=1 / FACTOR)))
        flow = self.flow(split, history, horizon)
        moves = {
            "UM": RandomMoveFlow("motion", self.motion * self.sizes(flow)[0]),
            "Mag": RandomMoveFlow("magnitude", self.magnitude),
            "Rot": RandomMoveFlow("quarter_turn"),
        }
        if name in moves:
            flow.transform = lambda window: moves[name](_coarse(window))
        return flow

    def sizes(self, flow: RayleighBenard) -> tuple[float, float]:
        """Root mean square of the components of a split's flow, and of their changes from frame to frame."""
        return flow_sizes(_pooled(flow.velocity[flow.windows[:, 0].unique()]), lag=FACTOR**2)

    def _fine(
        self, split: ConvectionSplit, history: int, horizon: int, transform: Callable[[Data], Data]
    ) -> RayleighBenard:
        return RayleighBenard(
            str(self.root), split, history=history, horizon=horizon,
            convection=Convection(rows=FACTOR * self.rows, seeds=tuple(range(self.boxes))),
            frames=FACTOR**2 * self.frames, interval=self.interval / FACTOR**2, start=self.start, transform=transform,
        )  # fmt: skip


class ConvectionData(FlowData):
    """Windows of convection in batches, with a test set for every symmetry.

    Args:
        flows: Where they come from.
        history: Frames that are given.
        **options: Of :class:`~pyg_liesym.systems.field_data.FlowData`.
    """

    test_names = MOVED

    def __init__(self, flows: ConvectionFlows, history: int, **options: Any) -> None:
        super().__init__(**options)
        self.flows, self.history = flows, history

    def read(self, split: str, horizon: int) -> RayleighBenard:
        """The flow, or a test set of it."""
        if split in ("train", "val"):
            return self.flows.flow(cast("ConvectionSplit", split), self.history, horizon)
        return self.flows.moved(cast("Moved", split), "test", self.history, horizon)

    def sizes(self) -> tuple[float, float]:
        """Root mean square of the training frames' components, and of their changes from frame to frame."""
        return self.flows.sizes(self.read("train", self.horizon))


def _coarse(window: Data) -> Data:
    """Mean velocities of 2 × 2 cells at every fourth frame, the last one given among them."""
    last = FACTOR**2 - 1
    window.x, window.y = (_pooled(frames[:, last :: FACTOR**2]) for frames in (window.x, window.y))
    return window


def _pooled(frames: Tensor) -> Tensor:
    pooled: Tensor = avg_pool2d(frames.flatten(0, 1), FACTOR).unflatten(0, frames.shape[:2])
    return pooled
