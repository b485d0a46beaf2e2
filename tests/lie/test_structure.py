import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyg_liesym.lie.named import euclidean, lorentz, rotation, special_linear
from pyg_liesym.lie.structure import bracket, closure_error, killing_form, signature, structure_constants


def matrices(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=st.integers(0, 1000), n=st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_bracket_is_antisymmetric_and_obeys_jacobi(seed, n):
    a, b, c = matrices(seed, 3, n, n)
    assert torch.equal(bracket(a, b), -bracket(b, a))
    jacobi = bracket(a, bracket(b, c)) + bracket(b, bracket(c, a)) + bracket(c, bracket(a, b))
    assert jacobi.abs().max() < 1e-12


def test_bracket_broadcasts():
    assert bracket(matrices(0, 4, 1, 2, 2), matrices(1, 3, 2, 2)).shape == (4, 3, 2, 2)


def test_structure_constants_reproduce_the_brackets():
    basis = special_linear(3)
    constants = structure_constants(basis)
    brackets = bracket(basis[:, None], basis[None, :])
    torch.testing.assert_close(torch.einsum("ijk,kab->ijab", constants, basis), brackets)
    # Jacobi in terms of c
    cc = torch.einsum("ijl,lkm->ijkm", constants, constants)
    assert (cc + cc.permute(1, 2, 0, 3) + cc.permute(2, 0, 1, 3)).abs().max() < 1e-12


def test_structure_constants_of_so3_are_the_levi_civita_symbol():
    jx, jy, jz = lorentz()[3:]
    constants = structure_constants(torch.stack([jx, jy, jz]))
    expected = torch.zeros(3, 3, 3, dtype=torch.float64)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        expected[i, j, k], expected[j, i, k] = 1, -1
    torch.testing.assert_close(constants, expected)


def test_killing_form_of_dependent_matrices_is_that_of_the_span():
    basis = rotation(3)
    mixing = matrices(3, 5, 3)
    dependent = torch.einsum("ab,bij->aij", mixing, basis)
    torch.testing.assert_close(killing_form(dependent), mixing @ killing_form(basis) @ mixing.T)


def test_killing_form_is_the_trace_form_for_so_n():
    basis = rotation(5)
    trace_form = torch.einsum("aij,bji->ab", basis, basis)
    torch.testing.assert_close(killing_form(basis), 3 * trace_form)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_closure_error_does_not_depend_on_scale(scale):
    basis = matrices(0, 4, 3, 3)
    assert closure_error(scale * basis) == pytest.approx(closure_error(basis))


def test_closure_error_tells_algebras_from_others():
    assert closure_error(euclidean(3)) < 1e-15
    assert closure_error(rotation(3)[:2]) == pytest.approx(0.5)
    assert closure_error(matrices(1, 4, 4, 4)) > 0.2


def test_closure_error_of_one_or_no_matrix_is_zero():
    assert closure_error(matrices(0, 1, 3, 3)) == 0
    assert closure_error(torch.zeros(0, 3, 3)) == 0
    assert closure_error(torch.zeros(3, 2, 2)) == 0


def test_closure_error_weights_channels_by_their_norm():
    noise = matrices(0, 1, 4, 4)
    strong = closure_error(torch.cat([lorentz(), noise]))
    weak = closure_error(torch.cat([lorentz(), 1e-3 * noise]))
    assert strong > 0.05
    assert weak < 1e-3


def test_signature_counts_with_a_tolerance_and_a_scale():
    form = torch.diag(torch.tensor([1.0, -0.5, 1e-9], dtype=torch.float64))
    assert signature(form, 1e-6) == (1, 1, 1)
    assert signature(form, 1e-12) == (2, 1, 0)
    assert signature(1e-9 * form, 1e-6, scale=1.0) == (0, 0, 3)
    assert signature(torch.zeros(0, 0), 1e-6) == (0, 0, 0)
