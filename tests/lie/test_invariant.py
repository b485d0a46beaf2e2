import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyg_liesym.lie import LieAlgebra, euclidean_metric, minkowski
from pyg_liesym.lie.metric import scaled


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def residual_by_hand(basis, J):
    total = sum(float((L.T @ J + J @ L).square().sum()) for L in basis)
    return math.sqrt(total / float(basis.square().sum()))


# algebra, number of symmetric and antisymmetric forms
FORMS = [
    (LieAlgebra.rotation(2), 1, 1),
    (LieAlgebra.rotation(4), 1, 0),
    (LieAlgebra.lorentz(), 1, 0),
    (LieAlgebra.symplectic(2), 0, 1),
    (LieAlgebra.symplectic(4), 0, 1),
    (LieAlgebra.special_linear(3), 0, 0),
    (LieAlgebra.general_linear(2), 0, 0),
    (LieAlgebra.scaling(2), 0, 0),
    (LieAlgebra.rotation(2).repeat(4), 16, 16),
    (LieAlgebra.rotation(3).repeat(2), 3, 1),
    (LieAlgebra.lorentz().repeat(2), 3, 1),
    (LieAlgebra.euclidean(3), 1, 0),
    (LieAlgebra(torch.zeros(0, 3, 3)), 6, 3),
    (LieAlgebra(torch.zeros(2, 3, 3)), 6, 3),
]


@pytest.mark.parametrize(("algebra", "symmetric", "antisymmetric"), FORMS)
def test_all_invariant_forms(algebra, symmetric, antisymmetric):
    forms = algebra.invariant_forms()
    n = algebra.n
    assert forms.symmetric.shape == (symmetric, n, n)
    assert forms.antisymmetric.shape == (antisymmetric, n, n)
    assert forms.symmetric_singular_values.shape == (n * (n + 1) // 2,)
    assert forms.antisymmetric_singular_values.shape == (n * (n - 1) // 2,)
    for solutions, sign in ((forms.symmetric, 1), (forms.antisymmetric, -1)):
        torch.testing.assert_close(solutions, sign * solutions.mT)
        assert solutions.flatten(1).norm(dim=1).allclose(torch.ones(len(solutions), dtype=solutions.dtype))
        for J in solutions:
            assert (algebra.basis.mT @ J + J @ algebra.basis).abs().sum() < 1e-12
    assert str(forms) == f"{symmetric} symmetric and {antisymmetric} antisymmetric invariant forms"


def test_singular_values_are_the_residuals_of_their_forms():
    basis = noise(3, 3, 3)
    forms = LieAlgebra(basis).invariant_forms(tol=2.0)
    for values, solutions in (
        (forms.symmetric_singular_values, forms.symmetric),
        (forms.antisymmetric_singular_values, forms.antisymmetric),
    ):
        assert values.tolist() == sorted(values.tolist())
        for value, J in zip(values, solutions, strict=False):
            assert residual_by_hand(basis, J) == pytest.approx(value.item())


@pytest.mark.parametrize(
    ("algebra", "truth", "signature"),
    [
        (LieAlgebra.lorentz(), minkowski(), (1, 3, 0)),
        (LieAlgebra.indefinite_rotation(3, 1), minkowski().flip(0, 1), (1, 3, 0)),
        (LieAlgebra.rotation(3), euclidean_metric(3), (3, 0, 0)),
        (LieAlgebra.indefinite_rotation(0, 3), euclidean_metric(3), (3, 0, 0)),
        (LieAlgebra.indefinite_rotation(1, 1), minkowski(2), (1, 1, 0)),
        (LieAlgebra.indefinite_rotation(2, 2), torch.diag(torch.tensor([1.0, 1, -1, -1])), (2, 2, 0)),
        (LieAlgebra.euclidean(2), torch.diag(torch.tensor([0.0, 0, 1])), (1, 0, 2)),
    ],
)
def test_metric_of_known_algebras_with_its_sign(algebra, truth, signature):
    metric = algebra.invariant_metric()
    assert metric.null_dim == 1
    assert metric.signature == signature
    assert metric.residual < 1e-14
    assert metric.cosine(truth) == pytest.approx(1)
    assert metric.J.norm().item() == pytest.approx(1)
    assert torch.equal(metric.J, metric.J.T)
    assert metric.solutions.shape == (1, algebra.n, algebra.n)


def test_sign_of_a_split_form_without_a_diagonal():
    squeeze = LieAlgebra(torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64)).unsqueeze(0))
    expected = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    assert squeeze.invariant_metric().cosine(expected) == pytest.approx(1)


