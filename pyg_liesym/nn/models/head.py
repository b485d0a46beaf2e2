"""The perceptron with which networks answer."""

from __future__ import annotations

from torch import nn
from torch_geometric.nn.resolver import activation_resolver


def readout_head(in_channels: int, hidden_channels: int, out_channels: int, dropout: float, act: str) -> nn.Sequential:
    """A perceptron of one hidden layer; its linear maps are the modules 0 and 3.

    Args:
        in_channels: Channels of a node or graph.
        hidden_channels: Width.
        out_channels: Channels of the answer.
        dropout: Share of hidden channels dropped in training.
        act: Activation, by name.

    Shapes:
        - **input**: :math:`(*, F_{in})`; **output**: :math:`(*, F_{out})`

    Example:
        >>> readout_head(8, 16, 2, 0.1, "relu")
        Sequential(
          (0): Linear(in_features=8, out_features=16, bias=True)
          (1): ReLU()
          (2): Dropout(p=0.1, inplace=False)
          (3): Linear(in_features=16, out_features=2, bias=True)
        )
    """
    return nn.Sequential(
        nn.Linear(in_channels, hidden_channels),
        activation_resolver(act),
        nn.Dropout(dropout),
        nn.Linear(hidden_channels, out_channels),
    )
