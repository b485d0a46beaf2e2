"""A network of convolutions of fields."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeAlias

from torch import nn
from torch_geometric.nn.inits import reset

from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.field.field_activation import FieldActivation

FieldLayer: TypeAlias = Callable[[FieldType, FieldType], nn.Module]
"""Makes a layer from one field type to another."""


class FieldConvNet(nn.Sequential):
    r"""Convolutions of fields with activations between them; what kind of convolution is the caller's choice.

    .. math:: F = L_n \circ \sigma \circ L_{n-1} \circ \cdots \circ \sigma \circ L_1

    **Law**: equivariant to what its layers are equivariant to, since the activations keep to the field types.

    Args:
        field_types: What the channels are: of the input, after each layer, of the output.
        layer: Makes the layer between two field types, such as ``partial(SteerableConv2d, kernel_size=3)``.
        act: Activation, see :class:`~pyg_liesym.nn.field.FieldActivation`.
        act_last: Whether an activation follows the last layer.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: On fewer than two field types.

    Example:
        >>> from functools import partial
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, regulars, vectors
        >>> from pyg_liesym.nn.field import SteerableConv2d
        >>> c4 = PointGroup.cyclic(4)
        >>> field_types = [vectors(c4, 10), regulars(c4, 3), vectors(c4, 1)]
        >>> FieldConvNet(field_types, partial(SteerableConv2d, kernel_size=3))(torch.ones(1, 20, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        field_types: Sequence[FieldType],
        layer: FieldLayer,
        *,
        act: str | nn.Module = "relu",
        act_last: bool = False,
    ) -> None:
        if len(field_types) < 2:
            raise ValueError(f"expected the field types of the input and after each layer, got {list(field_types)}")
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(field_types):
            layers += [layer(before, after), FieldActivation(after, act=act)]
        super().__init__(*(layers if act_last else layers[:-1]))

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)
