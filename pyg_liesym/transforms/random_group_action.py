"""Random elements of any matrix group, for training on more frames than one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.transforms.move import move_rows, num_graphs


@functional_transform("random_group_action")
class RandomGroupAction(BaseTransform):
    r"""Move the vectors of every graph by a random :math:`g = \exp(\sum_i w_i L_i)`, w uniform in :math:`\pm` `scale`.

    Training on moved copies teaches a network a symmetry that it has not built in. The algebra may be a named one, a
    published one or one that was found, ``found.algebra``; inputs and outputs that move alike are moved by one g. For
    four-momenta with features made of them there are :class:`RandomBoost` and :class:`RandomRotation`.

    Args:
        algebra: The algebra.
        attrs: Names of the features that move: rows of one vector or of several, one after the other. Those that are
            not named stay.
        scale: Bound on every coefficient. Of a rotation of frequency 1, π is a full turn; boosts grow exponentially.
        generator: Source of randomness, on the CPU; without one torch's default.

    Shapes:
        - each feature: :math:`(N, k n)` with n the size of the matrices

    Raises:
        ValueError: If the scale is negative or not finite, the algebra has no matrices, no feature is named, or a named
            feature is not there or of another width.

    Example:
        >>> step = RandomGroupAction(LieAlgebra.rotation(2), ["x", "y"], scale=torch.pi)
        >>> data = Data(x=torch.tensor([[3.0, 4.0]]), y=torch.tensor([[4.0, -3.0, 1.0, 0.0]]))
        >>> moved = step(data)
        >>> round(float(moved.x.norm()), 4), round(float(moved.x @ moved.y[0, :2]), 4)
        (5.0, 0.0)
    """

    def __init__(
        self,
        algebra: LieAlgebra,
        attrs: Sequence[str] = ("pos",),
        scale: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        if not 0 <= scale < float("inf"):
            raise ValueError(f"expected a finite `scale` of at least 0, got {scale}")
        if algebra.dim == 0:
            raise ValueError("expected an algebra with a matrix to move by, got one of dimension 0")
        if isinstance(attrs, str) or not attrs:
            raise ValueError(f"expected a list of names of features to move, got {attrs!r}")
        self.algebra, self.attrs, self.scale, self.generator = algebra.to(torch.float64, "cpu"), attrs, scale, generator

    def forward(self, data: Data) -> Data:
        """Return the moved graphs."""
        matrices = self.algebra.sample(num_graphs(data), self.scale, self.generator)
        for name in self.attrs:
            move_rows(data, name, matrices)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.algebra}, {list(self.attrs)}, scale={self.scale:.4g})"
