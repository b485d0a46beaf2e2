"""Linear maps between tensors that commute with a Lie algebra, exactly known or found in data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.tensors import derivative, power, rank

LARGEST = 2500
"""Entries of a map up to which the equations are solved: the time grows with the third power."""
STEP = 10.0
"""What counts as a gap. In balanced coordinates the singular values of an exact algebra that are not zero lie within a
factor of three of each other, or so."""
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class EquivariantMaps:
    r"""The linear maps between two kinds of tensors, in the order in which they break an algebra.

    Attributes:
        maps: All directions ``[R, out, in]``, float64: the first `count` orthonormal, the others of norm one.
        singular_values: How much each breaks the algebra, ascending, in balanced coordinates and as a share of the
            norm of the algebra: a map that nothing keeps has about one.
        count: How many of them are kept.
    """

    maps: Tensor
    singular_values: Tensor
    count: int

    @property
    def kept(self) -> Tensor:
        """An orthonormal basis of the equivariant maps, ``[count, out, in]``."""
        return self.maps[: self.count]

    @property
    def gap(self) -> float:
        """The smallest singular value above the gap over the largest below it; those of rounding count as 1e-12."""
        padded = _padded(self.singular_values)
        return float(padded[self.count + 1] / padded[self.count])

    @property
    def clear(self) -> bool:
        """Whether no direction lies in between, neither kept nor thoroughly broken."""
        return float(_padded(self.singular_values)[self.count + 1]) > 1 / STEP


@lru_cache(maxsize=64)
def equivariant_maps(algebra: LieAlgebra, source: str, target: str) -> EquivariantMaps:
    r"""Solve :math:`\rho_{out}(L_i) W = W \rho_{in}(L_i)` for all i by a singular value decomposition in float64.

    Finzi, Welling and Wilson, *A Practical Method for Constructing Equivariant Multilayer Perceptrons for Arbitrary
    Matrix Groups*, ICML 2021 (arXiv:2104.09459), Section 4: the equivariant maps are the null space of a linear system.
    Of an algebra found in data the equations hold only nearly, so that a tolerance would have to know how nearly. Here
    the uppermost gap of the singular values decides, a step of ten or more. They are taken in coordinates in which the
    algebra is balanced (:func:`balance`), where those of broken directions are alike, whatever the units of the data.

    Args:
        algebra: The algebra; the norms of its matrices weight the equations.
        source: Word of the input, e.g. ``"V"``; ``""`` for numbers. From numbers, the maps are invariant tensors.
        target: Word of the output.

    Raises:
        ValueError: If a map has more than 2500 entries.

    Example:
        >>> turns = LieAlgebra.rotation(3)
        >>> maps = equivariant_maps(turns, "VV", "V")  # the cross product
        >>> maps.count, maps.clear
        (1, True)
        >>> cross = maps.kept[0].view(3, 3, 3)
        >>> bool(torch.allclose(cross, -cross.mT))
        True

    **Law**: ``ρ_out(g) W = W ρ_in(g)`` for all g of the group, up to the singular value of W.
    """
    n = algebra.n
    size = n ** (rank(source) + rank(target))
    if size > LARGEST:
        raise ValueError(
            f"maps from {source or '1'} to {target or '1'} have {size} entries, of vectors with {n} components: "
            f"expected at most {LARGEST}. Use tensors of lower rank, or restrict the algebra to blocks"
        )
    basis, change = balance(algebra)
    values, maps = _decomposed(derivative(source, basis), derivative(target, basis))
    count = _zeros(values)
    # Back: W = ρ_out(P)⁻¹ W' ρ_in(P)
    maps = power(target, torch.linalg.inv(change)) @ maps @ power(source, change)
    flat = maps.flatten(1)
    orthonormal = torch.linalg.qr(flat[:count].mT)[0].mT
    others = flat[count:] / flat[count:].norm(dim=1, keepdim=True)
    return EquivariantMaps(torch.cat([orthonormal, others]).view_as(maps), values, count)


@lru_cache(maxsize=64)
def balance(algebra: LieAlgebra, rounds: int = 200) -> tuple[Tensor, Tensor]:
    r"""The algebra in coordinates :math:`P x` where its matrices are as small as they get, norm one in all; and P.

    There :math:`\sum_i [L_i, L_i^\top] = 0`, the gradient of :math:`\sum_i \|P L_i P^{-1}\|^2`, which has no other
    local minimum (Kempf and Ness, *The length of vectors in representation spaces*, 1979): rotations in skew
    coordinates are orthogonal again, and metres and millimetres do not matter. Where a step gains less than a hundredth
    that is near enough; some algebras, such as those with translations, have no minimum.

    Example:
        >>> skew = LieAlgebra.rotation(2).conjugate(torch.tensor([[2.0, 1.0], [0.0, 1.0]]))
        >>> bool((balance(skew)[0] + balance(skew)[0].mT).abs().max() < 0.1)
        True
    """
    basis = algebra.basis.detach().double().cpu()
    change = torch.eye(algebra.n, dtype=torch.float64)
    size = float(basis.square().sum())
    if not size > 0:
        return basis, change
    moved = basis
    for _ in range(rounds):
        gradient = (moved @ moved.mT - moved.mT @ moved).sum(0) / size
        trial = torch.linalg.matrix_exp(-gradient / 4) @ change
        candidate = trial @ basis @ torch.linalg.inv(trial)
        smaller = float(candidate.square().sum())
        if not smaller < 0.99 * size:
            break
        moved, change, size = candidate, trial, smaller
    return moved / size**0.5, change


def _decomposed(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Singular values, ascending, and maps ``[R, out, in]`` of W ↦ ρ_out(L) W − W ρ_in(L)."""
    rows, columns = target.size(-1), source.size(-1)
    size = rows * columns
    triangle = torch.zeros(size, size, dtype=torch.float64)
    one_in, one_out = torch.eye(columns, dtype=torch.float64), torch.eye(rows, dtype=torch.float64)
    for before, after in zip(source, target, strict=True):
        equations = torch.kron(after, one_in) - torch.kron(one_out, before.mT.contiguous())
        # One matrix after the other: the triangle has the singular values of all of them.
        triangle = torch.linalg.qr(torch.cat([triangle, equations]))[1]
    _, values, vectors = torch.linalg.svd(triangle)
    return values.flip(0), vectors.flip(0).view(size, rows, columns)


def _padded(values: Tensor) -> Tensor:
    """Between what is certainly kept and what is certainly broken."""
    below, above = values.new_tensor([ROUNDING]), values.new_tensor([max(1.0, float(values.max()))])
    return torch.cat([below, values.clamp(min=ROUNDING), above])


def _zeros(values: Tensor) -> int:
    """How many values lie below the uppermost gap."""
    padded = _padded(values)
    steps = (padded[1:] / padded[:-1] >= STEP).nonzero()
    return int(steps[-1]) if len(steps) else 0
