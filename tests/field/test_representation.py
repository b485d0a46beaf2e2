import pytest
import torch

from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars, vectors

GROUPS = [PointGroup.cyclic(1), PointGroup.cyclic(2), PointGroup.cyclic(6), PointGroup.dihedral(1)]
GROUPS += [PointGroup.dihedral(4), PointGroup.dihedral(5)]


def representations(group):
    yield Representation.trivial(group)
    yield Representation.vector(group)
    yield Representation.regular(group)
    for frequency in range(group.rotations // 2 + 1):
        yield Representation.irrep(group, frequency)
        if group.reflections and Representation.irrep(group, frequency).dim == 1:
            yield Representation.irrep(group, frequency, odd=True)


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_representations_are_orthogonal_homomorphisms(group):
    for rep in representations(group):
        rho = rep.own_matrices()
        assert rho.shape == (group.size, rep.dim, rep.dim), rep
        torch.testing.assert_close(rho[group.products()], rho[:, None] @ rho)
        torch.testing.assert_close(rho @ rho.mT, torch.eye(rep.dim, dtype=torch.float64).expand_as(rho))


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_trivial_is_what_does_not_change_and_regular_what_is_permuted(group):
    for rep in representations(group):
        rho = rep.own_matrices()
        if rep.is_trivial:
            assert rho.eq(1).all()
        elif group.size > 1 and rep.dim == 1:
            assert rho.ne(1).any() or (group.rotations == 1 and not group.reflections)
        assert rep.is_regular == (rep == Representation.regular(group))
        if rep.is_regular:
            assert rho.sort(-1)[0][..., -1].eq(1).all()
            assert rho.sum(-1).eq(1).all()


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_irreps_of_one_frequency_have_no_smaller_parts_and_a_regular_field_has_all(group):
    irreps = {rep for rep in representations(group) if rep.kind == "irrep"}
    characters = {rep: rep.own_matrices().diagonal(0, 1, 2).sum(1) for rep in irreps}
    regular = Representation.regular(group).own_matrices().diagonal(0, 1, 2).sum(1)
    total = 0
    for rep, character in characters.items():
        # A real irrep has the norm 1, or 2 where it is a pair of complex ones (rotations without reflections).
        norm = float((character**2).mean())
        assert norm == pytest.approx(2 if rep.dim == 2 and not group.reflections else 1), rep
        total += rep.dim * round(float((character * regular).mean()) / norm)
        for other, wave in characters.items():
            if other != rep:
                assert abs(float((character * wave).mean())) < 1e-12, (rep, other)
    assert total == group.size


def test_continuous_groups_have_irreps_of_any_frequency_and_no_regular_fields():
    so2 = PointGroup.so2()
    angle = torch.tensor([0.3], dtype=torch.float64)
    rho = Representation.irrep(so2, 7).matrices(angle, torch.tensor([False]))
    assert rho[0, 0, 0] == (7 * angle).cos()
    with pytest.raises(ValueError, match="finite"):
        Representation.regular(so2)


def test_what_is_refused():
    c4 = PointGroup.cyclic(4)
    with pytest.raises(ValueError, match="frequencies 0 to 2"):
        Representation.irrep(c4, 3)
    with pytest.raises(ValueError, match="no odd irrep"):
        Representation.irrep(c4, 0, odd=True)
    with pytest.raises(ValueError, match="one group"):
        FieldType([(Representation.trivial(c4), 1), (Representation.trivial(PointGroup.so2()), 1)])
    with pytest.raises(ValueError, match="at least one field"):
        FieldType([])
    with pytest.raises(ValueError, match="its own elements"):
        regulars(c4, 1).act(torch.ones(1, 4), 0.1)
    with pytest.raises(ValueError, match="2 channels"):
        vectors(c4, 1).act(torch.ones(1, 3), 0.1)


def test_act_turns_each_field_by_its_own_matrix():
    group = PointGroup.dihedral(4)
    kind = FieldType([(Representation.regular(group), 2), (Representation.vector(group), 3), *scalars(group, 2)])
    values = torch.randn(5, kind.channels, 2, dtype=torch.float64)
    element = 6  # a reflection
    angle, reflected = float(group.angles()[element]), bool(group.reflected()[element])
    blocks = [rep.own_matrices()[element] for rep, count in kind for _ in range(count)]
    expected = torch.einsum("ij,bjk->bik", torch.block_diag(*blocks), values)
    torch.testing.assert_close(kind.act(values, angle, reflected=reflected), expected)
