from __future__ import annotations

import logging

import pytest
import torch
from torch import nn

from pyg_liesym.testing.equivariance import (
    assert_equivariant,
    assert_invariant,
    assert_permutation_equivariant,
    randomize_parameters,
)

G = torch.linalg.matrix_exp(torch.tensor([[0.0, 0.3], [-0.3, 0.0]], dtype=torch.float64))
X = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_right_functions_pass_and_the_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert assert_equivariant(lambda x: 2 * x, [X], [G], [G]) < 1e-12
    assert "equivariance error" in caplog.text
    assert_invariant(lambda x: (x.norm(dim=1), x @ x.T), [X], [G])
    assert_permutation_equivariant(lambda x: (x - x.mean(0), x.cumsum(1)), [X])
    assert_permutation_equivariant(lambda x: x.sum(0), [X], invariant=True)


@pytest.mark.parametrize(
    "wrong", [lambda x: x + 1e-6, lambda x: x.abs(), lambda x: x * torch.nan], ids=["shift", "abs", "nan"]
)
def test_wrong_functions_fail(wrong: object) -> None:
    with pytest.raises(AssertionError, match="relative error"):
        assert_equivariant(wrong, [X], [G], [G])
    with pytest.raises(AssertionError):
        assert_invariant(lambda x: wrong(x).sum(1), [X], [G])


def test_wrong_functions_of_graphs_fail() -> None:
    generator = torch.Generator().manual_seed(1)
    with pytest.raises(AssertionError):
        assert_permutation_equivariant(lambda x: x.cumsum(0), [X], generator=generator)
    edge_index, edge_attr = torch.tensor([[0, 1, 2], [1, 2, 4]]), torch.arange(3.0).double()[:, None]

    def right(x: torch.Tensor, edge_index: torch.Tensor, edge_attr: torch.Tensor) -> torch.Tensor:
        return x.index_add(0, edge_index[1], edge_attr * x[edge_index[0]])

    def wrong(x: torch.Tensor, edge_index: torch.Tensor, edge_attr: torch.Tensor) -> torch.Tensor:
        return right(x, edge_index, edge_attr.flip(0))

    assert_permutation_equivariant(right, [X], edge_index, edge_attr, generator=generator)
    with pytest.raises(AssertionError):
        assert_permutation_equivariant(wrong, [X], edge_index, edge_attr, generator=torch.Generator().manual_seed(3))


def test_tolerance_follows_the_precision() -> None:
    off = lambda x: x + 1e-6  # noqa: E731
    assert_equivariant(off, [X.float()], [G], [G])
    with pytest.raises(AssertionError):
        assert_equivariant(off, [X], [G], [G])
    assert_equivariant(off, [X], [G], [G], tol=1e-3)


def test_randomize_parameters_draws_all_and_leaves_training() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    before = [parameter.clone() for parameter in module.parameters()]
    assert not randomize_parameters(module, generator=torch.Generator().manual_seed(0)).training
    assert all(not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
