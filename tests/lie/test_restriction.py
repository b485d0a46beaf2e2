import pytest
import torch

from pyg_liesym.lie import LieAlgebra


def test_restrict_undoes_repeat_for_every_block():
    lorentz = LieAlgebra.lorentz()
    repeated = lorentz.repeat(3)
    for start in (0, 4, 8):
        assert torch.equal(repeated.restrict(slice(start, start + 4), copies=3).basis, lorentz.basis)
        assert torch.equal(repeated.restrict(range(start, start + 4)).basis, lorentz.basis)


def test_restrict_takes_scattered_coordinates():
    both = LieAlgebra.rotation(2).direct_sum(LieAlgebra.scaling(1)).direct_sum(LieAlgebra.rotation(2))
    expected = LieAlgebra.rotation(2).direct_sum(LieAlgebra.rotation(2)).basis
    assert torch.equal(both.restrict([0, 1, 3, 4]).basis[[0, 2]], expected)


def test_mixing_coordinates_are_refused_with_their_size():
    with pytest.raises(ValueError, match=r"coordinates \[0, 1\] mix with the others: .* 0.5 of the norm"):
        LieAlgebra(torch.tensor([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.5**0.5, 0.0, 0.0]]])).restrict(slice(0, 2))
    with pytest.raises(ValueError, match="mix"):
        LieAlgebra.euclidean(2).restrict(slice(0, 2))


def test_small_mixing_can_be_accepted():
    basis = LieAlgebra.rotation(2).repeat(2).basis.clone()
    basis[0, 0, 3] = 0.01
    assert LieAlgebra(basis).restrict(slice(0, 2), tol=0.02).n == 2
    with pytest.raises(ValueError, match="mix"):
        LieAlgebra(basis).restrict(slice(0, 2))


def test_copies_that_disagree_are_refused_with_their_difference():
    turn = LieAlgebra.rotation(2).basis
    uneven = LieAlgebra(turn).repeat(2).basis.clone()
    uneven[0, 2:, 2:] *= 1.25
    assert LieAlgebra(uneven).restrict(slice(0, 2)).dim == 1
    with pytest.raises(ValueError, match=r"the 2 blocks do not agree: .* by up to 0.25 of their norm"):
        LieAlgebra(uneven).restrict(slice(0, 2), copies=2)
    assert LieAlgebra(uneven).restrict(slice(0, 2), copies=2, tol=0.3).dim == 1


@pytest.mark.parametrize(
    ("block", "copies", "message"),
    [
        ([0, 4], 1, r"distinct coordinates out of 0 … 3, got \[0, 4\]"),
        ([1, 1], 1, "distinct"),
        ([], 1, "distinct"),
        ([-1], 1, "distinct"),
        (slice(0, 2), 0, "copies must be at least 1"),
        (slice(0, 2), 3, "3 consecutive blocks"),
        ([1, 2], 2, "consecutive"),
    ],
)
def test_wrong_blocks(block, copies, message):
    with pytest.raises(ValueError, match=message):
        LieAlgebra.rotation(2).repeat(2).restrict(block, copies=copies)


def test_restricting_a_zero_algebra():
    assert LieAlgebra(torch.zeros(2, 4, 4)).restrict(slice(0, 2), copies=2).dim == 2
    assert LieAlgebra(torch.zeros(0, 4, 4)).restrict(slice(0, 2)).dim == 0
