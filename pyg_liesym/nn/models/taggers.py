"""The jet taggers by name, all called alike: ``net(x, p4, batch=..., batch_size=...)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from pyg_liesym.lie.invariant import InvariantMetric
from pyg_liesym.lie.metric import euclidean_metric, minkowski, scaled
from pyg_liesym.nn.message.invariants import bilinear, signed_log
from pyg_liesym.nn.message.metric import Metric
from pyg_liesym.nn.message.reduce import pool_nodes
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.head import readout_head
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.lorentznet import LorentzNet, with_beams
from pyg_liesym.nn.models.momentum_fractions import MomentumFractions, Reference, num_columns
from pyg_liesym.nn.models.particlenet import ParticleNet
from pyg_liesym.nn.models.peers import PEERS, PeerName, build_peer
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.typing import OptTensor

TaggerName = Literal[
    "liegnn", "liegnn-fast", "vector-liegnn", "lorentznet", "lorentznet-plain", "egnn", "particlenet"
]  # fmt: skip
"""What :func:`build_tagger` knows."""
Form: TypeAlias = Tensor | InvariantMetric | None
TAGGERS: tuple[TaggerName, ...] = get_args(TaggerName)


def build_tagger(
    name: TaggerName | PeerName,
    num_classes: int = 2,
    in_channels: int = 0,
    metric: Form = None,
    fractions: Sequence[Reference] = (),
    **overrides: Any,
) -> nn.Module:
    r"""Build one of the jet taggers, to be called as ``net(x, p4, batch=..., batch_size=...)``.

    All see the four-momenta of the constituents, and ``x`` if ``in_channels`` says so. Their answers do not depend on
    the numbering of the constituents, nor, besides, on

    ==================== ====================================================== ===================================
    name                 network                                                transformations of all four-momenta
    ==================== ====================================================== ===================================
    ``liegnn``           :class:`~pyg_liesym.nn.LieGNN`, 72 channels, 6 layers  what keeps J: Lorentz by default
    ``liegnn-fast``      :meth:`LieGNN.fast <pyg_liesym.nn.LieGNN.fast>`        what keeps J: Lorentz by default
    ``vector-liegnn``    :class:`~pyg_liesym.nn.VectorLieGNN`, with the momenta what keeps J: Lorentz by default
                         as vectors, 4 vector channels, 3 layers
    ``lorentznet``       :class:`~pyg_liesym.nn.LorentzNet` as published        what keeps J: Lorentz by default
    ``lorentznet-plain`` the same with ``symmetric=False``                      none
    ``egnn``             :class:`~pyg_liesym.nn.EGNN`, 72 channels, 6 layers    rotations of :math:`(E, p)` in ℝ⁴
    ``particlenet``      :class:`~pyg_liesym.nn.ParticleNet` as published       rotations about the beam
    ==================== ====================================================== ===================================

    The nodes' own scalars are :math:`\psi(\langle p, p\rangle_J)` (of EGNN with J = I, of LorentzNet without symmetry
    with Minkowski's); LorentzNet's with ``beams=True`` those of :func:`~pyg_liesym.nn.with_beams`, and two beams a
    jet, which leave it the rotations about the beam alone. EGNN has gates and leaves the momenta as they are, as its
    paper does for properties of molecules (with moves it diverged within an epoch of 100 000 jets); its graph's answer
    is a perceptron of the mean over the nodes.

    With the extra ``peers`` there are two networks of others besides, as their authors use them, of 70 000 weights:
    ``lgatr-slim`` (`L-GATr-slim <https://arxiv.org/abs/2512.17011>`_, package ``lgatr``) and ``lloca`` (a transformer
    in `LLoCa <https://arxiv.org/abs/2508.14898>`_'s frames, package ``lloca``). Both see the beams and the direction of
    time as further particles, so that their answers depend on all but rotations about the beam.

    Args:
        name: Which.
        num_classes: Channels of the answer.
        in_channels: Channels of ``x`` (0 if there are none).
        metric: J of the first four, Minkowski's by default; put on the sphere :math:`\|J\|_F = 2`, where that lies,
            since the symmetry does not fix its scale.
        fractions: References of :class:`~pyg_liesym.nn.MomentumFractions`, which join the scalars of ``liegnn``,
            ``liegnn-fast`` and ``vector-liegnn``; ``"jet"`` keeps their symmetry, ``"time"`` leaves them rotations, and
            ``"lightcone"`` those about the beam.
        **overrides: Arguments of the network that take the place of the usual ones, and LorentzNet's ``beams``.

    Units:
        GeV.

    Raises:
        ValueError: If there is no such tagger, it has no metric and one was given, or takes no ``fractions``.
        ImportError: If it is one of others and the extra ``peers`` is not installed.

    Example:
        >>> net = build_tagger("liegnn-fast")
        >>> net(None, torch.rand(5, 4), batch=torch.tensor([0, 0, 0, 1, 1]), batch_size=2).shape
        torch.Size([2, 2])
    """
    if name not in (*TAGGERS, *PEERS):
        raise ValueError(f"expected `name` to be one of {', '.join((*TAGGERS, *PEERS))}, got {name!r}")
    if metric is not None and name in ("lorentznet-plain", "egnn", "particlenet", *PEERS):
        raise ValueError(f"the tagger {name!r} has no metric, but one was given; leave it out")
    net = _bare(name, num_classes, in_channels + num_columns(fractions), metric, **overrides)
    if not fractions:
        return net
    if not isinstance(net, LieGNN | VectorLieGNN):
        raise ValueError(f"the tagger {name!r} takes no momentum fractions; leave `fractions` out")
    return MomentumFractions(net, fractions)


def _bare(name: TaggerName | PeerName, classes: int, channels: int, metric: Form, **overrides: Any) -> nn.Module:
    """The network without momentum fractions."""
    if name == "lgatr-slim" or name == "lloca":
        return build_peer(name, classes, channels, **overrides)
    if name == "particlenet":
        return ParticleNet(channels, classes, **overrides)
    if name == "egnn":
        return EGNNTagger(channels, classes, **overrides)
    if name == "lorentznet-plain":
        return LorentzNetTagger(channels, classes, symmetric=False, **overrides)
    form = minkowski() if metric is None else metric
    if isinstance(form, InvariantMetric):
        form = form.forms.squeeze(0)
    form = scaled(form).to(torch.get_default_dtype())
    if name == "lorentznet":
        return LorentzNetTagger(channels, classes, metric=form, **overrides)
    if name == "liegnn-fast":
        return LieGNN.fast(channels, classes, metric=form, **overrides)
    sizes: dict[str, Any] = {"hidden_channels": 72, "num_layers": 6, "readout": "mean"}
    if name == "vector-liegnn":
        sizes |= {"hidden_channels": 64, "num_layers": 3, "edge_channels": 32, "vector_channels": 4, "origin": "zero"}
        return VectorLieGNN(channels, out_channels=classes, metric=form, **{**sizes, **overrides})
    return LieGNN(channels, out_channels=classes, metric=form, **{**sizes, **overrides})


class LorentzNetTagger(nn.Module):
    """LorentzNet with the scalars of its nodes, and on request with beams; see :func:`build_tagger`.

    The arguments are those of :class:`~pyg_liesym.nn.LorentzNet`, with ``c`` and ``dropout`` of its top tagger.

    Args:
        in_channels: Channels of ``x``.
        out_channels: Channels of the answer: classes.
        beams: Whether every jet gets two beam particles, as published.
        hidden_channels: Width.
        num_layers: Number of layers.
        c: Coefficient of the moves.
        dropout: Share of hidden classifier channels dropped in training.
        metric: J.
        symmetric: Whether the layers see J-products.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        beams: bool = False,
        hidden_channels: int = 72,
        num_layers: int = 6,
        c: float = 5e-3,
        dropout: float = 0.2,
        metric: Metric | None = None,
        symmetric: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels, self.beams = in_channels, beams
        own = 2 if beams else 1
        self.net = LorentzNet(
            own + in_channels, hidden_channels, out_channels, num_layers, c=c, dropout=dropout, metric=metric,
            symmetric=symmetric,
        )  # fmt: skip

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        self.net.reset_parameters()

    def forward(self, x: OptTensor, pos: Tensor, batch: OptTensor = None, batch_size: int | None = None) -> Tensor:
        """Classify jets of four-momenta ``pos``, shape :math:`(B, C)`."""
        _check(x, pos, self.in_channels)
        if not self.beams:
            scalars = _own_scalars(x, pos, self.net.metric().to(pos.dtype))
        else:
            if batch is None:
                batch, batch_size = torch.zeros(pos.size(0), dtype=torch.long, device=pos.device), 1
            rows = torch.arange(pos.size(0), device=pos.device) + 2 * (batch + 1)
            scalars, pos, batch = with_beams(pos, batch, batch_size)
            if x is not None:
                rest = x.new_zeros(pos.size(0), x.size(1)).index_copy(0, rows, x)
                scalars = torch.cat([scalars, rest], dim=-1)
        return self.net(scalars, pos, batch=batch, batch_size=batch_size)  # type: ignore[no-any-return]


class EGNNTagger(nn.Module):
    """EGNN of four-momenta with a perceptron of the mean over the nodes; see :func:`build_tagger`.

    Args:
        in_channels: Channels of ``x``.
        out_channels: Channels of the answer: classes.
        hidden_channels: Width.
        num_layers: Number of layers.
        gate: Whether messages pass a sigmoid gate, the paper's attention.
        pos_aggr: How the moves of the momenta are summed; ``None`` leaves them as they are.
        dropout: Share of hidden channels of the perceptron dropped in training.
    """

    metric: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        hidden_channels: int = 72,
        num_layers: int = 6,
        gate: bool = True,
        pos_aggr: Literal["sum", "mean", "graph"] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.register_buffer("metric", euclidean_metric(4)[None].to(torch.get_default_dtype()), persistent=False)
        self.net = EGNN(1 + in_channels, hidden_channels, None, num_layers, dim=4, gate=gate, pos_aggr=pos_aggr)
        self.head = readout_head(hidden_channels, hidden_channels, out_channels, dropout, "silu")

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        for module in (self.net, self.head[0], self.head[3]):
            assert isinstance(module, EGNN | nn.Linear)
            module.reset_parameters()

    def forward(self, x: OptTensor, pos: Tensor, batch: OptTensor = None, batch_size: int | None = None) -> Tensor:
        """Classify jets of four-momenta ``pos``, shape :math:`(B, C)`."""
        _check(x, pos, self.in_channels)
        scalars = _own_scalars(x, pos, self.metric.to(pos.dtype))
        h = self.net(scalars, pos, batch=batch, batch_size=batch_size)[0]
        logits: Tensor = self.head(pool_nodes(h, batch, batch_size, "mean"))
        return logits


def _check(x: OptTensor, pos: Tensor, in_channels: int) -> None:
    if pos.dim() != 2 or pos.size(1) != 4:
        raise ValueError(f"expected four-momenta `pos` of shape [num_nodes, 4], got {list(pos.shape)}")
    channels = 0 if x is None else x.size(-1)
    if channels != in_channels:
        raise ValueError(f"expected `x` with in_channels={in_channels} channels, got {channels}")


def _own_scalars(x: OptTensor, pos: Tensor, metric: Tensor) -> Tensor:
    norm = signed_log(bilinear(pos, pos, metric)).to(pos.dtype)
    return norm if x is None else torch.cat([norm, x.to(norm.dtype)], dim=-1)
