import pytest
import torch

from pyg_liesym.lie import LieAlgebra
from pyg_liesym.lie.finite import FiniteTurn


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 6, 8, 12])
def test_the_order_of_a_turn(order):
    g = LieAlgebra.rotation(2).exp(torch.tensor([2 * torch.pi / order]))
    turn = FiniteTurn.of(g)
    assert turn.order == order
    assert turn.error < 1e-6


def test_reflections_and_permutations():
    assert FiniteTurn.of(torch.diag(torch.tensor([1.0, -1.0]))).order == 2
    assert FiniteTurn.of(torch.eye(5).roll(1, 0)).order == 5


def test_no_order():
    turn = FiniteTurn.of(LieAlgebra.rotation(2).exp(torch.tensor([1.02])))
    assert turn.order != 1
    assert FiniteTurn.of(torch.diag(torch.tensor([2.0, 1.0]))).order is None
    assert "of no order" in str(FiniteTurn.of(torch.diag(torch.tensor([2.0, 1.0]))))
