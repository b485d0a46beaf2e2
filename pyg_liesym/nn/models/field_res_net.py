"""A residual network of convolutions of fields."""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.field.field_activation import FieldActivation
from pyg_liesym.nn.models.field_conv_net import FieldLayer


class FieldResNet(nn.Module):
    r"""Convolutions of fields with skips over every two of them; what kind of convolution is the caller's choice.

    .. math:: f_0 = L_0 w, \qquad f_{k+1} = f_k + L_k' \sigma L_k \sigma f_k, \qquad y = L_n \sigma f_n

    with pre-activation as in "Identity Mappings in Deep Residual Networks" (He, Zhang, Ren, Sun, ECCV 2016,
    `arXiv:1603.05027 <https://arxiv.org/abs/1603.05027>`_) and no norms.

    **Law**: equivariant to what its layers are equivariant to, since sums of fields of one type and activations keep to
    the type.

    Args:
        in_type: Channels of the input.
        hidden_type: Those between.
        out_type: Those of the output.
        layer: Makes the layer between two field types.
        num_blocks: Number of skips n.
        first: Makes :math:`L_0`, if not ``layer``, such as one that lifts to scales.
        act: Activation, see :class:`~pyg_liesym.nn.field.FieldActivation`.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: On fewer than one block.

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, regulars, vectors
        >>> from pyg_liesym.nn.field import SteerableConv2d
        >>> c4 = PointGroup.cyclic(4)
        >>> layer = lambda before, after: SteerableConv2d(before, after, 3)
        >>> net = FieldResNet(vectors(c4, 10), regulars(c4, 3), vectors(c4, 1), layer, num_blocks=2)
        >>> net(torch.ones(1, 20, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        in_type: FieldType,
        hidden_type: FieldType,
        out_type: FieldType,
        layer: FieldLayer,
        *,
        num_blocks: int,
        first: FieldLayer | None = None,
        act: str | nn.Module = "relu",
    ) -> None:
        super().__init__()
        if num_blocks < 1:
            raise ValueError(f"expected at least one block, got num_blocks={num_blocks}")
        self.first = (first or layer)(in_type, hidden_type)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                FieldActivation(hidden_type, act=act),
                layer(hidden_type, hidden_type),
                FieldActivation(hidden_type, act=act),
                layer(hidden_type, hidden_type),
            )
            for _ in range(num_blocks)
        )
        self.act = FieldActivation(hidden_type, act=act)
        self.last = layer(hidden_type, out_type)

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)

    def forward(self, field: Tensor) -> Tensor:
        """Run the network."""
        field = self.first(field)
        for block in self.blocks:
            field = field + block(field)
        out: Tensor = self.last(self.act(field))
        return out
