"""A perceptron of a whole field."""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.nn import MLP


class FieldMLP(nn.Module):
    """Map a whole field to a whole field by a perceptron.

    **Law**: equivariant to nothing, translations included.

    Args:
        in_channels: Channels of the input.
        hidden_channels: Width of the perceptron.
        out_channels: Channels of the output.
        num_layers: Number of layers.
        size: Height and width of the lattice.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Example:
        >>> import torch
        >>> FieldMLP(2, 16, 3, num_layers=3, size=(4, 5))(torch.ones(1, 2, 4, 5)).shape
        torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self, in_channels: int, hidden_channels: int, out_channels: int, num_layers: int, *, size: tuple[int, int]
    ) -> None:
        super().__init__()
        places = size[0] * size[1]
        self.out_channels, self.size = out_channels, size
        self.net = MLP(
            in_channels=in_channels * places, hidden_channels=hidden_channels, out_channels=out_channels * places,
            num_layers=num_layers, norm=None,
        )  # fmt: skip

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        self.net.reset_parameters()

    def forward(self, field: Tensor) -> Tensor:
        """Run the perceptron."""
        out: Tensor = self.net(field.flatten(1))
        return out.view(-1, self.out_channels, *self.size)
