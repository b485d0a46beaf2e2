"""Networks for properties of molecules: sums over atoms of what layers say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pyg_liesym.nn.message.reduce import pool_nodes
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.head import readout_head
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.typing import OptTensor

ELEMENTS = 5
NETWORKS = ("egnn", "liegnn", "vectors")


@dataclass(frozen=True)
class MoleculeWidths:
    """Sizes that give networks of about as many parameters.

    Args:
        hidden: Width of EGNN and LieGNN.
        num_layers: Layers of them.
        vector_hidden: Width of the nodes with vector channels.
        vector_layers: Layers with vector channels.
        channels: Vectors an atom.
        edge_channels: Width of the maps of edges with vector channels.
        scales: Factors of the distances (Å) with vector channels.
    """

    hidden: int = 48
    num_layers: int = 3
    vector_hidden: int = 56
    vector_layers: int = 2
    channels: int = 2
    edge_channels: int = 48
    scales: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0)


class SumOfAtoms(nn.Module):
    r"""Numbers of a molecule from a sum over its atoms, EGNN's form for QM9 (Satorras et al. 2021, Section 5.3).

    .. math:: y = \mathrm{MLP}_2\Bigl(\sum_i \mathrm{MLP}_1(h_i)\Bigr)

    where the network on the atoms is the layers and, by itself, :math:`\mathrm{MLP}_1`.

    Args:
        atoms: Network on the atoms; answers with :math:`(N, H)`, or with that and positions.
        hidden: H.
        out_channels: Numbers of a molecule.
        decoder: :math:`\mathrm{MLP}_1`, if the network has none.
        positions: Whether the network answers with positions as well.
    """

    def __init__(
        self, atoms: nn.Module, hidden: int, out_channels: int, *, decoder: nn.Module | None = None, positions: bool
    ) -> None:
        super().__init__()
        self.atoms, self.positions = atoms, positions
        self.decoder = nn.Identity() if decoder is None else decoder
        self.head = readout_head(hidden, hidden, out_channels, 0.0, "silu")

    def forward(self, x: Tensor, pos: Tensor, batch: OptTensor = None, batch_size: int | None = None) -> Tensor:
        """Give the numbers, shape :math:`(B, T)`."""
        said = self.atoms(x, pos, batch=batch, batch_size=batch_size)
        each = self.decoder(said[0] if self.positions else said)
        numbers: Tensor = self.head(pool_nodes(each, batch, batch_size, "sum"))
        return numbers


def molecule_network(name: str, widths: MoleculeWidths, out_channels: int, metric: Any = None) -> SumOfAtoms:
    """A network with fresh weights.

    ``egnn`` is the published network: no moves, the attention gate, squared distances. ``liegnn`` has the same layers
    with a J of one's choice, and with J = I is the same function of the same weights. ``vectors`` has vector channels.

    Args:
        name: One of `NETWORKS`.
        widths: Sizes.
        out_channels: Numbers of a molecule.
        metric: J (default: the identity); EGNN has none.

    Raises:
        ValueError: If there is no such network, or EGNN is given a metric.
    """
    metric = torch.eye(3) if metric is None and name != "egnn" else metric
    hidden = widths.hidden
    if name == "egnn":
        if metric is not None:
            raise ValueError("EGNN has no metric: take `liegnn`")
        net: nn.Module = EGNN(ELEMENTS, hidden, None, widths.num_layers, gate=True, pos_aggr=None)
        return SumOfAtoms(
            net, hidden, out_channels, decoder=readout_head(hidden, hidden, hidden, 0.0, "silu"), positions=True
        )
    if name == "liegnn":
        net = LieGNN(
            ELEMENTS, hidden, hidden, widths.num_layers, metric=metric, invariants=("distance",), psi="identity",
            pos_aggr=None,
        )  # fmt: skip
        return SumOfAtoms(net, hidden, out_channels, positions=True)
    if name == "vectors":
        hidden = widths.vector_hidden
        net = VectorLieGNN(
            ELEMENTS, hidden, hidden, widths.vector_layers, metric=metric, vector_channels=widths.channels,
            edge_channels=widths.edge_channels, scales=widths.scales, origin="mean", out_vectors=0,
        )  # fmt: skip
        return SumOfAtoms(net, hidden, out_channels, positions=False)
    raise ValueError(f"there is no network {name!r}; there are {', '.join(NETWORKS)}")
