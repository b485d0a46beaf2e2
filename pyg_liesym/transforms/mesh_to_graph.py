"""Points and cells of a mesh as graphs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform


@functional_transform("mesh_to_graph")
class MeshToGraph(BaseTransform):
    r"""Connect the points of a mesh or cloud: along its cells, within a radius, or to the k nearest.

    Neighbours are found by SciPy's k-d tree, batch by batch. Exactly one of the arguments says how.

    Args:
        radius: Connect points that are at most this far apart, in the units of ``pos``.
        k: Connect each point to its k nearest; of equally near ones any.
        cells: Connect points of one cell: ``data.face``, ``[3, num_cells]`` for triangles, ``[4, num_cells]`` for
            quadrilaterals (all pairs of corners).
        loop: Whether a point is its own neighbour too, which convolutions want.

    Shapes:
        - **pos**: :math:`(N, d)`; **edge_index**: :math:`(2, |E|)`, sorted by target, then by source

    Raises:
        ValueError: If not exactly one way is given, ``pos`` or ``face`` is not there, or places are not finite.

    Example:
        >>> square = Data(pos=torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
        >>> MeshToGraph(radius=1.0, loop=False)(square).edge_index.tolist()
        [[1, 2, 0, 3, 0, 3, 1, 2], [0, 0, 1, 1, 2, 2, 3, 3]]
    """

    def __init__(
        self, *, radius: float | None = None, k: int | None = None, cells: bool = False, loop: bool = True
    ) -> None:
        if sum((radius is not None, k is not None, cells)) != 1:
            raise ValueError(f"give one of `radius`, `k` and `cells`, got {radius}, {k} and {cells}")
        if (radius is not None and not radius > 0) or (k is not None and k < 1):
            raise ValueError(f"expected a positive radius or number of neighbours, got {radius if k is None else k}")
        self.radius, self.k, self.cells, self.loop = radius, k, cells, loop

    def forward(self, data: Data) -> Data:
        """Return the graph."""
        pos = data.get("pos")
        if not isinstance(pos, Tensor) or pos.dim() != 2:
            raise ValueError(f"expected places `pos` [num_nodes, d], got {None if pos is None else list(pos.shape)}")
        if not bool(pos.isfinite().all()):
            raise ValueError(f"expected finite places, got {int((~pos.isfinite()).any(1).sum())} that are not")
        pairs = self._along_cells(data) if self.cells else self._nearby(pos, data.get("batch"))
        if self.loop:
            own = torch.arange(pos.size(0), device=pos.device)
            pairs = torch.cat([pairs, torch.stack([own, own])], 1)
        order = pairs.flip(0).unique(dim=1).flip(0)
        data.edge_index = order.contiguous()
        return data

    def _along_cells(self, data: Data) -> Tensor:
        face = data.get("face")
        if not isinstance(face, Tensor) or face.dim() != 2:
            raise ValueError(
                f"expected cells `face` [corners, num_cells], got {None if face is None else list(face.shape)}"
            )
        corners = range(face.size(0))
        return torch.cat([torch.stack([face[i], face[j]]) for i in corners for j in corners if i != j], 1)

    def _nearby(self, pos: Tensor, batch: Tensor | None) -> Tensor:
        graphs = torch.zeros(pos.size(0), dtype=torch.long) if batch is None else batch.cpu()
        found = [
            nodes[self._of_one(pos[nodes.to(pos.device)].detach().cpu().double().numpy())]
            for nodes in (torch.nonzero(graphs == graph)[:, 0] for graph in graphs.unique())
        ]
        return torch.cat(found, 1).to(pos.device) if found else torch.empty(2, 0, dtype=torch.long)

    def _of_one(self, places: np.ndarray) -> Tensor:
        from scipy.spatial import cKDTree

        tree = cKDTree(places)
        if self.radius is not None:
            # Rounding must not decide about neighbours at exactly this distance.
            near = tree.query_pairs(self.radius * (1 + 1e-6), output_type="ndarray").astype(np.int64)
            return torch.from_numpy(np.concatenate([near, near[:, ::-1]]).T.copy())
        assert self.k is not None
        count = min(self.k + 1, len(places))
        _, source = tree.query(places, count)
        source = source.reshape(len(places), count)
        target = np.broadcast_to(np.arange(len(places))[:, None], source.shape)
        # Where others sit at the same place, a point need not be its own first neighbour.
        own = source == target
        own[~own.any(1), -1] = True
        return torch.from_numpy(np.stack([source[~own], target[~own]]).astype(np.int64))

    def __repr__(self) -> str:
        how = "cells=True" if self.cells else f"radius={self.radius}" if self.k is None else f"k={self.k}"
        return f"{type(self).__name__}({how}, loop={self.loop})"
