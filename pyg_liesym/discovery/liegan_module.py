"""The adversarial game of LieGAN as a Lightning module."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import lightning
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, softplus

from pyg_liesym.discovery.samples import Samples
from pyg_liesym.typing import OptTensor

CoefficientLaw: TypeAlias = Literal["normal", "uniform", "integer"]

_AVERAGE_DECAY = 0.995
_COLD = 0.1
_STARTED = 0.1
"""Share of the learning rate with which a basis moves that was given."""


class LieGANModule(lightning.LightningModule):
    r"""A basis that plays against a discriminator (LieGAN, ICML 2023, section 4, equations 4-7).

    The basis makes transformed data look like data to the discriminator D, which learns to tell them apart:

    .. math::
        g = \exp\Big(\sum_i w_i L_i\Big), \qquad
        \min_L \max_D \; \mathbb{E} \log D(x, y) + \mathbb{E} \log(1 - D(g x, g y)) + R(L)

    with the generator's loss in its non-saturating form. The regularisers R are, in this order, the mean
    cosine between data and transformed data (away from the identity), the squared cosines between channels,
    and the mean absolute entry.

    Only the product of coefficients and matrices means anything. So every matrix is held to a rate
    ``(E|L v|² / E|v|²)^½ ≤ max_rate``, and the largest rate at ``max_rate`` (on the integer grid, where the size of
    the matrices does mean something, it is only a bound); normal and uniform w are divided by √K.

    Large transformations have many local optima, small ones hardly any: during a warm-up w grows from a tenth of its
    size (not on the grid). After it the basis learns with a rate that falls as 1/(1 + t/τ), and is averaged over
    steps: a discriminator sees arbitrarily small departures from data that lie on a thin set, so the basis would never
    come to rest. A basis that starts from an algebra (``start``) has no warm-up: it is held where it is until the
    discriminator has learned, and then moves with a tenth of the rate.

    Args:
        discriminator: Module ``(vectors, scalars, labels) -> logits [B]``; it is trained in place.
        second_moments: Σ = mean(v vᵀ) of the vectors, ``[n, n]``.
        num_channels: Number of matrices K.
        mask: ``[n, n]`` of 0 and 1, entries that may differ from zero; None for all.
        coefficients: Law of w: normal, uniform, or uniform on integers (finds discrete groups).
        coefficient_scale: Standard deviation or half width, of √K · wᵢ; or the largest integer.
        max_rate: Bound on the rate of every matrix.
        away_from_identity: Weight of the first regulariser.
        channels_apart: Weight of the second.
        sparsity: Weight of the third.
        basis_lr: Initial learning rate of the basis.
        discriminator_lr: Learning rate of the discriminator.
        lr_decay: τ, in steps.
        warmup: Steps of the warm-up, or those for which a given start is held.
        start: Matrices to start from, ``[K, n, n]``; random ones if not given.
        seed: Seed of the basis' start and of the coefficients.

    Shapes:
        - **basis**: ``[K, n, n]``

    **Law**: g is linear, the same for all vectors of a sample, and the identity on scalars and labels.
    """

    average: Tensor
    mask: Tensor
    second_moments: Tensor

    def __init__(
        self,
        discriminator: nn.Module,
        second_moments: Tensor,
        *,
        num_channels: int = 1,
        mask: OptTensor = None,
        coefficients: CoefficientLaw = "normal",
        coefficient_scale: float = 1.0,
        max_rate: float = 1.0,
        away_from_identity: float = 5.0,
        channels_apart: float = 1.0,
        sparsity: float = 0.0,
        basis_lr: float = 2e-2,
        discriminator_lr: float = 1e-3,
        lr_decay: float = 200.0,
        warmup: int = 300,
        start: OptTensor = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.discriminator = discriminator
        self.coefficients, self.coefficient_scale, self.max_rate = coefficients, coefficient_scale, max_rate
        self.away_from_identity, self.channels_apart, self.sparsity = away_from_identity, channels_apart, sparsity
        self.basis_lr, self.discriminator_lr, self.lr_decay = basis_lr, discriminator_lr, lr_decay
        self.warmup = warmup
        self.generator = torch.Generator().manual_seed(seed)
        n = second_moments.shape[-1]
        self.register_buffer("second_moments", (second_moments / second_moments.trace()).float())
        self.register_buffer("mask", torch.ones(n, n) if mask is None else mask.float())
        self.started = start is not None
        if self.started:
            self.basis_lr *= _STARTED
        if start is None:
            start = torch.randn(num_channels, n, n, generator=self.generator)
        self.weight = nn.Parameter(start.float() * self.mask)
        self._bound_rates()
        self.register_buffer("average", self.weight.detach().clone())
        self.num_updates = 0

    @property
    def basis(self) -> Tensor:
        """The matrices as they are now, ``[K, n, n]``; `average` is the running mean."""
        basis: Tensor = self.weight * self.mask
        return basis

    def rates(self, basis: Tensor) -> Tensor:
        """``(E|L v|² / E|v|²)^½`` of every matrix, ``[K]``."""
        squares = torch.einsum("kij,jl,kil->k", basis, self.second_moments, basis)
        rates: Tensor = squares.clamp(min=0.0).sqrt()
        return rates

    def sample_coefficients(self, num: int) -> Tensor:
        """Coefficients w of some group elements, ``[num, K]``."""
        size, scale = (num, len(self.weight)), self.coefficient_scale / len(self.weight) ** 0.5
        if self.coefficients == "normal":
            w = scale * torch.randn(size, generator=self.generator)
        elif self.coefficients == "uniform":
            w = scale * (2.0 * torch.rand(size, generator=self.generator) - 1.0)
        else:
            limit = int(self.coefficient_scale)
            w = torch.randint(-limit, limit + 1, size, generator=self.generator).float()
        placed: Tensor = w.to(self.device)
        return placed

    def forward(self, vectors: Tensor, coefficients: Tensor) -> Tensor:
        """Transform the vectors ``[B, V, n]`` of every sample by its own ``exp(Σ wᵢLᵢ)``, w ``[B, K]``."""
        return self._moved(vectors, torch.einsum("bk,kij->bij", coefficients, self.basis))

    def training_step(self, batch: tuple[Samples, Samples], batch_idx: int) -> None:
        """One step of the discriminator, then one of the basis, on the same transformed data."""
        real, source = batch
        optimizer_d, optimizer_l = self.optimizers()  # type: ignore[attr-defined]
        fake = self(source.vectors, self._warm() * self.sample_coefficients(len(source)))
        loss_d = softplus(-self._judge(real.vectors, real)).mean() + softplus(self._judge(fake.detach(), source)).mean()
        optimizer_d.zero_grad()
        self.manual_backward(loss_d)
        optimizer_d.step()

        if self.started and self.num_updates < self.warmup:
            self.num_updates += 1
            return
        loss_l = softplus(-self._judge(fake, source)).mean() + self._regularisation(source.vectors, fake)
        optimizer_l.zero_grad()
        self.manual_backward(loss_l, inputs=[self.weight])
        optimizer_l.param_groups[0]["lr"] = self.basis_lr / (
            1.0 + max(0, self.num_updates - self.warmup) / self.lr_decay
        )
        optimizer_l.step()
        self._bound_rates()
        self._update_average()

    @torch.no_grad()
    def visibility(self, samples: Samples) -> Tensor:
        """How well D tells data from data moved along one channel of `average`: 0 (not at all) … 1, ``[K]``.

        This is ``max(0, 2·AUC − 1)`` (a Gini coefficient), with the coefficients of training.
        """
        samples = samples.to(self.device)
        real = self._judge(samples.vectors, samples)
        scores = []
        for channel in self.average:
            w = self.sample_coefficients(len(samples))[:, :1].unsqueeze(2)
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
            torch.optim.Adam([self.weight], lr=self.basis_lr, betas=(0.5, 0.9)),
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

    def _regularisation(self, vectors: Tensor, fake: Tensor) -> Tensor:
        identity = cosine_similarity(vectors.flatten(1), fake.flatten(1)).mean()
        basis = self.basis.flatten(1)
        direction = basis / (basis.norm(dim=1, keepdim=True) + 1e-6)
        apart = (direction @ direction.T).triu(diagonal=1).square().sum()
        sparse = basis.abs().mean()
        total: Tensor = self.away_from_identity * identity + self.channels_apart * apart + self.sparsity * sparse
        return total

    def _warm(self) -> float:
        if self.started or self.coefficients == "integer":
            return 1.0
        return min(1.0, _COLD + (1.0 - _COLD) * self.num_updates / max(1, self.warmup))

    @torch.no_grad()
    def _bound_rates(self) -> None:
        rates = self.rates(self.basis).clamp(min=1e-12)
        factors = (self.max_rate / rates).clamp(max=1.0)
        if self.coefficients != "integer":
            factors = factors * self.max_rate / (factors * rates).max()
        self.weight.mul_(factors.view(-1, 1, 1))

    @torch.no_grad()
    def _update_average(self) -> None:
        self.num_updates += 1
        recent = 10.0 / (self.num_updates + 9.0)
        self.average.lerp_(self.basis, max(1.0 - _AVERAGE_DECAY, recent))


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
