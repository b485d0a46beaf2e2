import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyg_liesym.lie import named
from pyg_liesym.lie.metric import euclidean_metric, minkowski
from pyg_liesym.lie.structure import bracket, closure_error
from pyg_liesym.lie.subspace import principal_angles, span

# builder, dimension, size of the matrices
ALGEBRAS = [
    (lambda: named.rotation(1), 0, 1),
    (lambda: named.rotation(3), 3, 3),
    (lambda: named.rotation(5), 10, 5),
    (lambda: named.indefinite_rotation(2, 2), 6, 4),
    (lambda: named.indefinite_rotation(0, 3), 3, 3),
    (named.lorentz, 6, 4),
    (lambda: named.general_linear(3), 9, 3),
    (lambda: named.special_linear(1), 0, 1),
    (lambda: named.special_linear(4), 15, 4),
    (lambda: named.symplectic(2), 3, 2),
    (lambda: named.symplectic(6), 21, 6),
    (lambda: named.scaling(3), 1, 3),
    (lambda: named.euclidean(2), 3, 3),
    (lambda: named.euclidean(3), 6, 4),
    (lambda: named.galilei(1), 3, 3),
    (lambda: named.galilei(3), 10, 5),
    (named.poincare, 10, 5),
]


@pytest.mark.parametrize(("build", "dim", "n"), ALGEBRAS)
def test_dimension_independence_and_closure(build, dim, n):
    basis = build()
    assert basis.shape == (dim, n, n)
    assert basis.dtype == torch.float64
    assert len(span(basis)[1]) == dim
    assert closure_error(basis) < 1e-14


@given(p=st.integers(0, 4), q=st.integers(0, 4))
@settings(max_examples=20, deadline=None)
def test_indefinite_rotation_preserves_its_form(p, q):
    if p + q == 0:
        return
    J = torch.diag(torch.tensor([1.0] * p + [-1.0] * q, dtype=torch.float64))
    basis = named.indefinite_rotation(p, q)
    assert torch.equal(basis.mT @ J + J @ basis, torch.zeros_like(basis))
    if p > 0 and q > 0:
        wrong = euclidean_metric(p + q)
        assert (basis.mT @ wrong + wrong @ basis).abs().max() == 2


def test_lorentz_relations():
    kx, ky, kz, jx, jy, jz = named.lorentz()
    boosts, turns = (kx, ky, kz), (jx, jy, jz)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        assert torch.equal(bracket(turns[i], turns[j]), turns[k])
        assert torch.equal(bracket(turns[i], boosts[j]), boosts[k])
        assert torch.equal(bracket(boosts[i], boosts[j]), -turns[k])
        assert torch.equal(bracket(turns[i], boosts[i]), torch.zeros(4, 4, dtype=torch.float64))


def test_lorentz_directions():
    # at rest, boosted along x; pointing along x, turned around z towards y
    kx, *_, jz = named.lorentz()
    assert (kx @ torch.tensor([1.0, 0, 0, 0], dtype=torch.float64)).tolist() == [0, 1, 0, 0]
    assert (jz @ torch.tensor([0, 1.0, 0, 0], dtype=torch.float64)).tolist() == [0, 0, 1, 0]


def test_special_linear_is_trace_free_and_symplectic_preserves_omega():
    assert named.special_linear(4).diagonal(dim1=1, dim2=2).sum(dim=1).abs().max() == 0
    basis = named.symplectic(4)
    eye, zero = torch.eye(2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
    omega = torch.cat([torch.cat([zero, eye], 1), torch.cat([-eye, zero], 1)])
    assert torch.equal(basis.mT @ omega + omega @ basis, torch.zeros_like(basis))


def test_homogeneous_actions():
    x = torch.tensor([2.0, 3.0, 5.0, 1.0], dtype=torch.float64)  # (x, y, t, 1)
    turn, boost_x, boost_y, shift_x, shift_y, shift_t = named.galilei(2)
    assert (turn @ x).tolist() == [-3, 2, 0, 0]
    assert (boost_x @ x).tolist() == [5, 0, 0, 0]
    assert (boost_y @ x).tolist() == [0, 5, 0, 0]
    assert (shift_x @ x).tolist() == [1, 0, 0, 0]
    assert (shift_y @ x).tolist() == [0, 1, 0, 0]
    assert (shift_t @ x).tolist() == [0, 0, 1, 0]


def test_poincare_is_affine_lorentz():
    basis = named.poincare()
    assert torch.equal(basis[:6, :4, :4], named.lorentz())
    assert torch.equal(basis[6:, :4, 4], torch.eye(4, dtype=torch.float64))
    assert basis[:, 4].abs().max() == 0


@pytest.mark.parametrize(
    ("J", "expected"),
    [
        (minkowski(), named.lorentz()),
        (euclidean_metric(3), named.rotation(3)),
        (torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64), named.special_linear(2)),
        (torch.zeros(2, 2, dtype=torch.float64), named.general_linear(2)),
    ],
)
def test_preserving_known_forms(J, expected):
    basis = named.preserving(J)
    assert len(basis) == len(expected)
    assert principal_angles(basis, span(expected)[1]).max() < 1e-7
    gram = torch.einsum("aij,bij->ab", basis, basis)
    torch.testing.assert_close(gram, torch.eye(len(basis), dtype=torch.float64))


def test_preserving_a_general_form_preserves_both_parts():
    J = torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    basis = named.preserving(J)
    assert (basis.mT @ J + J @ basis).abs().max() < 1e-13
    assert (basis.mT @ J.T + J.T @ basis).abs().max() < 1e-13
    # a complex-rotation pair (1 + ε)
    mixed = torch.tensor([[1.0, 1.0], [-1.0, 1.0]], dtype=torch.float64)
    assert principal_angles(named.preserving(mixed), span(named.rotation(2))[1]).max() < 1e-7


def test_preserving_a_float32_form_is_solved_in_float64():
    J = torch.diag(torch.tensor([1.0, 2.0, -3.0]))
    basis = named.preserving(J)
    assert basis.shape == (3, 3, 3)
    assert basis.dtype == torch.float64
    assert (basis.mT @ J.double() + J.double() @ basis).abs().max() < 1e-14
    assert named.preserving(J, dtype=torch.float32).dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: named.rotation(0), "p \\+ q must be at least 1"),
        (lambda: named.indefinite_rotation(-1, 3), "p must be at least 0, got p = -1"),
        (lambda: named.general_linear(0), "n must be at least 1"),
        (lambda: named.symplectic(3), "even size n >= 2, got n = 3"),
        (lambda: named.preserving(torch.zeros(2, 3)), r"square matrix \[n, n\], got shape \[2, 3\]"),
        (lambda: named.preserving(torch.full((2, 2), torch.nan)), "finite"),
        (lambda: named.preserving(torch.eye(2, dtype=torch.long)), "torch.int64"),
    ],
)
def test_errors_name_the_thing(call, message):
    with pytest.raises(ValueError, match=message):
        call()
