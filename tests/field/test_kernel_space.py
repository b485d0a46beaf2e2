"""Kernels on stencils and rings: dimensions, the constraint, and the group average of the relaxed ones."""

import pytest
import torch

from pyg_liesym.field.kernel_space import KernelSpace
from pyg_liesym.field.offset_basis import RingBasis, StencilBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import Representation
from pyg_liesym.field.stencil import orbits, stencil

ON_LATTICES = [PointGroup.cyclic(1), PointGroup.cyclic(2), PointGroup.cyclic(4), PointGroup.dihedral(4)]
GROUPS = [*ON_LATTICES, PointGroup.cyclic(8), PointGroup.so2(), PointGroup.o2()]


def representations(group):
    reps = [Representation.trivial(group), Representation.vector(group)]
    return reps if group.order is None else [*reps, Representation.regular(group)]


def by_orbits(rep_in, rep_out, offsets):
    """The known dimension on a stencil: for each orbit, the maps that its stabiliser leaves alone."""
    group = rep_in.group
    rho_in, rho_out = rep_in.own_matrices(), rep_out.own_matrices()
    number, total = orbits(offsets, group), 0
    for orbit in number.unique():
        place = offsets[number == orbit][0]
        still = ((group.matrices() @ place) - place).norm(dim=1) < 1e-9
        traces = rho_in[still].diagonal(0, 1, 2).sum(1) * rho_out[still].diagonal(0, 1, 2).sum(1)
        total += round(float(traces.mean()))
    return total


@pytest.mark.parametrize("group", ON_LATTICES, ids=repr)
@pytest.mark.parametrize("size", [3, 5])
def test_strict_kernels_on_a_stencil_have_the_known_dimension(group, size):
    for rep_in in representations(group):
        for rep_out in representations(group):
            space = KernelSpace(rep_in, rep_out, StencilBasis(stencil(size)), 8)
            assert len(space) == by_orbits(rep_in, rep_out, stencil(size)), (rep_in, rep_out)
            assert space.invariant.all()


@pytest.mark.parametrize(
    ("group", "kind"),
    [(group, "rings") for group in GROUPS] + [(group, "stencil") for group in ON_LATTICES],
)
def test_the_group_average_keeps_the_invariant_elements_and_nothing_else(group, kind):
    basis = (
        StencilBasis(stencil(5))
        if kind == "stencil"
        else RingBasis.up_to(2.0, count=3, max_frequency=3, relaxed_frequency=2)
    )
    elements = group.averaging(16)
    turns = [basis.moved(matrix) for matrix in elements.matrices()]
    for rep_in in representations(group):
        for rep_out in representations(group):
            space = KernelSpace(rep_in, rep_out, basis, 3, relaxed=True)
            rho_in = rep_in.matrices(elements.angles(), elements.reflected())
            rho_out = rep_out.matrices(elements.angles(), elements.reflected())
            average = sum(
                torch.einsum("xa,npxy,pq,yb->nqab", b, space.elements, turn, a)
                for a, b, turn in zip(rho_in, rho_out, turns, strict=True)
            )
            expected = space.elements * space.invariant[:, None, None, None]
            torch.testing.assert_close(average / elements.size, expected)
            # Something is there to be relaxed, except without a symmetry.
            assert space.invariant.all() == (group.size == 1 if group.order is not None else False)


def test_relaxed_scalars_span_all_kernels_on_a_stencil():
    scalar = Representation.trivial(PointGroup.dihedral(4))
    space = KernelSpace(scalar, scalar, StencilBasis(stencil(5)), 0, relaxed=True)
    assert torch.linalg.matrix_rank(space.elements.flatten(1)) == 25


def test_elements_have_norm_one():
    c4 = PointGroup.cyclic(4)
    basis = RingBasis.up_to(2.0, count=3, max_frequency=2, relaxed_frequency=1)
    space = KernelSpace(Representation.vector(c4), Representation.vector(c4), basis, 2, relaxed=True)
    places = torch.cartesian_prod(*[torch.linspace(-6, 6, 601, dtype=torch.float64)] * 2)
    values = torch.einsum("apoi,ep->eaoi", space.elements, basis(places))
    norms = values.square().sum((0, 2, 3)) * (12 / 600) ** 2
    torch.testing.assert_close(norms, torch.ones(len(space), dtype=torch.float64), atol=1e-3, rtol=0)
