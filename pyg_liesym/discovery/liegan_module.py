"""The adversarial game of LieGAN as a Lightning module."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, softplus

from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.group_module import GroupModule, Pace
from pyg_liesym.discovery.samples import Samples

_PACE = Pace(lr=2e-2, decay=200.0)

Regulariser: TypeAlias = Callable[[Tensor, Tensor, GroupDistribution], Tensor]
"""What the basis pays besides the game: (data, transformed data, group) ↦ a number."""


@dataclass(frozen=True)
class LieGANRegulariser:
    """The regularisers R(L) of LieGAN (ICML 2023, section 4.3), weighted.

    Args:
        away_from_identity: Weight of the mean cosine between data and transformed data.
        channels_apart: Weight of the squared cosines between matrices.
        sparsity: Weight of the mean absolute entry of the matrices.

    Raises:
        ValueError: If a weight is negative.
    """

    away_from_identity: float = 5.0
    channels_apart: float = 1.0
    sparsity: float = 0.0

    def __post_init__(self) -> None:
        if min(self.away_from_identity, self.channels_apart, self.sparsity) < 0:
            raise ValueError("the weights of the regularisers must not be negative")

    def __call__(self, vectors: Tensor, moved: Tensor, group: GroupDistribution) -> Tensor:
        """R for vectors ``[B, V, n]`` and those that they were moved to."""
        identity = cosine_similarity(vectors.flatten(1), moved.flatten(1)).mean()
        basis = group.basis.flatten(1)
        apart, sparse = group.overlap(basis), basis.abs().mean()
        return self.away_from_identity * identity + self.channels_apart * apart + self.sparsity * sparse


class LieGANModule(GroupModule):
    r"""A basis that plays against a discriminator (LieGAN, ICML 2023, section 4, equations 4-7).

    The basis makes transformed data look like data to the discriminator D, which learns to tell them apart:

    .. math::
        g = \exp\Big(\sum_i w_i L_i\Big), \qquad
        \min_L \max_D \; \mathbb{E} \log D(x, y) + \mathbb{E} \log(1 - D(g x, g y)) + R(L)

    with the generator's loss in its non-saturating form, and `LieGANRegulariser` as R.

    Large transformations have many local optima, small ones hardly any: during a warm-up w grows from a tenth of its
    size (not on the grid of integers). After it the basis learns with a rate that falls, and is averaged over
    steps: a discriminator sees arbitrarily small departures from data that lie on a thin set, so the basis would never
    come to rest. A basis that starts from an algebra has no warm-up: it waits there until the discriminator has
    learned, and then moves slowly (`Pace`).

    Args:
        discriminator: Module ``(vectors, scalars, labels) -> logits [B]``; it is trained in place.
        group: The distribution of g; its matrices are the basis.
        regulariser: R.
        pace: How fast the basis moves, and how the game warms up.
        discriminator_lr: Learning rate of the discriminator.

    Shapes:
        - **basis**: ``[K, n, n]``

    **Law**: g is linear, the same for all vectors of a sample, and the identity on scalars and labels.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        group: GroupDistribution,
        *,
        regulariser: Regulariser = LieGANRegulariser(),
        pace: Pace = _PACE,
        discriminator_lr: float = 1e-3,
    ) -> None:
        super().__init__(group, pace)
        self.discriminator, self.regulariser, self.discriminator_lr = discriminator, regulariser, discriminator_lr

    def forward(self, vectors: Tensor, coefficients: Tensor) -> Tensor:
        """Transform the vectors ``[B, V, n]`` of every sample by its own ``exp(Σ wᵢLᵢ)``, w ``[B, K]``."""
        return self._moved(vectors, self.group.matrices(coefficients))

    def training_step(self, batch: tuple[Samples, Samples], batch_idx: int) -> None:
        """One step of the discriminator, then one of the basis, on the same transformed data."""
        real, source = batch
        optimizer_d, optimizer_l = self.optimizers()  # type: ignore[attr-defined]
        fake = self(source.vectors, self.size * self.group.sample_coefficients(len(source)))
        loss_d = softplus(-self._judge(real.vectors, real)).mean() + softplus(self._judge(fake.detach(), source)).mean()
        optimizer_d.zero_grad()
        self.manual_backward(loss_d)
        optimizer_d.step()

        if self.pace.waiting and self.num_updates < self.pace.warmup:
            self.num_updates += 1
            return
        loss_l = softplus(-self._judge(fake, source)).mean() + self.regulariser(source.vectors, fake, self.group)
        optimizer_l.zero_grad()
        self.manual_backward(loss_l, inputs=[self.group.weight])
        self.move(optimizer_l)

    @torch.no_grad()
    def visibility(self, samples: Samples) -> Tensor:
        """How well D tells data from data moved along one channel of `average`: 0 (not at all) … 1, ``[K]``.

        This is ``max(0, 2·AUC − 1)`` (a Gini coefficient), with the coefficients of training.
        """
        samples = samples.to(self.device)
        real = self._judge(samples.vectors, samples)
        scores = []
        for channel in self.average:
            w = self.group.sample_coefficients(len(samples))[:, :1].unsqueeze(2)
            fake = self._judge(self._moved(samples.vectors, w * channel), samples)
            below = torch.searchsorted(fake.sort().values, real).double().mean() / len(fake)
            scores.append((2.0 * below - 1.0).clamp(min=0.0))
        return torch.stack(scores)

    def transfer_batch_to_device(
        self, batch: tuple[Samples, Samples], device: torch.device, dataloader_idx: int
    ) -> tuple[Samples, Samples]:
        """Samples move as a whole; Lightning would try to edit the frozen dataclass."""
        return batch[0].to(device), batch[1].to(device)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Adam for each side."""
        return [
            torch.optim.Adam(self.discriminator.parameters(), lr=self.discriminator_lr, betas=(0.5, 0.9)),
            torch.optim.Adam([self.group.weight], lr=self.pace.lr, betas=(0.5, 0.9)),
        ]

    def _moved(self, vectors: Tensor, matrices: Tensor) -> Tensor:
        """The vectors of every sample moved by the exponential of its own matrix, ``[B, n, n]``."""
        return vectors @ _exp(matrices).mT

    def _judge(self, vectors: Tensor, samples: Samples) -> Tensor:
        logits: Tensor = self.discriminator(vectors, samples.scalars, samples.labels)
        if logits.shape != (len(samples),):
            raise ValueError(
                f"the discriminator must return one logit per sample, shape [{len(samples)}], "
                f"got {list(logits.shape)}; end it with .squeeze(-1)"
            )
        return logits


def _exp(matrices: Tensor) -> Tensor:
    """Exponentials ``[B, n, n]`` in the precision of a game: Taylor to order 5 below norm 1/4, then squaring.

    Several times as fast, forwards and backwards, as `torch.linalg.matrix_exp`, which a fit spends half its time in.
    """
    largest = float(matrices.detach().abs().sum(dim=2).amax())
    squarings = max(0, math.ceil(math.log2(max(largest, 1e-30))) + 2)
    scaled = matrices / 2.0**squarings
    identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    group = identity + scaled / 5.0
    for order in (4.0, 3.0, 2.0, 1.0):
        group = identity + scaled @ group / order
    for _ in range(squarings):
        group = group @ group
    return group
