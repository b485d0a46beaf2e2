"""Images read at the places of particles."""

from __future__ import annotations

from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.field.lattice import Lattice


@functional_transform("grid_to_particles")
class GridToParticles(BaseTransform):
    r"""Read an image at the places of the particles it was made of; zero for those outside.

    Args:
        attr: Name of the feature of particles that the image's values become.

    Shapes:
        - **grid**: :math:`(C, H, W)`, of a batch :math:`(B, C, H, W)`; **output** ``attr``: :math:`(N, C)`

    Raises:
        ValueError: If the data have no image that :class:`~pyg_liesym.transforms.ParticlesToGrid` made.

    Example:
        >>> import torch
        >>> from pyg_liesym.transforms.particles_to_grid import ParticlesToGrid
        >>> jet = Data(pos=torch.tensor([[0.1, 0.1], [0.1, 0.3]]), x=torch.tensor([[1.0], [2.0]]))
        >>> GridToParticles("cell_sum")(ParticlesToGrid((2, 2), (1.0, 1.0))(jet)).cell_sum.flatten().tolist()
        [3.0, 3.0]
    """

    def __init__(self, attr: str = "x") -> None:
        self.attr = attr

    def forward(self, data: Data) -> Data:
        """Return the data with the image's values at the particles."""
        grid, cell = data.get("grid"), data.get("cell")
        if not isinstance(grid, Tensor) or not isinstance(cell, Tensor):
            raise ValueError("expected `grid` and `cell`, as ParticlesToGrid makes them")
        grid = grid[None] if grid.dim() == 3 else grid
        flat = Lattice(*grid.shape[-2:]).to_nodes(grid)
        data[self.attr] = flat[cell.clamp(min=0)] * (cell >= 0)[:, None]
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.attr!r})"
