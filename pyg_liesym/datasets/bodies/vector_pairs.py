"""One-step pairs of states, each several vectors of one space, as graphs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import InMemoryDataset

from pyg_liesym.datasets.packing import pack


class VectorPairs(InMemoryDataset):
    r"""States of several vectors and the states one step later; every vector is a node.

    The nodes of a state are told apart by a one-hot ``x``, so that positions and momenta of several bodies can be given
    as vectors of one representation, in any fixed order. This is the shape in which symmetry discovery takes data.

    Args:
        states: Input states.
        targets: The states to forecast.

    Shapes:
        - **states**, **targets**: :math:`(S, V, n)`
        - a graph: ``x`` :math:`(V, V)`, ``pos`` :math:`(V, n)`, ``y`` :math:`(V, n)`

    Raises:
        ValueError: If the shapes differ or have no three dimensions.

    Example:
        >>> VectorPairs(torch.zeros(10, 4, 2), torch.ones(10, 4, 2))[0]
        Data(x=[4, 4], pos=[4, 2], y=[4, 2])
    """

    def __init__(self, states: Tensor, targets: Tensor) -> None:
        if states.dim() != 3 or states.shape != targets.shape:
            raise ValueError(
                "expected states and targets of one shape [samples, vectors, n], got "
                f"{list(states.shape)} and {list(targets.shape)}"
            )
        super().__init__()
        samples, vectors, _ = states.shape
        node = {
            "x": torch.eye(vectors, dtype=states.dtype).repeat(samples, 1),
            "pos": states.flatten(0, 1),
            "y": targets.flatten(0, 1),
        }
        self.data, self.slices = pack(torch.full((samples,), vectors), node, {})
