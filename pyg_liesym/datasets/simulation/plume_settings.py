"""Which plumes are simulated: batches of them, and the settings of the paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
PlumeSetting: TypeAlias = Literal["translation", "rotation", "scale", "graded", "wind", "shear"]

SIZE = 64.0
LEVELS = 10
FRAMES = {"translation": 310, "rotation": 310, "scale": 310, "graded": 61, "wind": 180, "shear": 120}
_FROM_WALL = 5.0
# The side of the inflow and the direction inwards, each the one before turned by 90° counterclockwise.
_INWARDS = np.array([[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]])


@dataclass(frozen=True)
class Plumes:
    """Plumes in boxes of one size, simulated together; see :func:`simulate_plumes` for what the numbers do.

    Args:
        inflow: Middle of the inflow of each plume, from the box's lower left corner.
        buoyancy: What a frame adds to the velocity of smoke of density 1: one vector for each plume, or a field.
        radius: Radius of the inflow.
        rate: Density that the inflow adds in a frame.
        fading: Share of the smoke that is lost in a frame, so that the flow can settle; the paper's plumes only fill.
        resolution: Rows and columns of the results.
        spacing: Width of a cell.
        smoke_step: Time for which the smoke is carried along in a frame.
        velocity_step: Time for which the velocity is carried along in a frame.
        wind: Velocity that carries smoke and velocity along besides the flow's own, as if it blew through the walls: a
            vector or a field, the same for all plumes; None for none.
        factor: The problem is enlarged so many times (box, inflow, buoyancy, number of cells), and the results are
            brought back to ``resolution`` and divided by it.

    Shapes:
        - **inflow**: :math:`(S, 2)`; **buoyancy**: :math:`(S, 2)` or :math:`(S, 2, H, W)`, rows downwards; **wind**:
          :math:`(2)` or :math:`(2, H, W)`

    Raises:
        ValueError: If shapes do not fit, a number is not positive or an inflow is not in the box.
    """

    inflow: Array
    buoyancy: Array
    radius: float = 5.0
    rate: float = 1.0
    resolution: tuple[int, int] = (64, 64)
    spacing: float = 1.0
    smoke_step: float = 1.0
    velocity_step: float = 0.5
    factor: float = 1.0
    wind: Array | None = None
    fading: float = 0.0

    def __post_init__(self) -> None:
        for name in ("radius", "rate", "spacing", "smoke_step", "velocity_step", "factor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.fading <= 1:
            raise ValueError(f"fading must be between 0 and 1, got {self.fading}")
        if len(self.resolution) != 2 or min(self.resolution) < 4:
            raise ValueError(f"resolution must be two numbers of cells, 4 or more, got {self.resolution}")
        count = len(self.inflow)
        if self.inflow.shape != (count, 2) or count == 0:
            raise ValueError(f"inflow must be [plumes, 2], got {list(self.inflow.shape)}")
        if self.buoyancy.shape not in ((count, 2), (count, 2, *self.resolution)):
            raise ValueError(
                f"buoyancy of {count} plumes must be [{count}, 2] or a field [{count}, 2, H, W] of the resolution "
                f"{self.resolution}, got {list(self.buoyancy.shape)}"
            )
        if self.buoyancy.ndim == 4 and self.factor != 1:
            raise ValueError("a field of buoyancy cannot be enlarged: give one vector for each plume, or factor=1")
        if self.wind is not None and self.wind.shape not in ((2,), (2, *self.resolution)):
            raise ValueError(
                f"wind must be a vector [2] or a field [2, H, W] of the resolution {self.resolution}, "
                f"got {list(self.wind.shape)}"
            )
        if self.wind is not None and self.wind.ndim == 3 and self.factor != 1:
            raise ValueError("a field of wind cannot be enlarged: give one vector, or factor=1")
        if not ((self.inflow > 0) & (self.inflow < self.size)).all():
            raise ValueError(
                f"every inflow must be inside the box of {self.size[0]:g} × {self.size[1]:g} "
                f"(resolution times spacing), got {self.inflow.tolist()}"
            )

    def __len__(self) -> int:
        return len(self.inflow)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the box."""
        return self.spacing * self.resolution[1], self.spacing * self.resolution[0]


