from __future__ import annotations

import math

import pytest
import torch

from pyg_liesym.metrics.equivariance import equivariance_error, relative_error

QUARTER = torch.tensor([[0.0, -1.0], [1.0, 0.0]])


def test_error_of_a_known_function() -> None:
    """f(x) = x + c against a quarter turn: the error is ‖c − gc‖ / ‖g(x + c)‖."""
    x, c = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5, 0.0]])
    expected = (c - c @ QUARTER.T).norm() / (x + c).norm()
    assert equivariance_error(lambda x: x + c, [x], [QUARTER], [QUARTER]) == pytest.approx(float(expected))


def test_the_largest_error_counts_and_nan_is_never_hidden() -> None:
    x = torch.ones(3, 2)
    assert equivariance_error(lambda x: (x, x), [x], [QUARTER], [QUARTER, None]) > 1
    assert math.isnan(equivariance_error(lambda x: (x * torch.nan, x), [x], [None], [None, None]))


def test_zero_and_empty_outputs() -> None:
    assert relative_error(torch.zeros(2), torch.zeros(2)) == 0
    assert relative_error(torch.ones(1), torch.zeros(1)) == 1
    assert relative_error(torch.ones(0), torch.zeros(0)) == 0


def test_wrong_numbers_of_actions() -> None:
    with pytest.raises(ValueError, match="1 inputs, got 2"):
        equivariance_error(lambda x: x, [torch.ones(2)], [None, None], [None])
    with pytest.raises(ValueError, match="1 outputs, got 2"):
        equivariance_error(lambda x: x, [torch.ones(2)], [None], [None, None])
    with pytest.raises(ValueError, match=r"shape \[1\], got \[2\]"):
        relative_error(torch.ones(2), torch.ones(1))
