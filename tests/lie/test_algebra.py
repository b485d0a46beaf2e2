import copy
import dataclasses
import math
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyg_liesym.lie import LieAlgebra, euclidean_metric, minkowski

NAMED = [
    LieAlgebra.rotation(2),
    LieAlgebra.rotation(3),
    LieAlgebra.rotation(5),
    LieAlgebra.indefinite_rotation(2, 1),
    LieAlgebra.indefinite_rotation(2, 2),
    LieAlgebra.lorentz(),
    LieAlgebra.general_linear(3),
    LieAlgebra.special_linear(3),
    LieAlgebra.symplectic(4),
    LieAlgebra.scaling(3),
    LieAlgebra.euclidean(3),
    LieAlgebra.galilei(3),
    LieAlgebra.poincare(),
    LieAlgebra.rotation(3).repeat(2),
    LieAlgebra.lorentz().direct_sum(LieAlgebra.scaling(2)),
]
SIGNATURES = {
    "so(2)": (0, 0, 1),
    "so(3)": (0, 3, 0),
    "so(5)": (0, 10, 0),
    "so(2,1)": (2, 1, 0),
    "so(2,2)": (4, 2, 0),
    "so(1,3)": (3, 3, 0),
    "gl(3)": (5, 3, 1),
    "sl(3)": (5, 3, 0),
    "sp(4)": (6, 4, 0),
    "scaling(3)": (0, 0, 1),
    "e(3)": (0, 3, 3),
    "galilei(3)": (0, 3, 7),
    "poincare": (3, 3, 4),
    "so(3) × 2 copies": (0, 3, 0),
    "so(1,3) ⊕ scaling(2)": (3, 3, 1),
}


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def well_conditioned(n, condition, seed=0):
    left, _, right = torch.linalg.svd(torch.randn(n, n, generator=seeded(seed), dtype=torch.float64))
    return left @ torch.diag(torch.logspace(0, math.log10(condition), n, dtype=torch.float64)) @ right


@pytest.mark.parametrize("algebra", NAMED, ids=lambda a: a.name)
def test_structure_of_the_named_algebras(algebra):
    assert algebra.closure_error() < 1e-14
    assert algebra.rank() == algebra.dim
    assert algebra.killing_signature() == SIGNATURES[algebra.name]


@pytest.mark.parametrize("algebra", NAMED, ids=lambda a: a.name)
def test_killing_signature_survives_change_of_basis(algebra):
    changed = algebra.conjugate(well_conditioned(algebra.n, 10.0))
    assert changed.closure_error() < 1e-13
    assert changed.killing_signature() == SIGNATURES[algebra.name]
    doubled = LieAlgebra(torch.cat([algebra.basis, algebra.basis.flip(0)]))
    assert doubled.killing_signature() == SIGNATURES[algebra.name]


@pytest.mark.parametrize("algebra", NAMED, ids=lambda a: a.name)
def test_exp_of_zero_and_of_the_inverse(algebra):
    w = torch.randn(3, algebra.dim, generator=seeded(0), dtype=torch.float64)
    eye = torch.eye(algebra.n, dtype=torch.float64)
    assert torch.equal(algebra.exp(0 * w), eye.expand(3, -1, -1))
    torch.testing.assert_close(algebra.exp(w) @ algebra.exp(-w), eye.expand(3, -1, -1), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("algebra", "J"),
    [
        (LieAlgebra.rotation(4), euclidean_metric(4)),
        (LieAlgebra.lorentz(), minkowski()),
        (LieAlgebra.preserving(torch.diag(torch.tensor([1.0, 2.0, -3.0]))), torch.diag(torch.tensor([1.0, 2.0, -3.0]))),
    ],
)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_sampled_elements_preserve_the_metric(algebra, J, seed):
    J = J.double()
    g = algebra.sample(4, scale=1.0, generator=seeded(seed))
    size = g.abs().amax() ** 2
    assert (g.mT @ J @ g - J).abs().max() < 1e-13 * size
    wrong = torch.diag(torch.arange(1.0, algebra.n + 1, dtype=torch.float64)) + J.diagonal().cumsum(0).diag()
    assert (g.mT @ wrong @ g - wrong).abs().max() > 1e-6


