"""Graphs of lattices, and points near one, as fields."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.field.lattice import Lattice


@functional_transform("graph_to_grid")
class GraphToGrid(BaseTransform):
    r"""Give back the fields of a graph that :class:`~pyg_liesym.transforms.GridToGraph` made; also of a batch.

    The inverse is exact, whatever order the nodes have come into: they are found by ``pos``.

    Args:
        attrs: Names of the features of nodes that become fields.

    Shapes:
        - each feature: :math:`(H W, C)` to :math:`(C, H, W)`; of a batch :math:`(B H W, C)` to :math:`(B, C, H, W)`

    Raises:
        ValueError: If the graph does not remember a lattice, its lattices differ, or a node is not at a place of it.

    Example:
        >>> from pyg_liesym.transforms.grid_to_graph import GridToGraph
        >>> field = torch.randn(2, 3, 4)
        >>> GraphToGrid()(GridToGraph()(Data(x=field.clone()))).x.equal(field)
        True
    """

    def __init__(self, attrs: tuple[str, ...] = ("x", "y")) -> None:
        self.attrs = attrs

    def forward(self, data: Data) -> Data:
        """Return the fields."""
        sizes = data.get("lattice_size")
        if not isinstance(sizes, Tensor):
            raise ValueError("expected a graph with `lattice_size`, as GridToGraph makes it")
        if not bool((sizes == sizes[0]).all()):
            raise ValueError(f"expected graphs of lattices of one size, got {sizes.unique(dim=0).tolist()}")
        height, width = sizes[0].tolist()
        spacing, origin = data.lattice_spacing.double(), data.lattice_origin.double()
        count, lattice = sizes.size(0), Lattice(height, width)
        batch = data.get("batch")
        graph = torch.zeros(data.pos.size(0), dtype=torch.long) if batch is None else batch
        steps = (data.pos.double() - origin[graph]) / spacing[graph]
        column, up = steps.round().long().unbind(1)
        row = height - 1 - up
        place = (graph * height + row) * width + column
        off = (steps - steps.round()).abs().amax(1) > 1e-3
        outside = (row < 0) | (row >= height) | (column < 0) | (column >= width)
        if (
            bool((off | outside).any())
            or place.numel() != count * lattice.num_nodes
            or place.unique().numel() != place.numel()
        ):
            raise ValueError(f"the nodes are not at the {height} x {width} places of their lattice, once each")
        for name in self.attrs:
            nodes = data.get(name)
            if isinstance(nodes, Tensor) and nodes.dim() == 2 and nodes.size(0) == place.numel():
                field = lattice.to_field(torch.empty_like(nodes).index_copy(0, place, nodes))
                data[name] = field if batch is not None else field[0]
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.attrs})"
