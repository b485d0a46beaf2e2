"""One matrix for every graph of a batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data


def num_graphs(data: Data) -> int:
    """Number of graphs in a batch; 1 for a single one.

    Raises:
        ValueError: If it is a batch that does not say which graph a row is of.
    """
    if data.get("batch") is not None:
        return int(data.num_graphs)
    if isinstance(data, Batch):
        raise ValueError(
            "expected a batch of graphs with `batch`: give the graphs `num_nodes` before they are put together"
        )
    return 1


def four_momenta(data: Data) -> Tensor:
    """The four-momenta of jets.

    Raises:
        ValueError: If there are none of shape ``[num_nodes, 4]``.
    """
    p4 = data.get("p4")
    if not isinstance(p4, Tensor) or p4.dim() != 2 or p4.size(1) != 4:
        found = "none" if p4 is None else str(list(p4.shape))
        raise ValueError(f"expected jets with four-momenta `p4` of shape [num_nodes, 4], got {found}")
    return p4


def jet_of_nodes(data: Data) -> Tensor:
    """Jet of every constituent, ``[num_nodes]``."""
    batch = data.get("batch")
    if batch is None:
        p4 = four_momenta(data)
        return torch.zeros(p4.size(0), dtype=torch.long, device=p4.device)
    return torch.as_tensor(batch)


def move_rows(data: Data, name: str, matrices: Tensor) -> Tensor:
    """Apply a matrix to the rows of a feature in each graph, in float64, and give them as they are then.

    Args:
        data: A graph or a batch of graphs; its feature is replaced, not written into.
        name: Of the feature: one vector in a row, or several.
        matrices: One for each graph.

    Shapes:
        - **matrices**: :math:`(B, n, n)`; **output**: :math:`(N, k, n)`, float64

    Raises:
        ValueError: If there is no such feature, or its rows are not made of vectors of n components.
    """
    rows, n = data.get(name), matrices.size(-1)
    if not isinstance(rows, Tensor) or rows.dim() != 2 or rows.size(1) == 0 or rows.size(1) % n:
        found = "none" if rows is None else str(list(rows.shape)) if isinstance(rows, Tensor) else type(rows).__name__
        raise ValueError(f"expected `{name}` with vectors of {n} components in rows [N, k·{n}], got {found}")
    vectors, batch = rows.double().unflatten(1, (-1, n)), data.get("batch")
    graph = torch.zeros_like(rows[:, 0], dtype=torch.long) if batch is None else batch
    if len(graph) != len(rows):
        raise ValueError(f"expected `{name}` with a row for each of {len(graph)} nodes, got {len(rows)} rows")
    moved = torch.einsum("nij,nkj->nki", matrices.to(rows.device, torch.float64)[graph], vectors)
    data[name] = moved.flatten(1).to(rows.dtype)
    return moved


def move(data: Data, matrices: Tensor) -> Data:
    """Apply a matrix to the four-momenta of each jet, and make ``pos`` and ``jet`` anew where they are.

    Args:
        data: A jet or a batch of jets; its features are replaced, not written into.
        matrices: One for each jet.

    Shapes:
        - **matrices**: :math:`(B, 4, 4)`
    """
    four_momenta(data)
    jet, moved = jet_of_nodes(data), move_rows(data, "p4", matrices)[:, 0]
    if "pos" in data or "jet" in data:
        axis, plane = _collider_coordinates(moved, jet, matrices.size(0))
        if "pos" in data:
            data.pos = plane.to(data.pos.dtype)
        if "jet" in data:
            data.jet = axis.to(data.jet.dtype)
    return data


def _collider_coordinates(p4: Tensor, jet: Tensor, num: int) -> tuple[Tensor, Tensor]:
    """The axis (pT, η, φ, E) of each jet, and (Δη, Δφ) of its constituents, Δη away from the middle as in JetClass."""
    total = p4.new_zeros(num, 4).index_add(0, jet, p4)
    eta, phi = _eta(total), torch.atan2(total[:, 2], total[:, 1])
    axis = torch.stack([total[:, 1:3].norm(dim=1), eta, phi, total[:, 0]], dim=1)
    side = torch.where(eta < 0, -1.0, 1.0)[jet]
    deta = (_eta(p4) - eta[jet]) * side
    dphi = (torch.atan2(p4[:, 2], p4[:, 1]) - phi[jet] + math.pi) % (2 * math.pi) - math.pi
    return axis, torch.stack([deta, dphi], dim=1)


def _eta(p4: Tensor) -> Tensor:
    # Finite along the beam, where the pseudorapidity itself is not.
    return torch.asinh(p4[:, 3] / p4[:, 1:3].norm(dim=1).clamp(min=1e-30))
