r"""Solutions of the steerability constraint on a circle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import Representation


@dataclass(frozen=True)
class AngularBasis:
    r"""An orthonormal basis of the matrix-valued functions of an angle that obey the steerability constraint.

    These are all :math:`\Phi_l(\theta)` of angular frequencies :math:`m \le M` with

    .. math:: \Phi(g\,\theta) = \rho_{out}(g)\, \Phi(\theta)\, \rho_{in}(g)^{-1} \quad\text{for all } g \in G

    (Weiler & Cesa, `arXiv:1911.08251 <https://arxiv.org/abs/1911.08251>`_, eq. 2), written in circular harmonics:
    :math:`\Phi_l(\theta) = \sum_m A_{lm} h_m(\theta)` with :math:`h = (1, \sqrt2 \cos\theta, \sqrt2 \sin\theta,
    \sqrt2 \cos 2\theta, \ldots)`. Each element has one frequency.

    Args:
        coefficients: A, ``[L, d_out, d_in, 2M + 1]`` float64.
        frequencies: The frequency of each element, ``[L]``.
    """

    coefficients: Tensor
    frequencies: Tensor

    def __len__(self) -> int:
        return len(self.frequencies)

    @property
    def max_frequency(self) -> int:
        """M."""
        return (self.coefficients.size(-1) - 1) // 2

    def __call__(self, offsets: Tensor) -> Tensor:
        r"""Evaluate the basis in the directions of offsets; elements with m > 0 vanish at the offset zero.

        Shapes:
            - **offsets**: :math:`(E, 2)`; **output**: :math:`(E, L, d_{out}, d_{in})`
        """
        return torch.einsum("loim,em->eloi", self.coefficients.to(offsets), harmonics(offsets, self.max_frequency))


def harmonics(offsets: Tensor, max_frequency: int) -> Tensor:
    r"""The circular harmonics :math:`1, \sqrt2 \cos\theta, \sqrt2 \sin\theta, \ldots` of the offsets' directions.

    At the offset zero, which has no direction, all but the first are zero, and so is their gradient.

    Shapes:
        - **offsets**: :math:`(E, 2)`; **output**: :math:`(E, 2M + 1)`
    """
    x, y = offsets.unbind(-1)
    nowhere = (x == 0) & (y == 0)
    angle = torch.atan2(y, torch.where(nowhere, torch.ones_like(x), x))
    waves = torch.arange(1, max_frequency + 1, device=offsets.device, dtype=offsets.dtype) * angle[:, None]
    pairs = torch.stack([waves.cos(), waves.sin()], -1).flatten(1) * 2**0.5
    return torch.cat([torch.ones_like(angle)[:, None], pairs.masked_fill(nowhere[:, None], 0.0)], -1)


@lru_cache(maxsize=256)
def angular_basis(rep_in: Representation, rep_out: Representation, max_frequency: int) -> AngularBasis:
    r"""Find all solutions of the constraint up to a frequency.

    The group average over :math:`\rho_{out} \otimes \rho_{in} \otimes D_m`, with :math:`D_m` the representation of the
    harmonics of frequency m, is the projection on the solutions; its image is found by an eigenvalue decomposition.
    A continuous group is averaged over a finite subgroup that is large enough to be exact.

    Raises:
        ValueError: If the representations are of different groups or ``max_frequency`` is negative.

    Example:
        >>> so2 = PointGroup.so2()
        >>> scalar, vector = Representation.trivial(so2), Representation.vector(so2)
        >>> angular_basis(scalar, vector, 2).frequencies
        tensor([1, 1])
    """
    if rep_in.group != rep_out.group:
        raise ValueError(f"fields of one group are needed, got {rep_in.group} and {rep_out.group}")
    if max_frequency < 0:
        raise ValueError(f"max_frequency must be at least 0, got {max_frequency}")
    group = rep_in.group.averaging(rep_in.frequency + rep_out.frequency + max_frequency)
    angles, reflected = group.angles(), group.reflected()
    rho_in, rho_out = rep_in.matrices(angles, reflected), rep_out.matrices(angles, reflected)
    coefficients, frequencies = [], []
    for m in range(max_frequency + 1):
        wave = Representation(PointGroup.o2(), "irrep", m).matrices(angles, reflected)
        size, width = rho_out.size(1) * rho_in.size(1), wave.size(1)
        average = torch.einsum("gab,gcd,gef->acebdf", rho_out, rho_in, wave).reshape(size * width, -1) / group.size
        values, eigenvectors = torch.linalg.eigh((average + average.mT) / 2)
        solutions = _tidy(eigenvectors[:, values > 0.5].mT)
        block = solutions.view(-1, rho_out.size(1), rho_in.size(1), width)
        full = block.new_zeros(*block.shape[:-1], 2 * max_frequency + 1)
        first = max(2 * m - 1, 0)
        full[..., first : first + width] = block
        coefficients.append(full)
        frequencies += [m] * len(block)
    return AngularBasis(torch.cat(coefficients), torch.tensor(frequencies, dtype=torch.long))


def _tidy(rows: Tensor) -> Tensor:
    """An orthonormal basis of the same space that does not depend on the eigenvectors' arbitrary mixing.

    Projecting the coordinate axes one after another and keeping what is new gives the same basis everywhere.
    """
    kept: list[Tensor] = []
    projection = rows.mT @ rows
    for axis in projection:
        rest = axis.clone()
        for row in kept:
            rest = rest - (rest @ row) * row
        if rest.norm() > 1e-6:
            kept.append(rest / rest.norm())
        if len(kept) == len(rows):
            break
    return torch.stack(kept) if kept else rows
