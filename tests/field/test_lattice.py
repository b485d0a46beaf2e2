import pytest
import torch

from pyg_liesym.field.lattice import Lattice


@pytest.mark.parametrize("periodic", [False, True])
def test_edges_and_offsets_agree_with_positions(periodic):
    lattice = Lattice(4, 6, spacing=(0.5, 2.0), origin=(1.0, -3.0), periodic=periodic)
    (source, target), offset = lattice.edges(3, torch.float64)
    pos = lattice.positions(torch.float64)
    difference = pos[source] - pos[target] - offset
    if periodic:
        period = torch.tensor([6 * 0.5, 4 * 2.0], dtype=torch.float64)
        difference = difference - (difference / period).round() * period
        assert len(source) == 9 * 24
    else:
        assert len(source) == (3 * 4 - 2) * (3 * 6 - 2)
    assert difference.abs().max() < 1e-12
    assert (target.diff() >= 0).all()


def test_fields_and_nodes_are_the_same_numbers():
    lattice = Lattice(3, 5)
    field = torch.randn(2, 4, 3, 5)
    nodes = lattice.to_nodes(field)
    assert nodes[15 + 2 * 5 + 3].equal(field[1, :, 2, 3])
    assert lattice.to_field(nodes).equal(field)


def test_what_is_refused():
    with pytest.raises(ValueError, match="positive"):
        Lattice(0, 3)
    with pytest.raises(ValueError, match="odd size"):
        Lattice(3, 3).edges(2)
    with pytest.raises(ValueError, match="meets itself"):
        Lattice(3, 8, periodic=True).edges(5)
    with pytest.raises(ValueError, match="expected a field"):
        Lattice(3, 5).to_nodes(torch.ones(1, 1, 5, 3))
    with pytest.raises(ValueError, match="whole lattices"):
        Lattice(3, 5).to_field(torch.ones(16, 1))
