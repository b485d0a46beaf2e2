from __future__ import annotations

import pytest
import scipy.optimize
import torch

from pyg_liesym.discovery.evidence.element import usual_elements
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.component import generated, is_exponential


def test_what_lies_in_the_group_is_told_from_what_does_not() -> None:
    lorentz = LieAlgebra.lorentz()
    for g in lorentz.sample(5, scale=1.0, generator=torch.Generator().manual_seed(0)):
        assert is_exponential(g, lorentz.basis)
    half_turn = torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0]))
    assert is_exponential(half_turn, lorentz.basis)
    for signs in ([-1.0, -1.0, -1.0, -1.0], [-1.0, 1.0, 1.0, 1.0], [-1.0, -1.0, 1.0, 1.0]):
        assert not is_exponential(torch.diag(torch.tensor(signs)), lorentz.basis)
    assert not is_exponential(2 * torch.eye(3), LieAlgebra.rotation(3).basis)


def test_parity_makes_reflections_of_rotations() -> None:
    reflection = torch.diag(torch.tensor([1.0, 1.0, -1.0]))
    assert generated([-torch.eye(3), reflection, -reflection], LieAlgebra.rotation(3).basis) == [False, True, True]


def test_without_an_algebra_products_are_followed_exactly() -> None:
    turn = LieAlgebra.rotation(2).exp(torch.tensor([2 * torch.pi / 6]))
    other = LieAlgebra.rotation(2).exp(torch.tensor([2 * torch.pi / 4]))
    cube, square = turn @ turn @ turn, turn @ turn
    assert generated([turn, square, cube, other], torch.zeros(0, 2, 2)) == [False, True, True, False]


def test_a_coarse_algebra_does_not_make_ever_more_components(monkeypatch: pytest.MonkeyPatch) -> None:
    # Turns are not reached along matrices that are off by more than the tolerance; each doubled the components.
    searches = []
    search = scipy.optimize.least_squares
    monkeypatch.setattr("scipy.optimize.least_squares", lambda *a, **k: searches.append(1) or search(*a, **k))
    exact = LieAlgebra.lorentz().basis.double()
    off = exact + 0.3 * torch.randn(exact.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    turns = [element.matrix for element in usual_elements(4, 1, 0)[:21]]
    follows = generated(turns, off)
    assert sum(follows) < 4
    assert len(searches) < 400
