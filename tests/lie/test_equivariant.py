"""Equivariant maps of exact algebras, of those in skew coordinates, and of those found in data."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pyg_liesym.lie import LieAlgebra, TensorType, equivariant_maps
from pyg_liesym.lie.equivariant import balance
from pyg_liesym.lie.tensors import derivative, power


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# algebra, and how many maps V → V, V⊗V → 1, V⊗V → V, V⊗V → V⊗V, V⊗V* → 1 it keeps (by characters)
COUNTS = [
    (LieAlgebra.rotation(2), (2, 2, 0, 6, 2)),
    (LieAlgebra.rotation(3), (1, 1, 1, 3, 1)),
    (LieAlgebra.rotation(4), (1, 1, 0, 4, 1)),
    (LieAlgebra.lorentz(), (1, 1, 0, 4, 1)),
    (LieAlgebra.symplectic(4), (1, 1, 0, 3, 1)),
    (LieAlgebra.special_linear(2), (1, 1, 0, 2, 1)),
    (LieAlgebra.general_linear(2), (1, 0, 0, 2, 1)),
    (LieAlgebra.rotation(2).repeat(2), (8, 8, 0, 96, 8)),
    (LieAlgebra(torch.zeros(1, 2, 2).double()), (4, 4, 8, 16, 4)),
]
WORDS = [("V", "V"), ("VV", ""), ("VV", "V"), ("VV", "VV"), ("VV*", "")]


@pytest.mark.parametrize("skew", [False, True], ids=["as it is", "skew"])
@pytest.mark.parametrize(("algebra", "counts"), COUNTS, ids=lambda value: str(value))
def test_dimensions_and_equations(algebra: LieAlgebra, counts: tuple[int, ...], skew: bool) -> None:
    if skew:  # units that differ a hundredfold, and mixed
        scales = torch.logspace(0, 2, algebra.n, dtype=torch.float64)
        algebra = algebra.conjugate(torch.linalg.qr(noise(algebra.n, algebra.n))[0] * scales)
    for (source, target), count in zip(WORDS, counts, strict=True):
        maps = equivariant_maps(algebra, source, target)
        assert maps.count == count, (source, target)
        assert maps.clear
        assert maps.gap > 1e6
        flat = maps.kept.flatten(1)
        torch.testing.assert_close(flat @ flat.mT, torch.eye(count, dtype=torch.float64))
        for L in algebra.basis:
            before, after = derivative(source, L[None])[0], derivative(target, L[None])[0]
            broken = after @ maps.kept - maps.kept @ before
            assert broken.abs().max() < 1e-10 * max(1.0, float(before.norm()), float(after.norm())) if count else True


@pytest.mark.parametrize("amount", [1e-4, 1e-3, 1e-2])
def test_a_found_algebra_keeps_what_the_true_one_does(amount: float) -> None:
    """Its own powers commute with it exactly, and 24 maps more nearly so: the gap above these counts."""
    exact = LieAlgebra.rotation(2).repeat(4)
    found = LieAlgebra(exact.basis + amount * noise(1, 8, 8))
    maps, true = equivariant_maps(found, "V", "V"), equivariant_maps(exact, "V", "V")
    assert maps.count == true.count == 32
    assert maps.clear
    cosines = torch.linalg.svdvals(maps.kept.flatten(1) @ true.kept.flatten(1).mT)
    assert cosines.min() > 1 - 100 * amount**2 - 1e-9


def test_without_a_gap_it_says_so() -> None:
    # Frequencies 1, 1/2, 1/4 … 1/64: nothing tells rounding, noise and breaking apart.
    blocks = [LieAlgebra.rotation(2).basis[0] * 0.5**k for k in range(7)]
    slow = LieAlgebra(torch.block_diag(*blocks)[None])
    assert not equivariant_maps(slow, "V", "").clear
    assert equivariant_maps(LieAlgebra(torch.block_diag(*blocks[:2])[None]), "V", "").clear


def test_too_large_maps_are_refused() -> None:
    with pytest.raises(ValueError, match=r"maps from VV to VV have 4096 entries.*expected at most 2500"):
        equivariant_maps(LieAlgebra.rotation(8), "VV", "VV")


def test_balance_undoes_units() -> None:
    scales = torch.diag(torch.tensor([1.0, 30.0, 0.2], dtype=torch.float64))
    basis, change = balance(LieAlgebra.rotation(3).conjugate(scales))
    torch.testing.assert_close(basis, -basis.mT, rtol=0, atol=0.1)
    assert torch.linalg.cond(change @ scales) < 1.2


@pytest.mark.parametrize("word", ["", "V", "V*", "VV*", "V*VV"])
def test_the_derivative_is_that_of_the_action(word: str) -> None:
    L = noise(3, 3)
    exact = torch.linalg.matrix_exp(derivative(word, L[None])[0])
    torch.testing.assert_close(power(word, torch.linalg.matrix_exp(L)), exact)
    g, h = torch.linalg.matrix_exp(L), noise(3, 3, seed=1)
    torch.testing.assert_close(power(word, g @ h), power(word, g) @ power(word, h))


def test_types() -> None:
    kind = TensorType.of("2 + 3V* + V V*")
    assert str(kind) == "2 + 3V* + VV*"
    assert TensorType.of(str(kind)) == TensorType.of(kind) == kind
    assert kind.channels(2) == 2 + 6 + 4
    assert kind.matrix(noise(2, 2)).shape == (12, 12)
    for wrong in ("", "3W", "V +", "-1"):
        with pytest.raises(ValueError, match="is no term of it"):
            TensorType.of(wrong)
