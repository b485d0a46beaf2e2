import pytest
import torch

from pyg_liesym.field.angular_basis import angular_basis, harmonics
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import Representation

GROUPS = [PointGroup.cyclic(1), PointGroup.cyclic(3), PointGroup.dihedral(4), PointGroup.so2(), PointGroup.o2()]


def pairs(group):
    reps = [
        Representation.trivial(group),
        Representation.vector(group),
        Representation.irrep(group, 3 if group.order is None else group.order // 2),
    ]
    if group.order is not None:
        reps.append(Representation.regular(group))
    return [(a, b) for a in reps for b in reps]


def dimension_by_characters(rep_in, rep_out, frequency):
    """dim Hom_G = mean of the product of the characters of ρ_in, ρ_out and the harmonics of one frequency."""
    group = rep_in.group.averaging(40)
    angles, reflected = group.angles(), group.reflected()
    trace = lambda rep: rep.matrices(angles, reflected).diagonal(0, 1, 2).sum(1)  # noqa: E731
    wave = torch.ones_like(angles) if frequency == 0 else torch.where(reflected, 0.0, 2 * (frequency * angles).cos())
    return round(float((trace(rep_in) * trace(rep_out) * wave).mean()))


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_the_basis_has_the_dimension_that_characters_tell_and_obeys_the_constraint(group):
    directions = torch.randn(7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    elements = group.averaging(10)
    angles, reflected = elements.angles()[[-1, 1 % elements.size]], elements.reflected()[[-1, 1 % elements.size]]
    for rep_in, rep_out in pairs(group):
        basis = angular_basis(rep_in, rep_out, 5)
        counts = [int((basis.frequencies == m).sum()) for m in range(6)]
        assert counts == [dimension_by_characters(rep_in, rep_out, m) for m in range(6)], (rep_in, rep_out)
        flat = basis.coefficients.flatten(1)
        torch.testing.assert_close(flat @ flat.mT, torch.eye(len(flat), dtype=torch.float64))
        rho_in, rho_out = rep_in.matrices(angles, reflected), rep_out.matrices(angles, reflected)
        matrices = torch.stack([elements.matrices()[-1], elements.matrices()[1 % elements.size]])
        for g, a, b in zip(matrices, rho_out, rho_in, strict=True):
            torch.testing.assert_close(basis(directions @ g.mT), a @ basis(directions) @ b.mT)


def test_harmonics_have_no_value_where_there_is_no_direction():
    offsets = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    values = harmonics(offsets, 2)
    assert values.tolist() == [[1.0, 0.0, 0.0, 0.0, 0.0]]
    values.sum().backward()
    assert offsets.grad.tolist() == [[0.0, 0.0]]


def test_fields_of_two_groups_are_refused():
    with pytest.raises(ValueError, match="one group"):
        angular_basis(Representation.trivial(PointGroup.so2()), Representation.trivial(PointGroup.o2()), 1)
    with pytest.raises(ValueError, match="at least 0"):
        angular_basis(Representation.trivial(PointGroup.so2()), Representation.trivial(PointGroup.so2()), -1)
