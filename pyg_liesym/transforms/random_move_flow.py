"""Windows of flows, each moved by a random symmetry of its own."""

from __future__ import annotations

import hashlib
import math
from typing import Literal, TypeAlias, get_args

import torch
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.field.flow_action import FlowAction
from pyg_liesym.transforms.move_flow import MoveFlow

FlowSymmetry: TypeAlias = Literal["motion", "magnitude", "quarter_turn", "rotation", "reflection", "scaling"]


@functional_transform("random_move_flow")
class RandomMoveFlow(BaseTransform):
    r"""Move every window of a flow by a random element of one symmetry, always the same for the same window.

    The element depends on the seed and on the window's ``simulation`` and ``frame`` alone, so that a transformed test
    set is one set, whoever reads it in whatever order. The sets are those of `EquNet
    <https://arxiv.org/abs/2002.03061>`_ (Wang, Walters, Yu, ICLR 2021; its released code writes the rotated set without
    the rotation), turns by other angles and reflections:

    ================ ==========================================================================
    ``motion``       :math:`w + c`, both components of c uniform in :math:`\pm` `limit`
    ``magnitude``    :math:`a w`, a uniform between 0 and `limit`
    ``quarter_turn`` 90°, 180° or 270°, exact
    ``rotation``     an angle uniform in :math:`\pm` `limit`, in radians
    ``reflection``   y to −y in one half of the windows
    ``scaling``      :math:`\lambda\, w(\lambda x, \lambda^2 t)`, log λ uniform in ± log `limit`
    ================ ==========================================================================

    Args:
        symmetry: Which of them.
        limit: See there; in the units of the flow for ``motion``. By default 1, 2, π and 2.
        seed: Of the draws.
        horizon: As in :class:`MoveFlow`; so are ``size`` and ``fill``. For h + s frames of a ``scaling`` the data set
            has to give ``FlowAction(scale=limit).frames(h + s)``.
        size: Rows and columns that are cut out of the middle.
        fill: What stands where the flow is not known.

    Raises:
        ValueError: If there is no such symmetry, the limit does not fit, or the data are no window of a flow.

    Example:
        >>> window = Data(x=torch.zeros(1, 1, 2, 4, 4), y=torch.zeros(1, 1, 2, 4, 4), simulation=3, frame=7)
        >>> step = RandomMoveFlow("motion", 0.5)
        >>> first, again = step(window.clone()), step(window.clone())
        >>> bool(first.x.abs().max() <= 0.5), torch.equal(first.y, again.y)
        (True, True)
    """

    def __init__(
        self,
        symmetry: FlowSymmetry,
        limit: float | None = None,
        *,
        seed: int = 0,
        horizon: int | None = None,
        size: tuple[int, int] | None = None,
        fill: float = math.nan,
    ) -> None:
        if symmetry not in get_args(FlowSymmetry):
            raise ValueError(f"symmetry must be one of {list(get_args(FlowSymmetry))}, got {symmetry!r}")
        default = {"motion": 1.0, "magnitude": 2.0, "rotation": math.pi, "scaling": 2.0}.get(symmetry)
        if limit is not None and (default is None or not 0 < limit < math.inf or (symmetry == "scaling" and limit < 1)):
            needs = "no limit" if default is None else f"a finite limit above {int(symmetry == 'scaling')}"
            raise ValueError(f"expected {needs} of {symmetry!r}, got {limit}")
        self.symmetry, self.limit, self.seed = symmetry, default if limit is None else limit, seed
        self.horizon, self.size, self.fill = horizon, size, fill

    def action(self, simulation: int, frame: int) -> FlowAction:
        """The element by which a window is moved."""
        key = hashlib.sha256(f"{self.seed} {self.symmetry} {simulation} {frame}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(key[:7], "little"))
        first, second = (2 * torch.rand(2, generator=generator, dtype=torch.float64) - 1).tolist()
        if self.symmetry == "quarter_turn":
            return FlowAction(angle=math.pi / 2 * int(torch.randint(1, 4, (), generator=generator)))
        if self.symmetry == "reflection" or self.limit is None:
            return FlowAction(reflected=first > 0)
        if self.symmetry == "motion":
            return FlowAction(motion=(self.limit * first, self.limit * second))
        if self.symmetry == "magnitude":
            return FlowAction(magnitude=self.limit * (1 + first) / 2)
        if self.symmetry == "rotation":
            return FlowAction(angle=self.limit * first)
        return FlowAction(scale=self.limit**first)

    def forward(self, data: Data) -> Data:
        """Return the moved window."""
        if "simulation" not in data or "frame" not in data:
            raise ValueError("expected a window with the numbers of its `simulation` and its `frame`, got none")
        action = self.action(int(data.simulation), int(data.frame))
        return MoveFlow(action, horizon=self.horizon, size=self.size, fill=self.fill)(data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.symmetry!r}, limit={self.limit}, seed={self.seed})"
