"""EGNN: the published network equivariant to the Euclidean group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn

from pyg_liesym.nn.conv.egnn_conv import EGNNConv
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges
from pyg_liesym.nn.models.published import load_published, published_entries, published_size
from pyg_liesym.typing import OptTensor


class EGNN(nn.Module):
    r"""EGNN: Euclidean message passing layers between two linear maps.

    The network of `"E(n) Equivariant Graph Neural Networks" <https://arxiv.org/abs/2102.09844>`_ (Satorras et al.,
    ICML 2021), made of :class:`~pyg_liesym.nn.EGNNConv` (eqs. 3-7):

    .. math::
        h^0 = W_{in}\, x, \qquad (h, \text{pos})^{l+1} = \mathrm{EGCL}(h^l, \text{pos}^l), \qquad
        \text{out} = W_{out}\, h^L

    What differs from :class:`~pyg_liesym.nn.LieGNN` with ``metric=torch.eye(n)``: the layer (what its :math:`\phi_x`
    sees), a linear map where LieGNN has a perceptron behind the layers, or none at all, and no readout for graphs.

    **Law**: equivariant to rotations, reflections and translations of ``pos`` (``vel`` turns along, and the node
    features do not change), because every layer is and the linear maps see scalars alone.

    Args:
        in_channels: Channels of ``x``.
        hidden_channels: Width of the layers.
        out_channels: Channels of the answer per node; ``None`` for the features of the last layer, as in the released
            n-body network.
        num_layers: Number of layers.
        dim: Number of components :math:`n` of ``pos``.
        edge_dim: Channels of ``edge_attr``.
        gate: Whether messages pass a sigmoid gate, the paper's attention.
        velocity: Whether the layers take ``vel``.
        pos_aggr: How the moves of ``pos`` are summed, see :class:`~pyg_liesym.nn.EGNNConv`; ``None`` leaves ``pos`` as
            it is, as the paper does for properties of molecules.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**, **vel**: :math:`(N, n)`; **edge_index**: :math:`(2, |E|)`;
          **edge_attr**: :math:`(|E|, D)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, F_{out})` and :math:`(N, n)`

    Raises:
        ValueError: On sizes that do not go together, named in the message.

    Example:
        >>> import torch
        >>> x, pos = EGNN(2, 16, 1)(torch.ones(5, 2), torch.randn(5, 3))
        >>> x.shape, pos.shape
        (torch.Size([5, 1]), torch.Size([5, 3]))
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int | None,
        num_layers: int = 4,
        *,
        dim: int = 3,
        edge_dim: int = 0,
        gate: bool = False,
        velocity: bool = False,
        pos_aggr: Literal["sum", "mean", "graph"] | None = "mean",
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"expected at least one layer, got num_layers={num_layers}")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.embedding = nn.Linear(in_channels, hidden_channels)
        self.convs = nn.ModuleList()
        for _ in range(num_layers):
            conv = EGNNConv(
                hidden_channels,
                hidden_channels,
                dim=dim,
                edge_dim=edge_dim,
                gate=gate,
                velocity=velocity,
                pos_aggr=pos_aggr,
            )
            self.convs.append(conv)
        self.head = None if out_channels is None else nn.Linear(hidden_channels, out_channels)

    @classmethod
    def from_published(
        cls,
        state_dict: Mapping[str, Tensor],
        *,
        dim: int = 3,
        pos_aggr: Literal["sum", "mean", "graph"] = "mean",
    ) -> EGNN:
        """Build the network from a ``state_dict`` of the released code, whose sizes and dtype it takes.

        The names are those of the released networks, ``gcl_0.edge_mlp.0.weight`` and so on, with or without a
        leading ``module.``; without ``embedding_out`` it is the n-body network. Their options ``tanh`` and
        ``normalize`` leave no trace in the names and are not supported. Their ``edges`` name receivers first: flip
        the rows for ``edge_index``. Read a checkpoint with ``torch.load(path, weights_only=True)``.

        Args:
            state_dict: The published weights.
            dim: As in the constructor; the weights do not tell.
            pos_aggr: As in the constructor; the weights do not tell.

        Raises:
            ValueError: If an entry is missing, unknown or of a wrong shape; the message names it.
            TypeError: If an entry is no tensor.
        """
        entries = published_entries(state_dict)
        embedding = "embedding" if "embedding.weight" in entries else "embedding_in"
        hidden, in_channels = published_size(entries, f"{embedding}.weight")
        has_head = any(name.startswith("embedding_out.") for name in entries)
        attention = any(".att_mlp." in name for name in entries)
        velocity = any(".coord_mlp_vel." in name for name in entries)
        layers = {name.split(".")[0] for name in entries if name.startswith("gcl_")}
        model = cls(
            in_channels,
            hidden,
            published_size(entries, "embedding_out.weight")[0] if has_head else None,
            max(len(layers), 1),
            dim=dim,
            edge_dim=max(published_size(entries, "gcl_0.edge_mlp.0.weight")[1] - 2 * hidden - 1, 0),
            gate=attention,
            velocity=velocity,
            pos_aggr=pos_aggr,
        )
        model.to(entries[f"{embedding}.weight"].dtype)
        modules = {embedding: ["embedding"]}
        if has_head:
            modules["embedding_out"] = ["head"]
        names = {"edge_mlp.2": "edge_map.phi_e.1", "node_mlp.0": "phi_h.0", "node_mlp.2": "phi_h.2"}
        names |= {"coord_mlp.0": "edge_map.phi_x.0", "coord_mlp.2": "edge_map.phi_x.2"}
        names |= {"att_mlp.0": "edge_map.phi_m.0"} if attention else {}
        names |= {"coord_mlp_vel.0": "phi_v.0", "coord_mlp_vel.2": "phi_v.2"} if velocity else {}
        for k in range(len(model.convs)):
            first = [f"convs.{k}.edge_map.{part}" for part in ("lin_target", "lin_source", "lin_edge")]
            modules[f"gcl_{k}.edge_mlp.0"] = first
            modules |= {f"gcl_{k}.{theirs}": [f"convs.{k}.{ours}"] for theirs, ours in names.items()}
        load_published(model, entries, modules)
        return model

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        for module in (self.embedding, *self.convs, self.head):
            if module is not None:
                module.reset_parameters()

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vel: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Run the network; the arguments are those of :meth:`pyg_liesym.nn.LieGNNConv.forward`."""
        if x.dim() != 2 or x.size(1) != self.in_channels:
            raise ValueError(f"expected `x` with in_channels={self.in_channels} channels, got {list(x.shape)}")
        edges = as_edges(edge_index, pos.size(0), batch, "source_to_target", pos.device)
        h = self.embedding(x)
        for conv in self.convs:
            h, pos = conv(h, pos, edges, edge_attr, vel, batch, batch_size)
        return h if self.head is None else self.head(h), pos

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels}, num_layers={len(self.convs)})"
