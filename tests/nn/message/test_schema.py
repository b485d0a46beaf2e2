from __future__ import annotations

from typing import Literal, NamedTuple

import pytest
import torch
from torch import Tensor

from pyg_liesym.nn.message.schema import flatten, gather, gradients, keep, pull_back, schema
from pyg_liesym.typing import OptTensor


class Ends(NamedTuple):
    target: Tensor
    source: OptTensor


class Choice(NamedTuple):
    act: Literal["silu", "relu"]
    clamp: float
    moves: bool


class Operands(NamedTuple):
    grad: Tensor
    ends: Ends
    choice: Choice


class Misplaced(NamedTuple):
    choice: Choice
    ends: Ends


def test_the_order_is_that_of_the_fields() -> None:
    assert schema(Operands) == "Tensor grad, Tensor target, Tensor? source, str act, float clamp, bool moves"
    values = Operands(torch.zeros(1), Ends(torch.ones(1), None), Choice("relu", 0.5, True))
    flat = list(flatten(values))
    assert flat[3:] == ["relu", 0.5, True]
    assert gather(Operands, flat) == values


def test_tensors_come_first() -> None:
    keep(Operands)
    with pytest.raises(ValueError, match="tensors first, got \\(str act"):
        keep(Misplaced)


def test_gradients_stand_where_operands_were_given() -> None:
    one = torch.ones(1)
    assert gradients([one, one, one], [one, None, one, "relu"]) == (one, None, one, None)


def test_pull_back_fills_up_with_zeros() -> None:
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    grads = pull_back([3 * a, torch.ones(2)], [a, b], [torch.ones(2), torch.ones(2)])
    torch.testing.assert_close(grads, (3 * torch.ones(2), torch.zeros(2)))