@given(seed=st.integers(0, 10_000), p=st.integers(1, 4), q=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_metric_of_a_conjugate_is_found_with_its_signature(seed, p, q):
    n = p + q
    if n < 2:
        return
    left, _, right = torch.linalg.svd(noise(n, n, seed=seed))
    M = left @ torch.diag(torch.logspace(0, 1, n, dtype=torch.float64)) @ right
    metric = LieAlgebra.indefinite_rotation(p, q).conjugate(M).invariant_metric()
    inverse = torch.linalg.inv(M)
    eta = torch.diag(torch.tensor([1.0] * p + [-1.0] * q, dtype=torch.float64))
    assert metric.null_dim == 1
    assert abs(metric.cosine(inverse.T @ eta @ inverse)) == pytest.approx(1, abs=1e-10)
    assert metric.signature == ((n, 0, 0) if q == 0 else (min(p, q), max(p, q), 0))


def test_noisy_basis_with_a_spare_channel():
    weights = torch.tensor([1.0, 0.9, 1.2, 0.7, 0.8, 1.1, 0.0], dtype=torch.float64)[:, None, None]
    clean = torch.cat([LieAlgebra.lorentz().basis, torch.zeros(1, 4, 4)])
    metric = LieAlgebra(weights * clean + 0.02 * noise(7, 4, 4)).invariant_metric()
    assert metric.null_dim == 1
    assert metric.signature == (1, 3, 0)
    assert metric.cosine(minkowski()) > 0.999
    assert 0.01 < metric.residual < 0.1


def test_channel_norms_are_weights():
    stray = noise(1, 4, 4)
    J = {w: LieAlgebra(torch.cat([LieAlgebra.lorentz().basis, w * stray])).invariant_metric() for w in (1e-3, 1.0)}
    assert J[1e-3].cosine(minkowski()) > 1 - 1e-6
    assert J[1.0].cosine(minkowski()) < 1 - 1e-3
    assert J[1e-3].residual < 1e-2 < J[1.0].residual


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_scale_of_the_whole_basis_is_immaterial(scale):
    basis = LieAlgebra.lorentz().basis + 0.05 * noise(6, 4, 4)
    one, other = LieAlgebra(basis).invariant_metric(), LieAlgebra(scale * basis).invariant_metric()
    torch.testing.assert_close(one.J, other.J)
    torch.testing.assert_close(one.singular_values, other.singular_values)
    assert one.residual == pytest.approx(residual_by_hand(basis, one.J))


def test_metric_minimises_the_residual():
    basis = LieAlgebra.lorentz().basis + 0.2 * noise(6, 4, 4)
    best = LieAlgebra(basis).invariant_metric()
    assert best.residual == pytest.approx(best.singular_values[0].item())
    for seed in range(20):
        other = best.J + 0.05 * noise(4, 4, seed=seed)
        other = other + other.T
        assert residual_by_hand(basis, other / other.norm()) > best.residual


def test_ambiguous_metrics_are_reported_with_all_solutions():
    turns = LieAlgebra.rotation(2).repeat(2)
    metric = turns.invariant_metric()
    assert metric.null_dim == 4
    assert metric.solutions.shape == (4, 4, 4)
    assert metric.cosine(euclidean_metric(4)) == pytest.approx(1)
    assert str(metric) == "ambiguous: 4 independent invariant metrics; the one given has signature (4, 0)"
    lorentz = LieAlgebra.lorentz().repeat(2).invariant_metric()
    expected = torch.block_diag(minkowski(), minkowski())
    assert lorentz.cosine(expected) == pytest.approx(1)


def test_ambiguous_metrics_orthogonal_to_the_identity():
    # diag(a, -a, b, -b): the invariant forms xy and zw have no trace
    squeeze = torch.diag(torch.tensor([1.0, -1.0, 3.0, -3.0], dtype=torch.float64)).unsqueeze(0)
    metric = LieAlgebra(squeeze).invariant_metric()
    assert metric.null_dim == 2
    assert metric.residual < 1e-12
    assert metric.J.norm().item() == pytest.approx(1)


def test_no_invariant_metric_is_said():
    metric = LieAlgebra.special_linear(3).invariant_metric()
    assert metric.null_dim == 0
    assert metric.solutions.shape == (1, 3, 3)
    assert metric.residual > 0.5
    assert str(metric).startswith("no invariant metric")
    assert LieAlgebra.lorentz().invariant_metric(tol=1e-9).null_dim == 1


def test_strings_show_the_signature():
    assert str(LieAlgebra.rotation(3).invariant_metric()).startswith("invariant metric, signature (3, 0), residual")
    assert "(1, 0, 2 zero)" in str(LieAlgebra.euclidean(2).invariant_metric())


def test_basis_gradients_do_not_leak():
    basis = LieAlgebra.lorentz().basis.clone().requires_grad_()
    metric = LieAlgebra(basis).invariant_metric()
    assert not metric.J.requires_grad


def test_cosine_takes_metrics_and_tensors_and_has_a_sign():
    metric = LieAlgebra.lorentz().invariant_metric()
    assert metric.cosine(-3 * minkowski(dtype=torch.float32)) == pytest.approx(-1)
    assert metric.cosine(metric) == pytest.approx(1)
    assert metric.cosine(euclidean_metric(4)) == pytest.approx(-0.5)
    with pytest.raises(ValueError, match=r"shape \[4, 4\], got \[3, 3\]"):
        metric.cosine(euclidean_metric(3))
    with pytest.raises(ValueError, match="zero form"):
        metric.cosine(torch.zeros(4, 4))


def test_scaled_has_the_norm_of_the_identity():
    metric = LieAlgebra.lorentz().invariant_metric()
    torch.testing.assert_close(metric.scaled().J, minkowski())
    assert metric.scaled().residual == metric.residual
    several = LieAlgebra.rotation(2).repeat(2).invariant_metric().scaled()
    torch.testing.assert_close(several.J, euclidean_metric(4))
    torch.testing.assert_close(several.solutions.flatten(1).norm(dim=1), torch.full((4,), 2.0).double())
    with pytest.raises(ValueError, match="zeros"):
        scaled(torch.zeros(2, 2))


def test_forms_are_all_of_them_or_none():
    one = LieAlgebra.lorentz().invariant_metric()
    assert torch.equal(one.forms, one.J[None])
    about_z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
    several = about_z.invariant_metric().forms
    assert several.shape == (2, 3, 3)
    assert all(float((form @ about_z.basis[0] + about_z.basis[0].mT @ form).norm()) < 1e-12 for form in several)
    # J alone, or their sum, would be kept by all rotations
    assert LieAlgebra.preserving(about_z.invariant_metric().J).dim == 3
    with pytest.raises(ValueError, match="preserves no metric"):
        _ = LieAlgebra.special_linear(3).invariant_metric().forms


@pytest.mark.parametrize(("entry", "num_forms"), [(0.0, 1), (1.0, 0)])
def test_one_dimension(entry, num_forms):
    algebra = LieAlgebra(torch.full((1, 1, 1), entry, dtype=torch.float64))
    forms = algebra.invariant_forms()
    assert (len(forms.symmetric), len(forms.antisymmetric)) == (num_forms, 0)
    assert forms.antisymmetric.shape == (0, 1, 1)
    assert algebra.invariant_metric().null_dim == num_forms


def test_forms_in_other_coordinates():
    stretch = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 50.0]], dtype=torch.float64)
    about_z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
    moved = about_z.conjugate(torch.linalg.inv(stretch))
    metric = about_z.invariant_metric().in_coordinates(stretch)
    assert metric.J.norm().item() == pytest.approx(1)
    assert metric.solutions.shape == (2, 3, 3)
    gram = metric.solutions.flatten(1) @ metric.solutions.flatten(1).T
    torch.testing.assert_close(gram, torch.eye(2).double())
    for form in (metric.J, *metric.solutions):
        assert float((moved.basis.mT @ form + form @ moved.basis).norm()) < 1e-10


def test_the_error_of_a_metric_grows_with_the_noise_and_is_about_right():
    errors = []
    for size in (1e-3, 1e-2):
        noise = torch.randn(6, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        metric = LieAlgebra(LieAlgebra.lorentz().basis + size * noise).invariant_metric()
        actual = math.sqrt(1 - metric.cosine(minkowski()) ** 2)
        assert 0.1 * actual < metric.error < 20 * actual
        errors.append(metric.error)
    assert errors[1] > 5 * errors[0]
    assert LieAlgebra.rotation(2).repeat(2).invariant_metric().error == 1.0
