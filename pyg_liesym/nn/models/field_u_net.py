"""A U-Net of convolutions of fields."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d
from torch_geometric.nn.inits import reset

from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.field.field_activation import FieldActivation
from pyg_liesym.nn.models.field_conv_net import FieldConvNet, FieldLayer


class FieldUNet(nn.Module):
    r"""Convolutions of fields on coarser and coarser lattices and back, with skips between equals.

    "U-Net: Convolutional Networks for Biomedical Image Segmentation" (Ronneberger, Fischer, Brox, MICCAI 2015,
    `arXiv:1505.04597 <https://arxiv.org/abs/1505.04597>`_), with a mean over 2 × 2 places on the way down, each value
    repeated 2 × 2 times on the way up, and no norms.

    **Law**: equivariant to quarter turns and reflections as far as its layers are, since both ways of changing the
    lattice are, and to translations by whole cells of the coarsest lattice.

    Args:
        in_type: Channels of the input.
        hidden_types: Those of every lattice, the finest first.
        out_type: Those of the output.
        layer: Makes the layer between two field types.
        first: Makes the first layer, if not ``layer``, such as one that lifts to scales.
        act: Activation, see :class:`~pyg_liesym.nn.field.FieldActivation`.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: On no hidden type, and on a lattice that cannot be halved so often.

    Example:
        >>> from pyg_liesym.field import PointGroup, regulars, vectors
        >>> from pyg_liesym.nn.field import SteerableConv2d
        >>> c4 = PointGroup.cyclic(4)
        >>> hidden = [regulars(c4, 2), regulars(c4, 4)]
        >>> net = FieldUNet(vectors(c4, 10), hidden, vectors(c4, 1), lambda a, b: SteerableConv2d(a, b, 3))
        >>> net(torch.ones(1, 20, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        in_type: FieldType,
        hidden_types: Sequence[FieldType],
        out_type: FieldType,
        layer: FieldLayer,
        *,
        first: FieldLayer | None = None,
        act: str | nn.Module = "relu",
    ) -> None:
        super().__init__()
        if not hidden_types:
            raise ValueError("expected the field types of every lattice, got none")

        def pair(before: FieldType, after: FieldType) -> FieldConvNet:
            return FieldConvNet([before, after, after], layer, act=act, act_last=True)

        finest = hidden_types[0]
        self.first = nn.Sequential((first or layer)(in_type, finest), FieldActivation(finest, act=act))
        self.down = nn.ModuleList(pair(fine, coarse) for fine, coarse in itertools.pairwise(hidden_types))
        self.up = nn.ModuleList(
            pair(FieldType([*coarse, *fine]), fine) for fine, coarse in reversed([*itertools.pairwise(hidden_types)])
        )
        self.last = layer(finest, out_type)

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)

    def forward(self, field: Tensor) -> Tensor:
        """Run the network."""
        whole = 2 ** len(self.down)
        if any(size % whole for size in field.shape[-2:]):
            raise ValueError(
                f"expected a lattice of multiples of {whole} places, as it is halved {len(self.down)} times, got "
                f"{list(field.shape[-2:])}"
            )
        levels = [self.first(field)]
        for layers in self.down:
            levels.append(layers(_halved(levels[-1])))
        field = levels.pop()
        for layers in self.up:
            field = layers(torch.cat([_doubled(field), levels.pop()], dim=1))
        out: Tensor = self.last(field)
        return out


def _halved(field: Tensor) -> Tensor:
    """The mean over 2 × 2 places; scales keep to themselves."""
    halved: Tensor = avg_pool2d(field.flatten(1, -3), 2).unflatten(1, field.shape[1:-2])
    return halved


def _doubled(field: Tensor) -> Tensor:
    return field.repeat_interleave(2, dim=-2).repeat_interleave(2, dim=-1)
