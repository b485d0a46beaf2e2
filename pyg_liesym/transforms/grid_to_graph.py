"""Fields on lattices as graphs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.field.lattice import Lattice


@functional_transform("grid_to_graph")
class GridToGraph(BaseTransform):
    r"""Make a graph of a field on a lattice: a node for each place, edges from the places of a square kernel.

    The nodes are numbered row by row from the uppermost, see :class:`~pyg_liesym.field.Lattice`. The graph remembers
    the lattice as ``lattice_size``, ``lattice_spacing``, ``lattice_origin`` and ``lattice_periodic``, so that
    :class:`~pyg_liesym.transforms.GraphToGrid` gives back the same field.

    Args:
        kernel_size: Odd size of the kernel whose places are neighbours, the node itself among them.
        spacing: Distance of neighbours in x and in y.
        origin: Place of the lowest left node.
        periodic: Whether the lattice closes on itself.
        attrs: Names of the fields ``[C, H, W]`` that become features of nodes.

    Shapes:
        - each field: :math:`(C, H, W)` to :math:`(H W, C)`; **pos**: :math:`(H W, 2)`;
          **edge_index**: :math:`(2, |E|)`, sorted by target; **edge_offset**: :math:`(|E|, 2)`, source minus target,
          across a periodic border

    Raises:
        ValueError: If no field is there, or they differ in height or width.

    Example:
        >>> graph = GridToGraph(3)(Data(x=torch.arange(6.0).view(1, 2, 3)))
        >>> graph.x.flatten().tolist(), graph.num_edges
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 28)
    """

    def __init__(
        self,
        kernel_size: int = 3,
        *,
        spacing: tuple[float, float] = (1.0, 1.0),
        origin: tuple[float, float] = (0.0, 0.0),
        periodic: bool = False,
        attrs: tuple[str, ...] = ("x", "y"),
    ) -> None:
        self.kernel_size, self.spacing, self.origin = kernel_size, spacing, origin
        self.periodic, self.attrs = periodic, attrs

    def forward(self, data: Data) -> Data:
        """Return the graph."""
        fields = {
            name: data[name] for name in self.attrs if isinstance(data.get(name), Tensor) and data[name].dim() == 3
        }
        sizes = {tuple(field.shape[-2:]) for field in fields.values()}
        if len(sizes) != 1:
            found = {name: list(value.shape) for name, value in data.to_dict().items() if isinstance(value, Tensor)}
            raise ValueError(f"expected fields [C, H, W] of one height and width among {self.attrs}, got {found}")
        ((height, width),) = sizes
        lattice = Lattice(height, width, self.spacing, self.origin, self.periodic)
        some = next(iter(fields.values()))
        for name, field in fields.items():
            data[name] = lattice.to_nodes(field[None])
        data.pos = lattice.positions(some.dtype).to(some.device)
        edge_index, edge_offset = lattice.edges(self.kernel_size, some.dtype)
        data.edge_index, data.edge_offset = edge_index.to(some.device), edge_offset.to(some.device)
        data.num_nodes = lattice.num_nodes
        data.lattice_size = torch.tensor([[height, width]])
        data.lattice_spacing = torch.tensor([self.spacing], dtype=torch.float64)
        data.lattice_origin = torch.tensor([self.origin], dtype=torch.float64)
        data.lattice_periodic = torch.tensor([self.periodic])
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.kernel_size}, spacing={self.spacing}, periodic={self.periodic})"
