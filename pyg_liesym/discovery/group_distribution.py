"""A distribution over the elements of a group that is learned through its matrices."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from pyg_liesym.typing import OptTensor

WidthLaw: TypeAlias = Literal["normal", "uniform"]


class GroupDistribution(nn.Module):
    r"""Group elements :math:`g = \exp(\sum_i w_i L_i)` with random w, and matrices that are learned.

    Only the product of coefficients and matrices means anything, so the law of w is fixed and the matrices carry the
    width: the rate ``(E|L v|² / E|v|²)^½`` of a matrix, which is bounded.

    Args:
        second_moments: Σ = mean(v vᵀ) of the vectors, ``[n, n]``.
        num_channels: Number of matrices K.
        mask: ``[n, n]`` of 0 and 1, entries that may differ from zero; None for all.
        coefficients: Law of w: normal, or uniform between −1 and 1.
        start: Rate of the matrices at the start.
        max_rate: Bound on every rate.
        seed: Seed of the start and of the coefficients.

    Shapes:
        - **vectors**: ``[B, V, n]``, each sample moved by an element of its own
        - **output**: the moved vectors, and the matrices ``[B, n, n]`` whose exponentials moved them

    Example:
        >>> group = GroupDistribution(torch.eye(3), num_channels=2)
        >>> moved, matrices = group(torch.randn(5, 1, 3))
        >>> moved.shape, matrices.shape
        (torch.Size([5, 1, 3]), torch.Size([5, 3, 3]))
    """

    average: Tensor
    mask: Tensor
    second_moments: Tensor

    def __init__(
        self,
        second_moments: Tensor,
        *,
        num_channels: int = 1,
        mask: OptTensor = None,
        coefficients: WidthLaw = "uniform",
        start: float = 0.5,
        max_rate: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        n = second_moments.shape[-1]
        self.coefficients, self.max_rate = coefficients, max_rate
        self.generator = torch.Generator().manual_seed(seed)
        self.register_buffer("second_moments", (second_moments / second_moments.trace()).float())
        self.register_buffer("mask", torch.ones(n, n) if mask is None else mask.float())
        self.weight = nn.Parameter(torch.randn(num_channels, n, n, generator=self.generator) * self.mask)
        with torch.no_grad():
            self.weight.mul_((start / self.rates(self.weight).clamp(min=1e-12)).view(-1, 1, 1))
        self.register_buffer("average", self.weight.detach().clone())

    @property
    def basis(self) -> Tensor:
        """The matrices as they are now, ``[K, n, n]``; `average` is the running mean."""
        basis: Tensor = self.weight * self.mask
        return basis

    def rates(self, basis: Tensor) -> Tensor:
        """``(E|L v|² / E|v|²)^½`` of every matrix, ``[K]``."""
        rates: Tensor = torch.einsum("kij,jl,kil->k", basis, self.second_moments, basis).clamp(min=1e-24).sqrt()
        return rates

    def sample(self, num: int) -> Tensor:
        """Matrices ``Σ wᵢLᵢ`` of some elements, ``[num, n, n]``."""
        size = (num, len(self.weight))
        if self.coefficients == "normal":
            w = torch.randn(size, generator=self.generator)
        else:
            w = 2.0 * torch.rand(size, generator=self.generator) - 1.0
        drawn: Tensor = torch.einsum("bk,kij->bij", w.to(self.weight.device), self.basis)
        return drawn

    def forward(self, vectors: Tensor, size: float = 1.0) -> tuple[Tensor, Tensor]:
        """Move every sample, by elements whose coefficients are ``size`` times what the law says."""
        matrices = size * self.sample(len(vectors))
        return vectors @ torch.linalg.matrix_exp(matrices).mT, matrices

    @torch.no_grad()
    def bound(self) -> None:
        """Shrink the matrices whose rate is above the bound."""
        self.weight.mul_((self.max_rate / self.rates(self.basis).clamp(min=1e-12)).clamp(max=1.0).view(-1, 1, 1))

    @torch.no_grad()
    def update_average(self, share: float) -> None:
        """Move the running mean by a share of the way to the matrices."""
        self.average.lerp_(self.basis, share)