def plume_batches(setting: PlumeSetting, resolution: int = 64) -> list[Plumes]:
    r"""The plumes of a data set of `Approximately Equivariant Networks <https://arxiv.org/abs/2201.11969>`_.

    Wang, Walters, Yu, ICML 2022, Section 5.1; the constants are those of the authors' data. The box measures 64 × 64
    whatever the number of cells, so that a coarser lattice shows the same flow. In the order of their numbers:

    =============== ======= ============================================================================================
    setting         plumes  what breaks the symmetry
    =============== ======= ============================================================================================
    ``translation`` 35      buoyancy (0, 0.1) in the left half, (0, 0.2) in the right; inflows at x = 8, 16 … 56 (outer)
                            and y = 5, 10 … 25 (inner)
    ``rotation``    36      plume k - 1 rises from the middle of side (k - 1) mod 4 with strength 0.025 k, k = 1 … 36
    ``scale``       38      plume i is enlarged 1 + i / 10 times, with as much finer eddies that the lattice can hold
    ``graded``      40      plume 4 j + m rises from side m with strength 0.005 (1 + j m): level j = 0 … 9 of breaking
                            the symmetry under quarter turns, none at j = 0
    ``wind``        36      plume 4 j + m rises from side m with strength 0.1 + 0.05 j, j = 0 … 8, in a wind (2, 0);
                            a twentieth of the smoke fades in every frame
    ``shear``       35      inflows of ``translation``, buoyancy (0, 0.2), in a wind along x from -6 (bottom) to 6 (top)
    =============== ======= ============================================================================================

    Sides are counted counterclockwise from the bottom; inflows are 5 from the wall. The last two are ours: there the
    symmetry is broken so far that small networks and short trainings show it.

    Args:
        setting: Which data set.
        resolution: Rows and columns.

    Returns:
        Batches that can be simulated together: one, or as many as plumes for ``scale``.

    Raises:
        ValueError: If there is no such setting or ``resolution`` is below 4.

    Example:
        >>> [batch] = plume_batches("rotation", 32)
        >>> batch.inflow[:2].tolist(), batch.buoyancy[:2].tolist()
        ([[32.0, 5.0], [59.0, 32.0]], [[0.0, 0.025], [-0.05, 0.0]])
    """
    if setting not in get_args(PlumeSetting):
        raise ValueError(f"setting must be one of {list(get_args(PlumeSetting))}, got {setting!r}")
    if resolution < 4:
        raise ValueError(f"resolution must be at least 4, got {resolution}")
    grid: dict[str, Any] = {"resolution": (resolution, resolution), "spacing": SIZE / resolution}
    x, y = np.meshgrid(np.arange(8.0, 64.0, 8.0), np.arange(5.0, 30.0, 5.0), indexing="ij")
    inflow, middles = np.stack([x.ravel(), y.ravel()], -1), (np.arange(resolution) + 0.5) / resolution
    if setting == "wind":
        grade, side = np.divmod(np.arange(36), 4)
        return [_from_sides(side, 0.1 + 0.05 * grade, wind=np.array([2.0, 0.0]), fading=0.05, **grid)]
    if setting == "shear":
        along = np.tile(6.0 - 12.0 * middles[:, None], (1, resolution))
        wind = np.stack([along, np.zeros_like(along)])
        return [Plumes(inflow, np.tile([0.0, 0.2], (len(inflow), 1)), wind=wind, **grid)]
    if setting == "translation":
        upwards = np.where(middles < 0.5, 0.1, 0.2)
        field = np.stack([np.zeros((resolution, resolution)), np.tile(upwards, (resolution, 1))])
        return [Plumes(inflow, np.tile(field, (len(inflow), 1, 1, 1)), **grid)]
    if setting == "rotation":
        strength, side = 0.025 * np.arange(1, 37), np.arange(36) % 4
        return [_from_sides(side, strength, velocity_step=1.0, **grid)]
    if setting == "graded":
        level, side = np.divmod(np.arange(4 * LEVELS), 4)
        return [_from_sides(side, 0.005 * (1 + level * side), **grid)]
    factors = 1 + np.arange(38) / 10
    return [_from_sides(np.zeros(1, int), np.full(1, 0.1), factor=float(factor), **grid) for factor in factors]


def _from_sides(side: NDArray[np.int64], strength: NDArray[Any], **options: Any) -> Plumes:
    inwards = _INWARDS[side]
    return Plumes(SIZE / 2 - (SIZE / 2 - _FROM_WALL) * inwards, strength[:, None] * inwards, **options)
