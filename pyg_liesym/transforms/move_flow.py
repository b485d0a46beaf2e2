"""Windows of flows, moved by a symmetry of flows."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.field.flow_action import FlowAction


@functional_transform("move_flow")
class MoveFlow(BaseTransform):
    r"""Move a window of a flow, what is given and what follows alike, by one :class:`~pyg_liesym.field.FlowAction`.

    So a test set becomes that of another observer: in uniform motion, with another magnitude, turned, or scaled in
    space and time. The whole window is moved as one sequence of frames and cut again: ``x`` keeps its number of frames,
    ``y`` gets ``horizon``. A scaling by λ > 1 makes fewer frames: for h + s of them the data set has to give
    ``action.frames(h + s)``.

    What comes from outside the lattice is marked, not invented: ``mask`` is False there, and the value is ``fill``.
    With ``size`` the middle of the result is cut out, so that nothing unknown need be left: a turned square of n cells
    holds one of n/√2 at every angle, one scaled by λ > 1 one of n/λ. Other features, such as latitudes, stay as they
    are.

    Args:
        action: The transformation.
        horizon: Frames of ``y`` in the result, by default as many as before.
        size: Rows and columns that are cut out of the middle.
        fill: What stands where the flow is not known; NaN by default, so that it cannot be mistaken for rest.

    Shapes:
        - ``x``: :math:`(1, h, 2, H, W)`; ``y``: :math:`(1, s, 2, H, W)`; ``mask``, where there is one:
          :math:`(1, h + s, 1, H, W)`. The result has all three.

    Raises:
        ValueError: If the data are no window of a flow, have too few frames, or ``size`` is larger than the lattice.

    Example:
        >>> window = Data(x=torch.zeros(1, 2, 2, 8, 8), y=torch.zeros(1, 7, 2, 8, 8))
        >>> moved = MoveFlow(FlowAction(motion=(1.0, 0.0), scale=2.0), horizon=1, size=(4, 4))(window)
        >>> moved.x.shape, moved.y.shape, moved.x.unique().tolist(), bool(moved.mask.all())
        (torch.Size([1, 2, 2, 4, 4]), torch.Size([1, 1, 2, 4, 4]), [0.0, 1.0], True)
    """

    def __init__(
        self,
        action: FlowAction,
        *,
        horizon: int | None = None,
        size: tuple[int, int] | None = None,
        fill: float = math.nan,
    ) -> None:
        self.action, self.horizon, self.size, self.fill = action, horizon, size, fill

    def forward(self, data: Data) -> Data:
        """Return the moved window."""
        history, horizon = _frames(data)
        horizon = horizon if self.horizon is None else self.horizon
        moved, known = self.action(torch.cat([data.x, data.y], 1), data.get("mask"))
        if moved.size(1) < history + horizon:
            raise ValueError(
                f"{self.action} makes {moved.size(1)} frames of {data.x.size(1) + data.y.size(1)}, fewer than "
                f"{history} + {horizon}: give windows of {self.action.frames(history + horizon)} frames, or a smaller "
                "horizon"
            )
        moved, known = (self._cut(each[:, : history + horizon]) for each in (moved, known))
        moved = torch.where(known, moved, self.fill)
        data.x, data.y, data.mask = moved[:, :history], moved[:, history:], known
        return data

    def _cut(self, frames: Tensor) -> Tensor:
        if self.size is None:
            return frames
        spare = [have - want for have, want in zip(frames.shape[-2:], self.size, strict=True)]
        if min(spare) < 0:
            raise ValueError(f"expected a size of at most {list(frames.shape[-2:])}, got {self.size}")
        top, left = (each // 2 for each in spare)
        return frames[..., top : top + self.size[0], left : left + self.size[1]]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.action}, horizon={self.horizon}, size={self.size})"


def _frames(data: Data) -> tuple[int, int]:
    """Number of frames that are given, and that follow."""
    parts = [data.get(name) for name in ("x", "y")]
    for part in parts:
        if not isinstance(part, Tensor) or part.dim() != 5 or part.size(2) != 2 or part.shape[3:] != parts[0].shape[3:]:
            found = [list(part.shape) if isinstance(part, Tensor) else part for part in parts]
            raise ValueError(f"expected a window of a flow, x [1, h, 2, H, W] and y [1, s, 2, H, W], got {found}")
    return parts[0].size(1), parts[1].size(1)
