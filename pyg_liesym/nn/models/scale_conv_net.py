"""A network of convolutions over places and scales."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, Protocol

from torch import Tensor, nn
from torch_geometric.nn.inits import reset
from torch_geometric.nn.resolver import activation_resolver


class ScaleLayer(Protocol):
    """Makes a layer from channels to channels."""

    def __call__(self, in_channels: int, out_channels: int, /, *, lifting: bool) -> nn.Module:
        """Make a layer; ``lifting`` says that its input has no scales yet."""


class ScaleConvNet(nn.Sequential):
    r"""Convolutions over places and scales with activations between them; the output is the mean over the scales.

    **Law**: approximately equivariant to scalings as far as its layers are: a field scaled by the ratio of two
    neighbouring scales moves each layer's output by one scale, and the mean over them does not mind but for the ends.

    Args:
        channels: Channels of the input, after each layer, of the output.
        layer: Makes a layer, such as ``partial(ScaleConv2d, kernel_size=7, scales=(1.0, 1.4))``.
        act: Activation, by name.
        act_last: Whether an activation follows the last layer.
        lifting: Whether the input has no scales.
        readout: ``"mean"`` over the scales in the end, or ``None`` for an output with scales.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`, without ``lifting`` :math:`(B, C_{in}, S, H, W)`
        - **output**: :math:`(B, C_{out}, H, W)`, without ``readout`` :math:`(B, C_{out}, S, H, W)`

    Raises:
        ValueError: On fewer than two numbers of channels, or an unknown readout.

    Example:
        >>> from functools import partial
        >>> import torch
        >>> from pyg_liesym.nn.field import ScaleConv2d
        >>> net = ScaleConvNet([2, 4, 2], partial(ScaleConv2d, kernel_size=7, scales=(1.0, 1.4)))
        >>> net(torch.ones(1, 2, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        channels: Sequence[int],
        layer: ScaleLayer,
        *,
        act: str = "relu",
        act_last: bool = False,
        lifting: bool = True,
        readout: Literal["mean"] | None = "mean",
    ) -> None:
        if len(channels) < 2:
            raise ValueError(f"expected the channels of the input and after each layer, got {list(channels)}")
        if readout not in ("mean", None):
            raise ValueError(f"expected `readout` to be 'mean' or None, got {readout!r}")
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(itertools.pairwise(channels)):
            layers += [layer(before, after, lifting=lifting and number == 0), activation_resolver(act)]
        super().__init__(*(layers if act_last else layers[:-1]))
        self.readout = readout

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)

    def forward(self, field: Tensor) -> Tensor:
        """Run the network."""
        for layer in self:
            field = layer(field)
        return field if self.readout is None else field.mean(2)