def test_exp_is_batched_typed_and_differentiable():
    algebra = LieAlgebra.lorentz(dtype=torch.float32)
    assert algebra.exp(torch.zeros(2, 5, 6, dtype=torch.float64)).shape == (2, 5, 4, 4)
    assert algebra.exp(torch.zeros(6, dtype=torch.float64)).dtype == torch.float32
    basis = LieAlgebra.rotation(3).basis.clone().requires_grad_()
    w = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda b, c: LieAlgebra(b).exp(c), (basis, w))


def test_exp_of_a_rotation_and_a_boost():
    quarter = LieAlgebra.rotation(2).exp(torch.tensor([math.pi / 2], dtype=torch.float64))
    torch.testing.assert_close(quarter, torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64))
    boost = LieAlgebra.indefinite_rotation(1, 1).exp(torch.tensor([1.0], dtype=torch.float64))
    assert boost[0, 0].item() == pytest.approx(math.cosh(1))
    assert boost[0, 1].item() == pytest.approx(math.sinh(1))


def test_sample_is_seeded_and_bounded():
    turn = LieAlgebra.rotation(2)
    g = turn.sample(1000, scale=0.5, generator=seeded(1))
    assert torch.equal(g, turn.sample(1000, scale=0.5, generator=seeded(1)))
    assert not torch.equal(g, turn.sample(1000, scale=0.5, generator=seeded(2)))
    angles = torch.atan2(g[:, 1, 0], g[:, 0, 0])
    assert 0.49 < angles.max() <= 0.5
    assert -0.5 <= angles.min() < -0.49


def test_empty_algebra():
    empty = LieAlgebra(torch.zeros(0, 3, 3))
    assert torch.equal(empty.exp(torch.zeros(2, 0)), torch.eye(3).expand(2, 3, 3))
    assert empty.sample(5).shape == (5, 3, 3)
    assert empty.structure_constants().shape == (0, 0, 0)
    assert empty.killing_form().shape == (0, 0)
    assert empty.killing_signature() == (0, 0, 0)
    assert empty.closure_error() == 0
    assert empty.rank() == 0
    assert empty.conjugate(2 * torch.eye(3)).dim == 0
    assert empty.repeat(2).n == 6
    assert empty.direct_sum(LieAlgebra.rotation(2)).dim == 1
    assert empty.principal_angles(LieAlgebra.rotation(3)).shape == (0,)
    assert repr(empty) == "LieAlgebra(dim=0, n=3)"


def test_immutable_and_detached_from_the_caller():
    basis = torch.eye(2).unsqueeze(0)
    algebra = LieAlgebra(basis, "mine")
    basis.zero_()
    assert algebra.basis.abs().sum() == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        algebra.basis = basis
    with pytest.raises(dataclasses.FrozenInstanceError):
        algebra.other = 1
    for other in (copy.deepcopy(algebra), pickle.loads(pickle.dumps(algebra))):
        assert torch.equal(other.basis, algebra.basis)
        assert other.name == "mine"


def test_repr_and_names():
    assert repr(LieAlgebra(torch.zeros(2, 3, 3))) == "LieAlgebra(dim=2, n=3)"
    assert repr(LieAlgebra.indefinite_rotation(2, 1)) == "LieAlgebra(so(2,1), dim=3, n=3)"
    assert LieAlgebra.indefinite_rotation(3, 0).name == "so(3)"
    assert LieAlgebra(torch.zeros(1, 2, 2)).repeat(2).name is None
    assert LieAlgebra(torch.zeros(1, 2, 2)).direct_sum(LieAlgebra.rotation(2)).name is None
    assert LieAlgebra.rotation(2).conjugate(torch.eye(2)).name == "M·so(2)·M⁻¹"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtypes_are_kept(dtype):
    algebra = LieAlgebra.lorentz().to(dtype)
    derived = (algebra.repeat(2), algebra.conjugate(torch.eye(4)), algebra.orthonormal(), algebra.direct_sum(algebra))
    assert all(a.basis.dtype == dtype for a in (algebra, *derived))
    metric, forms = algebra.invariant_metric(), algebra.invariant_forms()
    tensors = (algebra.killing_form(), algebra.structure_constants(), metric.J, metric.solutions, forms.symmetric)
    assert all(t.dtype == dtype for t in tensors)
    assert algebra.killing_signature() == (3, 3, 0)
    for build in (LieAlgebra.rotation, LieAlgebra.galilei, LieAlgebra.scaling):
        assert build(2, dtype=dtype).basis.dtype == dtype
    assert LieAlgebra.preserving(minkowski(), dtype=dtype).basis.dtype == dtype


