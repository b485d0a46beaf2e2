"""A network of convolutions over places and scales."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeAlias

from torch import Tensor, nn

ScaleLayer: TypeAlias = Callable[[int, int, bool], nn.Module]
"""Makes a layer from channels to channels; the third argument says whether its input has no scales yet."""


class ScaleConvNet(nn.Sequential):
    r"""Convolutions over places and scales with ReLUs between them; the output is the mean over the scales.

    **Law**: approximately equivariant to scalings as far as its layers are: a field scaled by the ratio of two
    neighbouring scales moves each layer's output by one scale, and the mean over them does not mind but for the ends.

    Args:
        channels: Channels of the input, after each layer, of the output.
        layer: Makes a layer, such as ``lambda a, b, lifting: ScaleConv2d(a, b, 7, (1.0, 1.4), lifting=lifting)``.
        pool: Whether to average over the scales in the end.
        act_last: Whether an activation follows the last layer.
        lifted: Whether the input has scales already.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`, if ``lifted`` :math:`(B, C_{in}, S, H, W)`
        - **output**: :math:`(B, C_{out}, H, W)`, without ``pool`` :math:`(B, C_{out}, S, H, W)`

    Raises:
        ValueError: On fewer than two numbers of channels.

    Example:
        >>> import torch
        >>> from pyg_liesym.nn.field import ScaleConv2d
        >>> net = ScaleConvNet([2, 4, 2], lambda a, b, lifting: ScaleConv2d(a, b, 7, (1.0, 1.4), lifting=lifting))
        >>> net(torch.ones(1, 2, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        channels: Sequence[int],
        layer: ScaleLayer,
        *,
        pool: bool = True,
        act_last: bool = False,
        lifted: bool = False,
    ) -> None:
        if len(channels) < 2:
            raise ValueError(f"expected the channels of the input and after each layer, got {list(channels)}")
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(itertools.pairwise(channels)):
            layers += [layer(before, after, number == 0 and not lifted), nn.ReLU()]
        super().__init__(*(layers if act_last else layers[:-1]))
        self.pool = pool

    def forward(self, field: Tensor) -> Tensor:
        """Run the network."""
        for layer in self:
            field = layer(field)
        return field.mean(2) if self.pool else field
