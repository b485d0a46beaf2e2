import math

import pytest
import torch

from pyg_liesym.lie import LieAlgebra
from pyg_liesym.lie.catalogue import catalogue


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def change_of_basis(n, condition=10.0, seed=0):
    left, _, right = torch.linalg.svd(noise(n, n, seed=seed))
    return left @ torch.diag(torch.logspace(0, math.log10(condition), n, dtype=torch.float64)) @ right


def names(basis, **options):
    return [str(found) for found in LieAlgebra(basis).identify(**options)]


def entries(*sizes):
    return [pytest.param(entry, n, id=f"{entry.name}-{n}") for n in sizes for entry in catalogue(n)]


@pytest.mark.parametrize(("entry", "n"), entries(1, 2, 3, 4, 5, 6))
def test_every_named_algebra_is_recognised(entry, n):
    found = LieAlgebra(entry.build()).identify()
    assert found[0].name == entry.name
    assert found[0].relation == "same subspace"
    assert found[0].largest_angle < 1e-6
    assert (found[0].dim, found[0].named_dim) == (entry.dim, entry.dim)
    assert len(found) == 1


@pytest.mark.parametrize(("entry", "n"), entries(2, 3, 4, 5))
def test_every_named_algebra_is_recognised_after_a_change_of_basis(entry, n):
    if entry.name.startswith("gl") and "copies" not in entry.name:
        return  # all matrices: weak directions of a changed basis look like noise
    found = LieAlgebra(entry.build()).conjugate(change_of_basis(n)).identify()[0]
    assert found.relation == ("same subspace" if entry.kind == "rigid" else "conjugate")
    families = {e.name: e.family for e in catalogue(n)}
    assert families[found.name] == entry.family
    assert found.matches


