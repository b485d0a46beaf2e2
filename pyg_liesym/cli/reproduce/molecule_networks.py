"""Networks for properties of molecules: sums over atoms of what layers say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pyg_liesym.nn.message.invariants import gram_matrix
from pyg_liesym.nn.message.metric import Metric, MetricShape, as_metric
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
        summed_vectors: Vectors of an atom whose sums over the molecule the answer is made of besides.
        scales: Factors of the distances (Å) with vector channels.
    """

    hidden: int = 48
    num_layers: int = 3
    vector_hidden: int = 44
    vector_layers: int = 3
    channels: int = 4
    edge_channels: int = 40
    summed_vectors: int = 2
    scales: tuple[float, ...] = (1e-4, 0.1, 1.0, 10.0, 100.0)


class SumOfAtoms(nn.Module):
    r"""Numbers of a molecule from a sum over its atoms, EGNN's form for QM9 (Satorras et al. 2021, Section 5.3).

    .. math:: y = \mathrm{MLP}_2\Bigl(\sum_i \mathrm{MLP}_1(h_i)\Bigr)

    where the network on the atoms is the layers and, by itself, :math:`\mathrm{MLP}_1`. With vectors
    :math:`u_i^k` of the atoms, :math:`\mathrm{MLP}_2` is told the products of their sums besides,
    :math:`\psi\langle \sum_i u_i^k, \sum_i u_i^l \rangle_J`, as the length of a dipole is one.

    Args:
        atoms: Network on the atoms; answers with :math:`(N, H)` and vectors, or positions that are not read.
        hidden: H.
        out_channels: Numbers of a molecule.
        decoder: :math:`\mathrm{MLP}_1`, if the network has none.
        vectors: How many vectors of an atom the network answers with, if they are read.
        metric: J of their products.
    """

    def __init__(
        self,
        atoms: nn.Module,
        hidden: int,
        out_channels: int,
        *,
        decoder: nn.Module | None = None,
        vectors: int = 0,
        metric: Metric | None = None,
    ) -> None:
        super().__init__()
        self.atoms, self.vectors = atoms, vectors
        self.metric = None if metric is None else as_metric(metric)
        products = 0 if self.metric is None else MetricShape.of(self.metric).forms * vectors**2
        self.decoder = nn.Identity() if decoder is None else decoder
        self.head = readout_head(hidden + products, hidden, out_channels, 0.0, "silu")

    def forward(self, x: Tensor, pos: Tensor, batch: OptTensor = None, batch_size: int | None = None) -> Tensor:
        """Give the numbers, shape :math:`(B, T)`."""
        each, turned = self.atoms(x, pos, batch=batch, batch_size=batch_size)
        told = pool_nodes(self.decoder(each), batch, batch_size, "sum")
        if self.metric is not None:
            sums = pool_nodes(turned.flatten(1), batch, batch_size, "sum").unflatten(1, (self.vectors, -1))
            told = torch.cat([told, gram_matrix(sums, self.metric().to(sums.dtype))], dim=1)
        numbers: Tensor = self.head(told)
        return numbers


def molecule_network(name: str, widths: MoleculeWidths, out_channels: int, metric: Any = None) -> SumOfAtoms:
    """A network with fresh weights.

    ``egnn`` is the published network: no moves, the attention gate, squared distances. ``liegnn`` has the same layers
    with a J of one's choice, and with J = I is the same function of the same weights. ``vectors`` has vector channels,
    and sums of vectors over the atoms.

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
        return SumOfAtoms(net, hidden, out_channels, decoder=readout_head(hidden, hidden, hidden, 0.0, "silu"))
    if name == "liegnn":
        net = LieGNN(
            ELEMENTS, hidden, hidden, widths.num_layers, metric=metric, invariants=("distance",), psi="identity",
            pos_aggr=None,
        )  # fmt: skip
        return SumOfAtoms(net, hidden, out_channels)
    if name == "vectors":
        hidden = widths.vector_hidden
        net = VectorLieGNN(
            ELEMENTS, hidden, hidden, widths.vector_layers, metric=metric, vector_channels=widths.channels,
            edge_channels=widths.edge_channels, scales=widths.scales, origin="mean", out_vectors=widths.summed_vectors,
        )  # fmt: skip
        return SumOfAtoms(net, hidden, out_channels, vectors=widths.summed_vectors, metric=metric)
    raise ValueError(f"there is no network {name!r}; there are {', '.join(NETWORKS)}")
