"""The plain default discriminator of LieGAN."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.discovery.samples import Samples
from pyg_liesym.typing import OptTensor

_MAX_COORDINATES = 64
_LABEL_CHANNELS = 8


class QuadraticDiscriminator(nn.Module):
    r"""Tells data from transformed data by a small network on the coordinates and all their products.

    .. math::
        D(z) = \mathrm{MLP}\big(\psi(W (z, \{z_a z_b\}_{a \le b}) - b),\, s,\, e_y\big), \qquad
        \psi(t) = \operatorname{sign}(t) \log(1 + |t|)

    where z are the coordinates of all vectors of a sample, s its scalars and e_y an embedding of its class
    (LieGAN, ICML 2023, section 4.1: the discriminator sees input and output). The products make any quadric
    visible on which the data lie; no metric enters. W and b, fixed by `from_samples`,
    standardise and decorrelate the features on real data, with small eigenvalues lifted to ``floor`` times
    the largest; they sit in the discriminator only and so leave the discovered action as it is.

    Args:
        num_coordinates: Number of coordinates of a sample, V · n, at most 64.
        num_scalars: Number of invariant scalars.
        num_classes: Number of classes; 0 without labels.
        hidden_channels: Width of the two hidden layers.

    Shapes:
        - **vectors**: ``[B, V, n]``; ``scalars``: ``[B, F]``; ``labels``: ``[B]``
        - **output**: ``[B]``, logits, positive for real

    Raises:
        ValueError: If there are too many coordinates.

    Example:
        >>> discriminator = QuadraticDiscriminator(num_coordinates=4)
        >>> discriminator(torch.randn(10, 2, 2)).shape
        torch.Size([10])

    **Law**: no equivariance at all; it has to see every change.
    """

    linear: Tensor
    quadratic: Tensor
    offset: Tensor
    scalar_mean: Tensor
    scalar_deviation: Tensor

    def __init__(
        self, num_coordinates: int, *, num_scalars: int = 0, num_classes: int = 0, hidden_channels: int = 64
    ) -> None:
        super().__init__()
        if not 1 <= num_coordinates <= _MAX_COORDINATES:
            raise ValueError(
                f"QuadraticDiscriminator forms all products of the V · n = {num_coordinates} coordinates of a sample; "
                f"at most {_MAX_COORDINATES} are allowed: give fewer vectors, or your own discriminator"
            )
        self.num_coordinates, self.num_scalars, self.num_classes = num_coordinates, num_scalars, num_classes
        num_products = num_coordinates * (num_coordinates + 1) // 2
        num_features = num_coordinates + num_products
        first, second = torch.triu_indices(num_coordinates, num_coordinates)
        quadratic = torch.zeros(num_coordinates, num_coordinates, num_features)
        quadratic[first, second, num_coordinates + torch.arange(num_products)] = 1.0
        self.register_buffer("linear", torch.eye(num_coordinates, num_features))
        self.register_buffer("quadratic", quadratic.flatten(0, 1))
        self.register_buffer("offset", torch.zeros(num_features))
        self.register_buffer("scalar_mean", torch.zeros(num_scalars))
        self.register_buffer("scalar_deviation", torch.ones(num_scalars))
        label_channels = _LABEL_CHANNELS if num_classes else 0
        self.embedding = nn.Embedding(num_classes, label_channels) if num_classes else None
        self.network = nn.Sequential(
            nn.Linear(num_features + num_scalars + label_channels, hidden_channels),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden_channels, hidden_channels),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden_channels, 1),
        )

    @classmethod
    def from_samples(cls, samples: Samples, *, hidden_channels: int = 64, floor: float = 0.1) -> QuadraticDiscriminator:
        """A discriminator for given data, its features decorrelated on at most 20000 samples of them.

        Args:
            samples: The real data.
            hidden_channels: Width of the two hidden layers.
            floor: Smallest eigenvalue of the features' correlation matrix that is resolved, relative to the
                largest: large values see less of thin structure, small ones saturate on it.
        """
        vectors = samples.vectors[:20_000].double()
        num_coordinates = vectors[0].numel()
        self = cls(
            num_coordinates,
            num_scalars=samples.scalars.shape[1],
            num_classes=samples.num_classes,
            hidden_channels=hidden_channels,
        )
        features = self.double()._features(vectors)
        deviation = features.std(dim=0).clamp(min=1e-6)
        eigenvalues, directions = torch.linalg.eigh(torch.cov((features / deviation).T))
        lifted = eigenvalues.clamp(min=floor * float(eigenvalues[-1]))
        whiten = directions / lifted.sqrt() / deviation.unsqueeze(1)
        self.offset.copy_(features.mean(dim=0) @ whiten)
        self.linear.copy_(self.linear @ whiten)
        self.quadratic.copy_(self.quadratic @ whiten)
        if samples.scalars.shape[1]:
            self.scalar_mean.copy_(samples.scalars.mean(dim=0))
            self.scalar_deviation.copy_(samples.scalars.std(dim=0).clamp(min=1e-6))
        return self.float()

    def forward(self, vectors: Tensor, scalars: OptTensor = None, labels: OptTensor = None) -> Tensor:
        """Logit of a sample being real."""
        features = self._features(vectors)
        # [B, V·n + V·n(V·n+1)/2]
        hidden = [features.sign() * features.abs().log1p()]
        if self.num_scalars and scalars is not None:
            hidden.append((scalars - self.scalar_mean) / self.scalar_deviation)
        if self.embedding is not None and labels is not None:
            hidden.append(self.embedding(labels))
        logits: Tensor = self.network(torch.cat(hidden, dim=1)).squeeze(1)
        return logits

    def _features(self, vectors: Tensor) -> Tensor:
        flat = vectors.flatten(1)
        products = (flat.unsqueeze(2) * flat.unsqueeze(1)).flatten(1)
        return flat @ self.linear + products @ self.quadratic - self.offset

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_coordinates={self.num_coordinates}, num_scalars={self.num_scalars}, "
            f"num_classes={self.num_classes})"
        )
