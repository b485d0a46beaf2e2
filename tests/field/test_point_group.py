import pytest
import torch

from pyg_liesym.field.point_group import PointGroup

FINITE = [PointGroup.cyclic(1), PointGroup.cyclic(6), PointGroup.dihedral(1), PointGroup.dihedral(5)]


@pytest.mark.parametrize("group", FINITE, ids=repr)
def test_products_and_inverses_are_those_of_the_matrices(group):
    matrices, products = group.matrices(), group.products()
    torch.testing.assert_close(matrices[products], matrices[:, None] @ matrices)
    identity = torch.eye(2, dtype=torch.float64).expand(group.size, 2, 2)
    torch.testing.assert_close(matrices[group.inverses()] @ matrices, identity)
    assert products.sort(1).values.equal(torch.arange(group.size).expand(group.size, -1))


def test_an_average_over_a_continuous_group_is_exact_up_to_its_frequency():
    for group in (PointGroup.so2(), PointGroup.o2()):
        angles = group.averaging(5).angles()
        for frequency in range(1, 6):
            assert (frequency * angles).cos().mean().abs() < 1e-12


def test_what_a_continuous_group_has_not():
    with pytest.raises(ValueError, match="finite"):
        _ = PointGroup.so2().size
    with pytest.raises(ValueError, match="at least one rotation"):
        PointGroup.cyclic(0)
    assert [str(g) for g in (PointGroup.so2(), PointGroup.o2(), PointGroup.cyclic(8))] == ["SO(2)", "O(2)", "C8"]
