"""LorentzNet: the published jet tagger, equivariant to the Lorentz group."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.lie.references import REFERENCES
from pyg_liesym.nn.conv.lorentznet_conv import LorentzNetConv
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges
from pyg_liesym.nn.message.invariants import bilinear, signed_log
from pyg_liesym.nn.message.metric import LearnedMetric, Metric, MetricShape, as_metric
from pyg_liesym.nn.message.reduce import pool_nodes
from pyg_liesym.nn.models.head import readout_head
from pyg_liesym.nn.models.published import load_published, published_entries, published_size
from pyg_liesym.typing import OptTensor


class LorentzNet(nn.Module):
    r"""LorentzNet: Lorentz group equivariant blocks between an embedding and a classifier.

    The network of `"An Efficient Lorentz Equivariant Graph Neural Network for Jet Tagging"
    <https://arxiv.org/abs/2201.08187>`_ (Gong et al., JHEP 2022, Section 3.2), made of
    :class:`~pyg_liesym.nn.LorentzNetConv` (eqs. 3.1-3.5):

    .. math::
        h^0 = W_{in} s, \qquad (h, x)^{l+1} = \mathrm{LGEB}(h^l, x^l, s), \qquad
        \text{out} = \phi_{dec}\Bigl(\frac{1}{M} \sum_i h_i^L\Bigr)

    with the scalars s (``x``), the four-momenta x (``pos``) and the M nodes of a graph. :func:`with_beams` makes both
    from the constituents of jets as the paper does.

    What differs from the released code: graphs are not filled up with nodes of zeros to one length, which its batch
    normalisation of :math:`\phi_h` sees in training, and by which its mean over the nodes divides.

    What differs from :class:`~pyg_liesym.nn.LieGNN`: the layer, and that the norms of the vectors join the scalars
    of the nodes only if the caller puts them there.

    **Law**: with :math:`g^\top J g = J`, ``model(x, g pos)`` is ``model(x, pos)``, because every layer is equivariant
    up to its clamp and embedding and readout see scalars alone; not so with ``symmetric=False``. Particles put in
    as references, such as the beams, must turn along: left where they are, they leave what keeps them.

    Args:
        in_channels: Channels S of ``x``.
        hidden_channels: Width H of the layers.
        out_channels: Channels of the answer: classes.
        num_layers: Number of layers.
        c: Coefficient of the moves: the released default; the paper's top tagger was trained with 5e-3.
        dropout: Share of hidden classifier channels dropped in training.
        metric: J, see :class:`~pyg_liesym.nn.LorentzNetConv` (default: Minkowski).
        symmetric: Whether the layers see J-products; ``False`` for the control without symmetry.

    Shapes:
        - **x**: :math:`(N, S)`; **pos**: :math:`(N, n)`; **batch**: :math:`(N)`
        - **output**: :math:`(B, F_{out})`

    Raises:
        ValueError: On sizes that do not go together, named in the message.

    Example:
        >>> model = LorentzNet()
        >>> sum(parameter.numel() for parameter in model.parameters())
        224072
        >>> x, pos, batch = with_beams(torch.randn(5, 4), torch.tensor([0, 0, 0, 1, 1]))
        >>> model(x, pos, batch=batch).shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        in_channels: int = 2,
        hidden_channels: int = 72,
        out_channels: int = 2,
        num_layers: int = 6,
        *,
        c: float = 1e-3,
        dropout: float = 0.0,
        metric: Metric | None = None,
        symmetric: bool = True,
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"expected at least one layer, got num_layers={num_layers}")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.metric = as_metric(minkowski() if metric is None else metric)
        self.embedding = nn.Linear(in_channels, hidden_channels)
        self.convs = nn.ModuleList()
        for layer in range(num_layers):
            conv = LorentzNetConv(
                hidden_channels,
                in_channels,
                metric=MetricShape.of(self.metric),
                move=layer < num_layers - 1,
                c=c,
                symmetric=symmetric,
            )
            self.convs.append(conv)
        self.head = readout_head(hidden_channels, hidden_channels, out_channels, dropout, "relu")

    @classmethod
    def from_published(cls, state_dict: Mapping[str, Tensor], *, c: float = 1e-3, dropout: float = 0.0) -> LorentzNet:
        """Build the network from a ``state_dict`` of the released code, whose sizes and dtype it takes.

        The names are those of the released network, ``LGEBs.0.phi_e.0.weight`` and so on, with or without a leading
        ``module.``. Read a checkpoint with ``torch.load(path, weights_only=True)``.

        Args:
            state_dict: The published weights.
            c: Coefficient of the moves, which is not among them: 5e-3 for the released top tagger.
            dropout: As in the constructor.

        Raises:
            ValueError: If an entry is missing, unknown or of a wrong shape; the message names it.
            TypeError: If an entry is no tensor.
        """
        entries = published_entries(state_dict)
        hidden, num_scalars = published_size(entries, "embedding.weight")
        num_classes, _ = published_size(entries, "graph_dec.3.weight")
        layers = {name.split(".")[1] for name in entries if name.startswith("LGEBs.")}
        model = cls(num_scalars, hidden, num_classes, max(len(layers), 1), c=c, dropout=dropout)
        model.to(entries["embedding.weight"].dtype)
        modules = {"embedding": ["embedding"], "graph_dec.0": ["head.0"], "graph_dec.3": ["head.3"]}
        for k in range(len(model.convs)):
            ours, maps, theirs = f"convs.{k}", f"convs.{k}.edge_map", f"LGEBs.{k}"
            modules[f"{theirs}.phi_e.0"] = [f"{maps}.lin_target", f"{maps}.lin_source", f"{maps}.lin_edge"]
            modules[f"{theirs}.phi_e.1"] = [f"{maps}.norm"]
            modules[f"{theirs}.phi_e.3"] = [f"{maps}.phi_e.1"]
            move = [] if k == len(model.convs) - 1 else ["phi_x.0", "phi_x.2"]
            for name in ("phi_m.0", *move):
                modules[f"{theirs}.{name}"] = [f"{maps}.{name}"]
            for name in ("phi_h.0", "phi_h.1", "phi_h.3"):
                modules[f"{theirs}.{name}"] = [f"{ours}.{name}"]
        load_published(model, entries, modules)
        return model

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        if isinstance(self.metric, LearnedMetric):
            self.metric.reset_parameters()
        for module in (self.embedding, *self.convs, self.head[0], self.head[3]):
            module.reset_parameters()

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> Tensor:
        """Classify graphs.

        Args:
            x: Invariant scalars of the nodes.
            pos: Vectors of the represented space: four-momenta.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            batch: Item of every node.
            batch_size: Number of items.
        """
        if x.dim() != 2 or x.size(1) != self.in_channels:
            raise ValueError(f"expected `x` with in_channels={self.in_channels} channels, got {list(x.shape)}")
        edges = as_edges(edge_index, pos.size(0), batch, "source_to_target", pos.device)
        h = self.embedding(x)
        for conv in self.convs:
            h, pos = conv(h, pos, x, edges, metric=self.metric())
        logits: Tensor = self.head(pool_nodes(h, batch, batch_size, "mean"))
        return logits

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels}, num_layers={len(self.convs)})"


