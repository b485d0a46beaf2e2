"""The plain default network of methods that learn through a prediction."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pyg_liesym.discovery.samples import Samples


class Predictor(nn.Module):
    r"""Predicts the output of a task from its input vectors: a least-squares map and a smooth network for the rest.

    .. math::
        f(x) = A x + b + s \odot \mathrm{MLP}\bigl((x - m) / d\bigr)

    with A, b, m, d and the sizes s of what A leaves fixed by `from_samples`. Its derivative is smooth, as `LieGG` needs
    it. Nothing in it is equivariant, so that a symmetry can come from the data alone.

    Args:
        num_inputs: Number of input coordinates, v · n.
        num_outputs: Number of output coordinates, invariant numbers, or classes.
        num_classes: Number of classes, whose logits are predicted; 0 for numbers.
        hidden_channels: Width of the two hidden layers.

    Shapes:
        - **vectors**: ``[B, v, n]``; **output**: ``[B, num_outputs]``

    Example:
        >>> x = torch.randn(200, 3)
        >>> samples = Samples.of(x, x.square().sum(1))
        >>> net = Predictor.from_samples(samples)
        >>> net(net.inputs(samples)).shape
        torch.Size([200, 1])

    **Law**: no equivariance.
    """

    linear: Tensor
    offset: Tensor
    size: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, num_inputs: int, num_outputs: int, *, num_classes: int = 0, hidden_channels: int = 64) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.register_buffer("linear", torch.zeros(num_inputs, num_outputs))
        self.register_buffer("offset", torch.zeros(num_outputs))
        self.register_buffer("size", torch.ones(num_outputs))
        self.register_buffer("mean", torch.zeros(num_inputs))
        self.register_buffer("deviation", torch.ones(num_inputs))
        self.network = nn.Sequential(
            nn.Linear(num_inputs, hidden_channels),
            nn.SiLU(),
            nn.Linear(hidden_channels, hidden_channels),
            nn.SiLU(),
            nn.Linear(hidden_channels, num_outputs),
        )

    @classmethod
    def from_samples(cls, samples: Samples, *, hidden_channels: int = 64) -> Predictor:
        """A network for given data, with the linear part of the task fitted.

        Raises:
            ValueError: If the samples have no output.
        """
        targets, num_classes = cls.targets(samples), samples.num_classes
        x = cls.inputs(samples).flatten(1)
        self = cls(
            x.shape[1], num_classes or targets.shape[1], num_classes=num_classes, hidden_channels=hidden_channels
        )
        self.mean.copy_(x.mean(dim=0))
        self.deviation.copy_(x.std(dim=0).clamp(min=1e-6))
        if not num_classes:
            ones = torch.cat([x, torch.ones(len(x), 1)], dim=1).double()
            solved = torch.linalg.lstsq(ones, targets.double(), driver="gelsd").solution
            self.linear.copy_(solved[:-1])
            self.offset.copy_(solved[-1])
            self.size.copy_((targets - ones @ solved).std(dim=0).clamp(min=1e-6))
        return self

    @staticmethod
    def inputs(samples: Samples) -> Tensor:
        """The vectors of x, ``[S, v, n]``."""
        return samples.vectors[:, : samples.num_inputs]

    @staticmethod
    def targets(samples: Samples) -> Tensor:
        """What is predicted: labels ``[S]``, invariant numbers ``[S, F]``, or all vectors of y in a row, ``[S, O n]``.

        Raises:
            ValueError: If there is nothing to predict.
        """
        if samples.labels is not None:
            return samples.labels
        if samples.scalars.shape[1]:
            return samples.scalars
        if samples.vectors.shape[1] > samples.num_inputs:
            return samples.vectors[:, samples.num_inputs :].flatten(1)
        raise ValueError("there is nothing to predict: this method learns from an output y, besides x")

    def forward(self, vectors: Tensor) -> Tensor:
        """Outputs in their own units, or logits."""
        x = vectors.flatten(1)
        out: Tensor = x @ self.linear + self.offset + self.size * self.network((x - self.mean) / self.deviation)
        return out

    def error(self, predicted: Tensor, targets: Tensor) -> Tensor:
        """Mean error of predictions: cross-entropy, or the square in units of what a linear map leaves."""
        if self.num_classes:
            return cross_entropy(predicted, targets)
        scaled: Tensor = (predicted - targets) / self.size
        return scaled.square().mean()
