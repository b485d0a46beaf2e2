"""Momentum fractions among the scalars of a tagger's nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from pyg_liesym.lie.references import REFERENCES, FourVector
from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.reduce import at_nodes, pool_nodes
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.typing import OptTensor

Reference = Literal["jet", "time", "lightcone"]
"""What the fractions of :class:`MomentumFractions` are with respect to."""

_JET = (0.0, 0.0, 0.0, 0.0)
"""The row that stands for the momentum of the jet itself."""
_SMALLEST, _USUAL, _UNIT, _ROUNDING = 1e-6, 1e-2, 100.0, 1e-12


class MomentumFractions(nn.Module):
    r"""A tagger that gets momentum fractions of the constituents, and what they are fractions of, as scalars.

    Of a constituent with four-momentum :math:`p_i` in a jet with :math:`P = \sum_i p_i`, the fraction with respect to a
    vector s is :math:`z_i = \langle p_i, s \rangle_J / \langle P, s \rangle_J`. With :math:`s = P` it is the share of
    the energy in the jet's rest frame, of a whole that is the squared mass of the jet; with the time axis the share of
    the energy in the laboratory; with the directions of light along the beams, :math:`(1, 0, 0, \pm 1)`, the two
    light-cone fractions. A network of messages could put all this together from its pairs of constituents, and from
    reference vectors that are particles of their own; here it is given from the start.

    **Law**: with ``"jet"`` alone the answers keep the symmetry of the network, for :math:`g P = \sum_i g p_i`; the time
    axis leaves of it what keeps that axis, of the Lorentz group the rotations, and the beams' directions the rotations
    about the z axis.

    Args:
        net: A :class:`~pyg_liesym.nn.LieGNN` or :class:`~pyg_liesym.nn.VectorLieGNN` with a readout and one symmetric J
            of four dimensions, whose ``in_channels`` count the columns of these scalars, :func:`num_columns`, too.
        references: Different names from ``"jet"``, ``"time"``, ``"lightcone"``.

    Shapes:
        Before the columns of ``x`` come those of :math:`\lg(100 z_i)`, with :math:`z_i` kept within 1e-6 and 1, and
        then those of :math:`\log(1 + \langle P, s \rangle_J / u)`, the same for all of a jet; each in the order of the
        references, with two columns for ``"lightcone"``. Where :math:`\langle P, s \rangle_J` is zero, or no more than
        rounding in float64, :math:`z_i` is 1e-6.

    Units:
        GeV; u is :math:`100\ \mathrm{GeV}`, of ``"jet"`` :math:`(100\ \mathrm{GeV})^2`.

    Raises:
        ValueError: If there is no such reference, or one comes twice, or the network is another than these.
    """

    vectors: Tensor

    def __init__(self, net: LieGNN | VectorLieGNN, references: Sequence[Reference] = ("jet",)) -> None:
        super().__init__()
        _check(net, references)
        self.net: LieGNN | VectorLieGNN = net
        self.references = tuple(references)
        self.register_buffer("vectors", torch.tensor(_rows(references)).view(-1, 4))

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        self.net.reset_parameters()

    @property
    def in_channels(self) -> int:
        """Channels of ``x``."""
        return self.net.in_channels - 2 * self.vectors.size(0)

    def forward(
        self,
        x: OptTensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> Tensor:
        """Classify jets of four-momenta ``pos``, shape :math:`(B, C)`; without edges each jet is a complete graph."""
        columns = self.columns(pos, batch, batch_size)
        scalars = columns if x is None else torch.cat([columns, x], dim=-1)
        logits: Tensor = self.net(scalars, pos, edge_index, batch=batch, batch_size=batch_size)
        return logits

    def columns(self, pos: Tensor, batch: OptTensor = None, batch_size: int | None = None) -> Tensor:
        r"""What the network gets besides, shape :math:`(N, K)`; computed in float64, since products cancel."""
        momenta, vectors, metric = pos.double(), self.vectors.double(), self.net.metric().double()[0]
        total = pool_nodes(momenta, batch, batch_size, "sum")
        is_jet = (vectors == 0).all(dim=1)
        lowered = torch.where(is_jet[:, None], total[:, None], vectors) @ metric.T  # of every jet and reference
        part = (at_nodes(lowered, pos.size(0), batch) @ momenta[:, :, None]).squeeze(-1)
        whole = (lowered @ total[:, :, None]).squeeze(-1)
        size = total.norm(dim=1, keepdim=True) * lowered.norm(dim=2)
        nothing = whole.abs() <= _ROUNDING * size
        share = part / at_nodes(whole.masked_fill(nothing, torch.inf), pos.size(0), batch)
        unit = torch.where(is_jet, _UNIT**2, _UNIT)
        scale = at_nodes((whole / unit).clamp(min=0).log1p(), pos.size(0), batch)
        return torch.cat([(share.clamp(_SMALLEST, 1) / _USUAL).log10(), scale], dim=1).to(pos.dtype)

    def extra_repr(self) -> str:
        """The references."""
        return f"references={list(self.references)}"


def num_columns(references: Sequence[Reference]) -> int:
    """Scalars of a node that :class:`MomentumFractions` adds."""
    return 2 * len(_rows(references))


def _rows(references: Sequence[Reference]) -> list[FourVector]:
    if unknown := [name for name in references if name not in get_args(Reference)]:
        raise ValueError(f"expected references among {', '.join(get_args(Reference))}, got {unknown}")
    return [row for name in references for row in ((_JET,) if name == "jet" else REFERENCES[name])]


def _check(net: LieGNN | VectorLieGNN, references: Sequence[Reference]) -> None:
    """Refuse what has no momentum fractions."""
    count, metric = num_columns(references), net.metric().detach()
    if len(set(references)) < len(references):
        raise ValueError(f"expected each reference once, got {list(references)}")
    if net.readout is None:
        raise ValueError("momentum fractions are for a network with an answer for jets, got readout=None")
    if net.in_channels < count:
        raise ValueError(f"the network needs in_channels of {count} or more for {list(references)}")
    if metric.shape != (1, 4, 4) or not metric.allclose(metric.mT):
        raise ValueError("momentum fractions need one symmetric J of four dimensions")
