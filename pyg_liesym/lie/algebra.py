"""Matrix Lie algebras as values: a basis, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pyg_liesym.lie import named, restriction, solving, structure, subspace
from pyg_liesym.lie.identification import Identification, identify
from pyg_liesym.lie.invariant import InvariantForms, InvariantMetric


@dataclass(frozen=True, eq=False, repr=False)
class LieAlgebra:
    """A matrix Lie algebra, or a learned candidate for one, spanned by ``L₁ … L_K``.

    Its group acts on column vectors, ``x ↦ exp(Σ wᵢLᵢ) x``, which for a batch of rows is ``x @ g.mT``. The
    value is immutable: it keeps a clone of the basis, and every method returns something new. The matrices
    may depend on each other or be close to zero, as learned ones do; `rank`, `orthonormal` and `identify` allow for
    that.

    Args:
        basis: The matrices ``[K, n, n]``, floating point, finite; K may be 0.
        name: What to call it, e.g. ``"so(1,3)"``.

    Shapes:
        - **basis**: ``[K, n, n]``

    Raises:
        TypeError: If the basis is not a floating-point tensor.
        ValueError: If it is not ``[K, n, n]`` or holds NaN or infinity.

    Example:
        >>> lorentz = LieAlgebra.lorentz()
        >>> lorentz
        LieAlgebra(so(1,3), dim=6, n=4)
        >>> g = lorentz.exp(torch.tensor([0.3, 0.0, 0.0, 0.0, 0.0, 1.0]))
        >>> J = lorentz.invariant_metric().J
        >>> torch.allclose(g.mT @ J @ g, J)
        True
    """

    basis: Tensor
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.basis, Tensor) or not self.basis.is_floating_point():
            got = self.basis.dtype if isinstance(self.basis, Tensor) else type(self.basis).__name__
            raise TypeError(f"basis must be a floating-point tensor [K, n, n], got {got}")
        shape = list(self.basis.shape)
        if self.basis.ndim != 3 or shape[1] != shape[2] or shape[1] == 0:
            raise ValueError(f"basis must hold square matrices, shape [K, n, n]; got {shape}")
        if not bool(torch.isfinite(self.basis).all()):
            raise ValueError(f"basis of shape {shape} holds NaN or infinite entries: give finite matrices")
        object.__setattr__(self, "basis", self.basis.clone())

    @property
    def dim(self) -> int:
        """Number of basis matrices K."""
        return self.basis.shape[0]

    @property
    def n(self) -> int:
        """Size of the matrices: the dimension of the space acted on."""
        return self.basis.shape[-1]

    # Named algebras

    @classmethod
    def rotation(cls, n: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """so(n), turning axis i towards axis j for i < j, planes in lexicographic order."""
        return cls(named.rotation(n, dtype=dtype), f"so({n})")

    @classmethod
    def indefinite_rotation(cls, p: int, q: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """so(p,q), preserving ``diag(1_p, −1_q)``; see `pyg_liesym.lie.named.indefinite_rotation`."""
        return cls(named.indefinite_rotation(p, q, dtype=dtype), f"so({p},{q})" if q else f"so({p})")

    @classmethod
    def lorentz(cls, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """so(1,3) on ``(E, px, py, pz)``: boosts ``Kx, Ky, Kz``, then rotations ``Jx, Jy, Jz``."""
        return cls(named.lorentz(dtype=dtype), "so(1,3)")

    @classmethod
    def general_linear(cls, n: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """gl(n): all matrices."""
        return cls(named.general_linear(n, dtype=dtype), f"gl({n})")

    @classmethod
    def special_linear(cls, n: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """sl(n): the trace-free matrices, volume-preserving."""
        return cls(named.special_linear(n, dtype=dtype), f"sl({n})")

    @classmethod
    def symplectic(cls, n: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """sp(n) on ``(q, p)``, n the (even) size of the matrices: the linear Hamiltonian flows."""
        return cls(named.symplectic(n, dtype=dtype), f"sp({n})")

    @classmethod
    def scaling(cls, n: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """One common factor for all n coordinates."""
        return cls(named.scaling(n, dtype=dtype), f"scaling({n})")

    @classmethod
    def euclidean(cls, n: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """e(n) on homogeneous ``(x, 1)``, size n + 1: rotations, then translations."""
        return cls(named.euclidean(n, dtype=dtype), f"e({n})")

    @classmethod
    def galilei(cls, n: int, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """Galilei algebra on homogeneous ``(x, t, 1)``, size n + 2: rotations, boosts, translations."""
        return cls(named.galilei(n, dtype=dtype), f"galilei({n})")

    @classmethod
    def poincare(cls, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """Poincaré algebra on homogeneous ``(t, x, y, z, 1)``: boosts, rotations, translations."""
        return cls(named.poincare(dtype=dtype), "poincare")

    @classmethod
    def preserving(cls, form: Tensor, *, dtype: torch.dtype = torch.float64) -> LieAlgebra:
        """All L with ``LᵀJ + JL = 0``, an orthonormal basis, for any square J (symmetric or not)."""
        return cls(named.preserving(form, dtype=dtype))

    # New algebras from old

    def repeat(self, copies: int) -> LieAlgebra:
        """One action on several vectors at once, such as the positions of several bodies.

        Raises:
            ValueError: If ``copies`` is smaller than 1.

        Example:
            >>> LieAlgebra.rotation(2).repeat(4)
            LieAlgebra(so(2) × 4 copies, dim=1, n=8)
        """
        return LieAlgebra(named.repeated(self.basis, copies), f"{self.name} × {copies} copies" if self.name else None)

    def direct_sum(self, other: LieAlgebra) -> LieAlgebra:
        """The two acting on separate coordinates, ``(x, y) ↦ (g x, h y)`` with independent g and h.

        Example:
            >>> LieAlgebra.rotation(3).direct_sum(LieAlgebra.scaling(1))
            LieAlgebra(so(3) ⊕ scaling(1), dim=4, n=4)
        """
        size = self.n + other.n
        basis = self.basis.new_zeros(self.dim + other.dim, size, size)
        basis[: self.dim, : self.n, : self.n] = self.basis
        basis[self.dim :, self.n :, self.n :] = other.basis.to(self.basis)
        return LieAlgebra(basis, f"{self.name} ⊕ {other.name}" if self.name and other.name else None)

    def restrict(self, block: slice | Sequence[int], *, copies: int = 1, tol: float = 1e-5) -> LieAlgebra:
        """The action on some of the coordinates, after a check that they do not mix with the others.

        With ``copies`` the coordinates are read as that many blocks of equal size, one after the other, all
        of them moved alike (`repeat`); ``block`` is one of them, and the check is then that every block stays
        to itself and that all blocks agree. Do this before asking a repeated action for its metric: copies of
        one small action preserve many forms.

        Args:
            block: Coordinates to keep: a slice or a list of indices.
            copies: Number of blocks that have to agree; 1 for no such check.
            tol: Allowed size of what is dropped (mixing, disagreement), relative to the norm of the kept
                block.

        Raises:
            ValueError: If the coordinates mix with others, or the copies differ, by more than ``tol``; the
                message says by how much.

        Example:
            >>> LieAlgebra.rotation(2).repeat(4).restrict(slice(0, 2), copies=4)
            LieAlgebra(dim=1, n=2)
        """
        kept = list(range(self.n))[block] if isinstance(block, slice) else [int(i) for i in block]
        basis = restriction.restrict(self.basis, kept, copies, tol)
        return LieAlgebra(basis)

    def conjugate(self, matrix: Tensor) -> LieAlgebra:
        """The same algebra in other coordinates ``x' = M x``: ``Lᵢ ↦ M Lᵢ M⁻¹``.

        Args:
            matrix: M, ``[n, n]``, invertible.

        Raises:
            ValueError: If the shape is not ``[n, n]`` or M is singular.

        **Law**: an invariant form J becomes ``M⁻ᵀ J M⁻¹``.
        """
        if list(matrix.shape) != [self.n, self.n]:
            raise ValueError(f"M must have shape [{self.n}, {self.n}], got {list(matrix.shape)}")
        exact = matrix.to(self.basis)
        if int(torch.linalg.matrix_rank(exact.detach())) < self.n:
            raise ValueError("M is singular: a change of coordinates has to be invertible")
        # X = M L M⁻¹ solves X M = M L
        basis = torch.linalg.solve(exact, exact @ self.basis, left=False) if self.dim else self.basis
        return LieAlgebra(basis, f"M·{self.name}·M⁻¹" if self.name else None)

    def orthonormal(self, tol: float | None = None) -> LieAlgebra:
        """The same span with an orthonormal basis (Frobenius), strongest direction first.

        Args:
            tol: Directions with a singular value at most ``tol`` times the largest are dropped; the norms of
                the matrices count as weights. The default drops only what is zero up to rounding.
        """
        return LieAlgebra(subspace.span(self.basis, tol)[1].to(self.basis), self.name)

    def rank(self, tol: float | None = None) -> int:
        """Dimension of the span at a relative tolerance, see `orthonormal`; at most `dim`."""
        return len(subspace.span(self.basis, tol)[1])

    def singular_values(self) -> Tensor:
        """Singular values of the basis as a set of vectors ``[min(K, n²)]``, descending, float64.

        A gap tells how many of the learned directions are real.
        """
        return subspace.span(self.basis)[0]

    # Group elements

    def exp(self, coefficients: Tensor) -> Tensor:
        """Group elements: the matrix exponential of ``Σᵢ wᵢLᵢ``, batched and differentiable.

        Args:
            coefficients: w, ``[..., K]``; cast to the dtype and device of the basis.

        Shapes:
            - **output**: ``[..., n, n]``

        Raises:
            ValueError: If the last dimension is not K.

        Example:
            >>> LieAlgebra.scaling(2).exp(torch.tensor([[0.0], [2.0]]).log1p()).round().tolist()
            [[[1.0, 0.0], [0.0, 1.0]], [[3.0, 0.0], [0.0, 3.0]]]
        """
        if coefficients.ndim == 0 or coefficients.shape[-1] != self.dim:
            raise ValueError(
                f"coefficients must have shape [..., {self.dim}], one per basis matrix; got {list(coefficients.shape)}"
            )
        combined = torch.einsum("...k,kij->...ij", coefficients.to(self.basis), self.basis)
        group: Tensor = torch.linalg.matrix_exp(combined)
        return group

    def sample(self, num: int, scale: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """Random group elements ``exp(Σᵢ wᵢLᵢ)`` with independent wᵢ uniform on ``[−scale, scale]``.

        The coefficients are bounded because boosts grow exponentially with them.

        Args:
            num: Number of elements.
            scale: Bound on every coefficient.
            generator: Source of randomness, on the device of the basis; without one, torch's default.

        Shapes:
            - **output**: ``[num, n, n]``
        """
        like = self.basis
        uniform = torch.rand(num, self.dim, generator=generator, dtype=like.dtype, device=like.device)
        return self.exp(scale * (2 * uniform - 1))

    # Structure

    @staticmethod
    def bracket(a: Tensor, b: Tensor) -> Tensor:
        """Commutator ``[A, B] = AB − BA``, batched."""
        return structure.bracket(a, b)

    def structure_constants(self) -> Tensor:
        """``c[i, j, k]`` with ``[Lᵢ, Lⱼ] = Σₖ cᵢⱼᵏ Lₖ`` by least squares, ``[K, K, K]``."""
        return structure.structure_constants(self.basis).to(self.basis)

    def closure_error(self) -> float:
        """Relative size of the part of the brackets outside the span: 0 for an algebra, at most 1."""
        return structure.closure_error(self.basis)

    def killing_form(self) -> Tensor:
        """Killing form ``tr(ad Lᵢ ad Lⱼ)`` in this basis, ``[K, K]``."""
        return structure.killing_form(self.basis).to(self.basis)

    def killing_signature(self, tol: float | None = None) -> tuple[int, int, int]:
        """Numbers of positive, negative and zero eigenvalues of the Killing form on the span.

        Taken in an orthonormal basis, so that dependent matrices do not count as zeros. Compact semisimple
        algebras have only negative ones, semisimple ones no zeros (Cartan's criterion).

        Args:
            tol: Size up to which an eigenvalue counts as zero; the default is the root of the rounding error.

        Example:
            >>> LieAlgebra.lorentz().killing_signature()
            (3, 3, 0)
        """
        if tol is None:
            tol = torch.finfo(self.basis.dtype).eps ** 0.5
        form = structure.killing_form(subspace.span(self.basis)[1])
        return structure.signature(form, tol, scale=1.0)

    def principal_angles(self, other: LieAlgebra, tol: float | None = None) -> Tensor:
        """Angles between the two spans (Frobenius inner product), largest first, in radians.

        Args:
            other: An algebra of matrices of the same size.
            tol: As in `orthonormal`, for both; leave out weak learned directions with it.

        Shapes:
            - **output**: ``[min(rank, other rank)]``, float64

        Example:
            >>> half_known = LieAlgebra(LieAlgebra.lorentz().basis[3:])
            >>> bool(half_known.principal_angles(LieAlgebra.lorentz()).max() < 1e-7)
            True
        """
        if other.n != self.n:
            raise ValueError(f"both algebras must act on the same space, got n = {self.n} and n = {other.n}")
        return subspace.principal_angles(subspace.span(self.basis, tol)[1], subspace.span(other.basis, tol)[1])

    def identify(self, *, max_angle: float = 0.15, tol: float = 0.1) -> list[Identification]:
        """Ranked comparison with the named algebras, as it stands and up to change of basis.

        Args:
            max_angle: Largest principal angle, in radians, up to which two spans count as the same.
            tol: What counts as noise in a learned basis: relative size of weak directions, closure error, residual
                of a form.

        Returns:
            At least one entry, best first; without a match the first one says so.

        Example:
            >>> print(LieAlgebra.lorentz().identify()[0])
            so(1,3), same subspace, largest angle 0.0°
        """
        return identify(self.basis, max_angle=max_angle, tol=tol)

    def invariant_forms(self, tol: float = 0.1) -> InvariantForms:
        """All bilinear forms with ``LᵀJ + JL = 0``; see `pyg_liesym.lie.solving.invariant_forms`."""
        return solving.invariant_forms(self.basis, tol)

    def invariant_metric(self, tol: float = 0.1) -> InvariantMetric:
        """The symmetric J preserved best; see `pyg_liesym.lie.solving.invariant_metric`."""
        return solving.invariant_metric(self.basis, tol)

    def to(self, dtype: torch.dtype | None = None, device: torch.device | str | None = None) -> LieAlgebra:
        """The same algebra with another floating dtype or on another device."""
        return LieAlgebra(self.basis.to(device=device, dtype=dtype), self.name)

    def __repr__(self) -> str:
        name = f"{self.name}, " if self.name else ""
        return f"LieAlgebra({name}dim={self.dim}, n={self.n})"
