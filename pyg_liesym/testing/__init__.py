"""Assertions for test suites."""

from pyg_liesym.testing.equivariance import (
    assert_equivariant,
    assert_invariant,
    assert_permutation_equivariant,
    randomize_parameters,
)

__all__ = ["assert_equivariant", "assert_invariant", "assert_permutation_equivariant", "randomize_parameters"]
