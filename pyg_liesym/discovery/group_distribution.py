"""A distribution over the elements of a group that is learned through its matrices."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from pyg_liesym.typing import OptTensor

ElementLaw: TypeAlias = Literal["normal", "uniform", "integer", "one"]


class GroupDistribution(nn.Module):
    r"""Group elements :math:`g = \exp(\sum_i w_i L_i)` with random w, and matrices that are learned.

    What a matrix does to the data is its rate ``(E|L v|² / E|v|²)^½``, which is bounded: but for integers, only the
    product of coefficients and matrices means anything.

    Args:
        second_moments: Σ = mean(v vᵀ) of the vectors, ``[n, n]``.
        num_channels: Number of matrices K.
        mask: ``[n, n]`` of 0 and 1, entries that may differ from zero; None for all.
        coefficients: Law of every w: normal, uniform, uniform on integers (discrete groups), or always 1 (one element).
        scale: Standard deviation or half width of w, or the largest integer.
        start: Matrices to start from, ``[K, n, n]``; random ones if not given.
        rate: Rate of every matrix at the start; None leaves the rates as they are.
        max_rate: Bound on every rate.
        held: Whether the largest rate is held at the bound, and not only below it.
        seed: Seed of random matrices at the start, and of the coefficients.

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
        coefficients: ElementLaw = "uniform",
        scale: float = 1.0,
        start: OptTensor = None,
        rate: float | None = None,
        max_rate: float = 1.0,
        held: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        n = second_moments.shape[-1]
        self.coefficients, self.scale, self.max_rate, self.held = coefficients, scale, max_rate, held
        self.generator = torch.Generator().manual_seed(seed)
        self.register_buffer("second_moments", (second_moments / second_moments.trace()).float())
        self.register_buffer("mask", torch.ones(n, n) if mask is None else mask.float())
        if start is None:
            start = torch.randn(num_channels, n, n, generator=self.generator)
        self.weight = nn.Parameter(start.float() * self.mask)
        if rate is not None:
            with torch.no_grad():
                self.weight.mul_((rate / self.rates(self.weight).clamp(min=1e-12)).view(-1, 1, 1))
        self.bound()
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

    @staticmethod
    def overlap(basis: Tensor) -> Tensor:
        """Sum of the squared cosines between matrices, ``[K, n, n]`` or flat, ``[K, n²]``."""
        flat = basis.flatten(1)
        direction = flat / (flat.norm(dim=1, keepdim=True) + 1e-6)
        overlap: Tensor = (direction @ direction.T).triu(diagonal=1).square().sum()
        return overlap

    def sample_coefficients(self, num: int) -> Tensor:
        """Coefficients w of some elements, ``[num, K]``."""
        size = (num, len(self.weight))
        if self.coefficients == "normal":
            w = self.scale * torch.randn(size, generator=self.generator)
        elif self.coefficients == "uniform":
            w = self.scale * (2.0 * torch.rand(size, generator=self.generator) - 1.0)
        elif self.coefficients == "integer":
            limit = int(self.scale)
            w = torch.randint(-limit, limit + 1, size, generator=self.generator).float()
        else:
            w = torch.ones(size)
        placed: Tensor = w.to(self.weight.device)
        return placed

    def matrices(self, coefficients: Tensor) -> Tensor:
        """Matrices ``Σ wᵢLᵢ`` of elements, ``[num, n, n]``, from w, ``[num, K]``."""
        matrices: Tensor = torch.einsum("bk,kij->bij", coefficients, self.basis)
        return matrices

    def forward(self, vectors: Tensor, size: float = 1.0) -> tuple[Tensor, Tensor]:
        """Move every sample, by elements whose coefficients are ``size`` times what the law says."""
        matrices = size * self.matrices(self.sample_coefficients(len(vectors)))
        return vectors @ torch.linalg.matrix_exp(matrices).mT, matrices

    @torch.no_grad()
    def bound(self) -> None:
        """Shrink the matrices whose rate is above the bound; then hold the largest at it, if it is held."""
        rates = self.rates(self.basis).clamp(min=1e-12)
        factors = (self.max_rate / rates).clamp(max=1.0)
        if self.held:
            factors = factors * self.max_rate / (factors * rates).max()
        self.weight.mul_(factors.view(-1, 1, 1))

    @torch.no_grad()
    def update_average(self, share: float) -> None:
        """Move the running mean by a share of the way to the matrices."""
        self.average.lerp_(self.basis, share)