@pytest.mark.parametrize(
    ("algebra", "expected"),
    [
        (LieAlgebra.lorentz(), "so(1,3), same subspace"),
        (LieAlgebra.rotation(3), "so(3), same subspace"),
        (LieAlgebra.rotation(2).repeat(4), "so(2) × 4 copies, same subspace"),
        (LieAlgebra.lorentz().repeat(2), "so(1,3) × 2 copies, same subspace"),
        (LieAlgebra.euclidean(3), "e(3), same subspace"),
        (LieAlgebra.symplectic(4), "sp(4), same subspace"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_learned_bases_with_noise_mixing_and_a_spare_channel(algebra, expected, dtype):
    dim = algebra.dim
    mixing = torch.cat([torch.eye(dim, dtype=torch.float64) + 0.15 * noise(dim, dim), torch.zeros(1, dim)])
    learned = torch.einsum("ab,bij->aij", mixing, algebra.basis)
    learned = learned + 0.01 * noise(dim + 1, algebra.n, algebra.n, seed=1)
    found = LieAlgebra(learned.to(dtype)).identify()[0]
    assert str(found).startswith(expected)
    assert 0.1 < math.degrees(found.largest_angle) < 8
    assert found.dim == dim


def test_reported_angle_is_the_principal_angle():
    tilted = LieAlgebra.rotation(3).basis.clone()
    tilted[0] = math.cos(0.05) * tilted[0] + math.sin(0.05) * math.sqrt(2 / 3) * torch.eye(3)
    assert names(tilted) == ["so(3), same subspace, largest angle 2.9°"]
    assert names(tilted, max_angle=0.04, tol=0.01)[0].startswith("no named algebra: dimension 3")


def test_strings():
    assert names(LieAlgebra.lorentz().conjugate(change_of_basis(4)).basis) == ["so(1,3), conjugate"]
    assert names(torch.zeros(2, 3, 3)) == ["trivial algebra, same subspace, largest angle 0.0°"]
    assert names(torch.zeros(0, 3, 3)) == ["trivial algebra, same subspace, largest angle 0.0°"]


@pytest.mark.parametrize(
    ("p", "q", "expected"), [(1, 3, "so(1,3)"), (3, 1, "so(1,3)"), (2, 2, "so(2,2)"), (4, 0, "so(4)")]
)
def test_noisy_conjugates(p, q, expected):
    algebra = LieAlgebra.indefinite_rotation(p, q).conjugate(change_of_basis(4, condition=3.0))
    learned = torch.cat([algebra.basis, torch.zeros(1, 4, 4)]) + 0.005 * noise(7, 4, 4)
    assert names(learned) == [f"{expected}, conjugate"]


def test_one_dimensional_algebras_are_told_apart():
    turn, boost, scale = (
        torch.tensor(m, dtype=torch.float64) for m in ([[0, -1], [1, 0]], [[0, 1], [1, 0]], [[1, 0], [0, 1]])
    )
    M = change_of_basis(2, 5.0)
    for matrix, expected in ((turn, "so(2), conjugate"), (boost, "so(1,1), conjugate")):
        assert names((M @ matrix @ torch.linalg.inv(M)).unsqueeze(0)) == [expected]
    assert names(-3 * scale.unsqueeze(0))[0].startswith("scaling(2), same subspace")
    assert names(torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64)).unsqueeze(0)) == ["so(1,1), conjugate"]
    # two frequencies are not two copies of one rotation
    uneven = torch.block_diag(turn, 2 * turn).unsqueeze(0)
    assert names(uneven)[0].startswith("no named algebra: dimension 1")


def test_action_on_some_coordinates():
    lorentz = LieAlgebra.lorentz().basis
    assert names(lorentz[5:] + 0.002 * noise(1, 4, 4))[0].startswith("so(2) on coordinates (1, 2), same subspace")
    assert names(lorentz[3:])[0].startswith("so(3) on coordinates (1, 2, 3), same subspace")
    assert names(lorentz[2:3])[0].startswith("so(1,1) on coordinates (0, 3), same subspace")
    tilted = (LieAlgebra.rotation(3).basis * torch.tensor([1.0, 2.0, 3.0])[:, None, None]).sum(0, keepdim=True)
    assert names(tilted) == ["so(2) on 2 of 3 dimensions, conjugate"]


def test_more_channels_than_matrices():
    turns = torch.tensor([1.0, 0.5, -0.3, 0.01, 0.8])[:, None, None] * LieAlgebra.rotation(2).basis
    assert names(turns + 0.01 * noise(5, 2, 2))[0].startswith("so(2), same subspace")
    mixed = torch.einsum("ab,bij->aij", noise(20, 6), LieAlgebra.lorentz().basis)
    assert names(mixed + 0.02 * noise(20, 4, 4, seed=1))[0].startswith("so(1,3), same subspace")


def test_nothing_found_is_a_result():
    found = LieAlgebra(noise(4, 4, 4)).identify()
    assert (found[0].name, found[0].relation, found[0].largest_angle) == ("no named algebra", "none", None)
    assert found[0].closure_error > 0.3
    assert not found[0].matches
    assert str(found[0]).startswith("no named algebra: dimension 4, closure error 0.4, Killing signature")
    assert {other.relation for other in found[1:]} == {"same dimension"}
    angles = [other.largest_angle for other in found[1:]]
    assert angles == sorted(angles)


def test_containment_is_listed_after_nothing():
    one = (LieAlgebra.lorentz().basis * noise(6, 1, 1)).sum(0, keepdim=True)
    assert names(one)[:2] == [
        "no named algebra: dimension 1, closure error 0, Killing signature (0, 0, 1)",
        "inside so(1,3): dimension 1, not 6, largest angle 0.0°",
    ]
    more = torch.cat([LieAlgebra.lorentz().basis, torch.diag(torch.tensor([1.0, 0, 0, 0])).unsqueeze(0)])
    assert names(more)[1] == "contains so(1,3): dimension 7, not 6, largest angle 0.0°"


def test_scale_does_not_matter():
    basis = LieAlgebra.lorentz().basis + 0.01 * noise(6, 4, 4)
    assert names(basis) == names(1e-3 * basis) == names(1e3 * basis)


def test_the_large_stay_quick():
    # containment is skipped beyond n = 12, everything else works
    assert names(LieAlgebra.rotation(2).repeat(8).basis)[0].startswith("so(2) × 8 copies")
    assert names(noise(1, 14, 14))[0].startswith("no named algebra")


@pytest.mark.parametrize("strength", [1.0, 0.4, 0.25, 0.18, 0.12])
def test_products_are_named_whatever_their_strengths(strength):
    boosts, turns = LieAlgebra.lorentz().basis[:3], LieAlgebra.lorentz().basis[3:]
    both = torch.stack([turns[2], strength * boosts[2]])
    for basis in (both, both + 0.002 * noise(2, 4, 4)):
        (found,) = LieAlgebra(basis).identify()
        assert set(found.name.split(" ⊕ ")) == {"so(2) on coordinates (1, 2)", "so(1,1) on coordinates (0, 3)"}
        assert found.matches
        assert found.dim == 2


@pytest.mark.parametrize("strength", [1.0, 0.18])
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((LieAlgebra.rotation(3), LieAlgebra.scaling(1)), ("so(3) {} (0, 1, 2)", "scaling(1) {} (3)")),
        ((LieAlgebra.rotation(2), LieAlgebra.rotation(2)), ("so(2) {} (0, 1)", "so(2) {} (2, 3)")),
        ((LieAlgebra.rotation(3), LieAlgebra.lorentz()), ("so(3) {} (0, 1, 2)", "so(1,3) {} (3, 4, 5, 6)")),
    ],
)
def test_direct_sums(parts, expected, strength):
    first, second = parts
    total = first.direct_sum(second)
    weights = torch.tensor([1.0] * first.dim + [strength] * second.dim, dtype=torch.float64)
    found = LieAlgebra(weights[:, None, None] * total.basis).identify()[0]
    assert set(found.name.split(" ⊕ ")) == {part.format("on coordinates") for part in expected}
    assert found.matches


def test_a_product_with_a_scaling_of_everything():
    total = LieAlgebra.rotation(2).direct_sum(LieAlgebra.rotation(2)).basis
    basis = torch.cat([total, 0.2 * torch.eye(4, dtype=torch.float64)[None]])
    assert LieAlgebra(basis).identify()[0].name.endswith(" + scaling")
    alone = torch.stack([LieAlgebra.lorentz().basis[5], 0.18 * torch.eye(4, dtype=torch.float64)])
    assert LieAlgebra(alone).identify()[0].name == "so(2) on coordinates (1, 2) + scaling"


@pytest.mark.parametrize("strength", [0.35, 0.25, 0.16])
def test_what_has_no_name_is_said_to_be_left_out(strength):
    odd = torch.diag(torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)) + 0.3 * noise(3, 3)
    basis = torch.cat([LieAlgebra.rotation(3).basis, strength * odd[None] / odd.norm()])
    found = LieAlgebra(basis).identify()[0]
    assert (found.name, found.relation) == ("so(3)", "same subspace")
    assert not found.matches
    assert len(found.left_out) == 1
    assert f"left out: a direction of relative strength {found.left_out[0]:.2g}" in str(found)
    assert found.left_out[0] == pytest.approx(strength / 2**0.5, rel=0.2)
    # noise is not
    assert LieAlgebra(torch.cat([LieAlgebra.rotation(3).basis, 0.02 * odd[None]])).identify()[0].matches
