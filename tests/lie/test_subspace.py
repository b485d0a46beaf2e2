import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyg_liesym.lie import weighted_cosine
from pyg_liesym.lie.named import general_linear, lorentz, rotation
from pyg_liesym.lie.subspace import count_zeros, null_vectors, principal_angles, span


def test_span_sees_through_dependence_and_weights():
    basis = torch.cat([rotation(3), rotation(3).sum(0, keepdim=True), 1e-3 * general_linear(3)[:1]])
    values, everything = span(basis)
    assert everything.shape == (4, 3, 3)
    assert span(basis, tol=0.01)[1].shape == (3, 3, 3)
    assert values.tolist() == sorted(values.tolist(), reverse=True)
    gram = torch.einsum("aij,bij->ab", everything, everything)
    torch.testing.assert_close(gram, torch.eye(4, dtype=torch.float64))


@pytest.mark.parametrize("basis", [torch.zeros(2, 3, 3), torch.zeros(0, 3, 3)])
def test_span_of_nothing_is_empty(basis):
    assert span(basis)[1].shape == (0, 3, 3)


def test_null_vectors_of_nothing_are_everything():
    assert null_vectors(torch.zeros(2, 3), 1e-6).shape == (3, 3)


@given(angle=st.floats(1e-9, math.pi / 2 - 1e-3))
@settings(max_examples=30, deadline=None)
def test_principal_angle_of_a_tilted_matrix(angle):
    a, b, c = general_linear(2)[:3]
    tilted = torch.stack([math.cos(angle) * a + math.sin(angle) * b, c])
    angles = principal_angles(torch.stack([a, c]), tilted)
    assert angles[0].item() == pytest.approx(angle, rel=1e-6)
    assert angles[1].item() == pytest.approx(0, abs=1e-12)


def test_principal_angles_of_an_empty_span():
    assert principal_angles(torch.zeros(0, 2, 2), general_linear(2)).shape == (0,)


def test_orthogonal_spans():
    symmetric, turn = span(lorentz()[:1])[1], span(lorentz()[5:])[1]
    assert principal_angles(symmetric, turn).item() == pytest.approx(math.pi / 2)


def test_count_zeros_uses_the_widest_gap():
    def count(*values, tol=0.1):
        return count_zeros(torch.tensor(values, dtype=torch.float64), tol)

    assert count(0.2, 0.5) == 0
    assert count(0.0, 0.0, 0.0) == 3
    assert count(1e-17, 0.0, 0.01, 0.9) == 2
    assert count(0.01, 0.02, 0.9) == 2
    assert count() == 0


def test_weighted_cosine_is_the_mean_over_data():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 3, 3, generator=generator, dtype=torch.float64)
    x = torch.randn(500, 3, generator=generator, dtype=torch.float64)
    x[:, 2] = x[:, 0]  # the data span two of three dimensions
    ax, bx = x @ a.T, x @ b.T
    expected = (ax * bx).sum() / (ax.norm() * bx.norm())
    covariance = x.T @ x / len(x)
    assert weighted_cosine(a, b, covariance) == pytest.approx(expected.item())
    invisible = torch.tensor([[1.0, 0.0, -1.0]], dtype=torch.float64)  # maps all the data to zero
    assert weighted_cosine(a, a + 7 * invisible.expand(3, 3), covariance) == pytest.approx(1)
    assert weighted_cosine(a, -a, torch.eye(3)) == -1
    assert weighted_cosine(a, a + 7 * invisible.expand(3, 3), torch.eye(3)) < 0.9


def test_weighted_cosine_errors():
    eye = torch.eye(2)
    with pytest.raises(ValueError, match=r"one shape \[n, n\] are expected, got \[2, 2\], \[3, 3\]"):
        weighted_cosine(eye, torch.eye(3), eye)
    with pytest.raises(ValueError, match="undefined"):
        weighted_cosine(eye, torch.zeros(2, 2), eye)