def test_conjugate_moves_the_group_and_the_form():
    M = well_conditioned(4, 10.0)
    algebra, w = LieAlgebra.lorentz(), torch.linspace(-1, 1, 6, dtype=torch.float64)
    inverse = torch.linalg.inv(M)
    torch.testing.assert_close(algebra.conjugate(M).exp(w), M @ algebra.exp(w) @ inverse)
    moved = inverse.T @ minkowski() @ inverse
    assert algebra.conjugate(M).invariant_metric().cosine(moved) == pytest.approx(1)


def test_direct_sum_acts_on_separate_coordinates():
    both = LieAlgebra.rotation(2).direct_sum(LieAlgebra.scaling(1))
    g = both.exp(torch.tensor([math.pi, math.log(2)], dtype=torch.float64))
    torch.testing.assert_close(g, torch.diag(torch.tensor([-1.0, -1.0, 2.0], dtype=torch.float64)))


def test_orthonormal_keeps_the_span_and_drops_the_weak():
    weak = LieAlgebra(torch.cat([LieAlgebra.rotation(3).basis, 1e-3 * LieAlgebra.scaling(3).basis]))
    assert weak.rank() == 4
    assert weak.rank(tol=0.01) == 3
    assert weak.singular_values().shape == (4,)
    assert weak.orthonormal(tol=0.01).principal_angles(LieAlgebra.rotation(3)).max() < 1e-7


def test_principal_angles_ignore_the_choice_of_basis():
    mixing = torch.randn(8, 6, generator=seeded(0), dtype=torch.float64)
    other = LieAlgebra(torch.einsum("ab,bij->aij", mixing, LieAlgebra.lorentz().basis))
    assert other.principal_angles(LieAlgebra.lorentz()).max() < 1e-7
    assert other.principal_angles(LieAlgebra.rotation(4)).max() == pytest.approx(math.pi / 2)


@pytest.mark.parametrize(
    ("basis", "error", "message"),
    [
        ([[1.0]], TypeError, "got list"),
        (torch.zeros(1, 2, 2, dtype=torch.long), TypeError, "torch.int64"),
        (torch.zeros(1, 2, 2, dtype=torch.complex64), TypeError, "torch.complex64"),
        (torch.zeros(2, 2), ValueError, r"shape \[K, n, n\]; got \[2, 2\]"),
        (torch.zeros(1, 2, 3), ValueError, r"got \[1, 2, 3\]"),
        (torch.zeros(1, 0, 0), ValueError, r"got \[1, 0, 0\]"),
        (torch.full((1, 2, 2), torch.nan), ValueError, "NaN"),
        (torch.full((1, 2, 2), torch.inf), ValueError, "infinite"),
    ],
)
def test_bad_bases_are_refused(basis, error, message):
    with pytest.raises(error, match=message):
        LieAlgebra(basis)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: a.exp(torch.zeros(2, 5)), r"shape \[..., 6\], one per basis matrix; got \[2, 5\]"),
        (lambda a: a.exp(torch.tensor(1.0)), r"got \[\]"),
        (lambda a: a.repeat(0), "copies must be at least 1"),
        (lambda a: a.conjugate(torch.eye(3)), r"shape \[4, 4\], got \[3, 3\]"),
        (lambda a: a.conjugate(torch.ones(4, 4)), "singular"),
        (lambda a: a.principal_angles(LieAlgebra.rotation(3)), "n = 4 and n = 3"),
    ],
)
def test_bad_calls_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(LieAlgebra.lorentz())
