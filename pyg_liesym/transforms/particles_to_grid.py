"""Particles as images, and images as particles."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.field.lattice import Lattice


@functional_transform("particles_to_grid")
class ParticlesToGrid(BaseTransform):
    r"""Sum what particles carry in the cells of a lattice: a jet image, or a density.

    The image ``grid`` has row 0 uppermost and its middle at the origin of ``pos``. Particles outside are left out, and
    their share of the first channel is noted as ``outside``. ``cell`` keeps each particle's cell (−1 outside), with
    which :class:`~pyg_liesym.transforms.GridToParticles` reads the image at the particles' places.

    Args:
        size: Height and width in cells.
        extent: Height and width in the units of ``pos``.
        attr: What particles carry, ``[N]`` or ``[N, C]``; for a jet ``p4`` gives the transverse momentum.

    Shapes:
        - **pos**: :math:`(N, 2)`; **grid**: :math:`(C, H, W)`, of a batch :math:`(B, C, H, W)`

    Units:
        Those of ``attr``.

    Raises:
        ValueError: On numbers that are not positive, or data without places or without ``attr``.

    Example:
        >>> jet = Data(pos=torch.tensor([[0.1, 0.1], [0.1, 0.3], [5.0, 0.0]]), x=torch.tensor([[1.0], [2.0], [4.0]]))
        >>> image = ParticlesToGrid((2, 2), (1.0, 1.0))(jet)
        >>> image.grid.tolist(), round(float(image.outside), 3)
        ([[[0.0, 3.0], [0.0, 0.0]]], 0.571)
    """

    def __init__(
        self, size: tuple[int, int] = (32, 32), extent: tuple[float, float] = (1.6, 1.6), attr: str = "x"
    ) -> None:
        if min(size) < 1 or min(extent) <= 0:
            raise ValueError(f"expected a positive size and extent, got {size} and {extent}")
        self.size, self.extent, self.attr = size, extent, attr

    def forward(self, data: Data) -> Data:
        """Return the data with an image."""
        pos, values = data.get("pos"), data.get(self.attr)
        if not isinstance(pos, Tensor) or pos.dim() != 2 or pos.size(1) != 2:
            raise ValueError(f"expected places `pos` [N, 2], got {None if pos is None else list(pos.shape)}")
        if not isinstance(values, Tensor) or values.size(0) != pos.size(0):
            raise ValueError(f"expected `{self.attr}` with a row for each of {pos.size(0)} particles")
        if self.attr == "p4":
            values = torch.hypot(values[:, 1], values[:, 2])
        values = values[:, None] if values.dim() == 1 else values
        (height, width), (tall, wide) = self.size, self.extent
        row = ((tall / 2 - pos[:, 1]) * (height / tall)).floor().long()
        column = ((pos[:, 0] + wide / 2) * (width / wide)).floor().long()
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        batch = data.get("batch")
        count = 1 if batch is None else int(data.num_graphs)
        image = torch.zeros_like(row) if batch is None else batch
        cell = torch.where(inside, (image * height + row) * width + column, -1)
        flat = values.new_zeros(count * height * width, values.size(1)).index_add(0, cell[inside], values[inside])
        data.cell = cell
        lost, whole = (values.new_zeros(count).index_add(0, i, v) for i, v in (
            (image[~inside], values[~inside, 0]), (image, values[:, 0]),
        ))  # fmt: skip
        data.outside = lost / torch.where(whole == 0, 1.0, whole)
        grid = Lattice(height, width).to_field(flat)
        data.grid = grid if batch is not None else grid[0]
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.size}, {self.extent}, attr={self.attr!r})"