@torch.no_grad()
def with_beams(p4: Tensor, batch: OptTensor, batch_size: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    r"""Put two beam particles before the constituents of every jet, and give all particles LorentzNet's scalars.

    The input of `LorentzNet <https://arxiv.org/abs/2201.08187>`_ (Gong et al., JHEP 2022, Section 4.1): the beams
    are :math:`(\sqrt 2, 0, 0, \pm 1)`, of mass 1, and the scalars of a particle are
    :math:`\psi(\sqrt{|m^2|})` in the column of its kind, constituent or beam, and 0 in the other.

    **Law**: the scalars are Lorentz invariant. The beams are spurions: with them a jet keeps, of the Lorentz group,
    the rotations about the z axis (and the reflections of x, y and z). There is no gradient to ``p4``; the root has
    none at mass 0.

    Args:
        p4: Four-momenta of the constituents.
        batch: Jet of every constituent; ``None`` for one jet.
        batch_size: Number of jets.

    Shapes:
        - **p4**: :math:`(N, 4)`; **batch**: :math:`(N)`
        - **output**: ``x`` :math:`(N + 2B, 2)` with the columns constituent, beam; ``pos`` :math:`(N + 2B, 4)`; and
          ``batch`` :math:`(N + 2B)`, in rising order

    Units:
        GeV.

    Raises:
        ValueError: If ``p4`` is not of shape ``[num_nodes, 4]``.

    Example:
        >>> x, pos, batch = with_beams(torch.tensor([[5.0, 3.0, 0.0, 4.0]]), None)
        >>> x
        tensor([[0.0000, 0.6931],
                [0.0000, 0.6931],
                [0.0000, 0.0000]])
        >>> pos[0], batch
        (tensor([1.4142, 0.0000, 0.0000, 1.0000]), tensor([0, 0, 0]))
    """
    if p4.dim() != 2 or p4.size(1) != 4:
        raise ValueError(f"expected `p4` of shape [num_nodes, 4], got {list(p4.shape)}")
    if batch is None:
        batch = torch.zeros(p4.size(0), dtype=torch.long, device=p4.device)
        batch_size = batch_size or 1
    jets = torch.arange(_num_graphs(batch, batch_size), device=batch.device)
    beams = p4.new_tensor(REFERENCES["beams"])
    pos = torch.cat([beams.repeat(jets.numel(), 1), p4])
    item = torch.cat([jets.repeat_interleave(2), batch])
    mass = bilinear(pos, pos, minkowski(dtype=p4.dtype).to(p4.device)[None]).abs().sqrt()
    is_beam = (torch.arange(pos.size(0), device=p4.device) < 2 * jets.numel())[:, None]
    x = signed_log(torch.cat([mass * ~is_beam, mass * is_beam], dim=-1)).to(p4.dtype)
    order = item.argsort(stable=True)
    return x[order], pos[order], item[order]


def _num_graphs(batch: OptTensor, batch_size: int | None) -> int:
    if batch_size is not None:
        return batch_size
    return 1 if batch is None else int(batch.max()) + 1 if batch.numel() else 0
