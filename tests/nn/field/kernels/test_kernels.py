"""Laws of the kernels themselves: they start strict, say how far they went, and come back."""

import copy

import pytest
import torch

from pyg_liesym.field.offset_basis import RingBasis, StencilBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars, vectors
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.group_conv2d import GroupConv2d
from pyg_liesym.nn.field.kernels.group_kernel import GroupKernel
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.field.riesz_conv2d import RieszConv2d
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.field.steerable_conv2d import SteerableConv2d
from pyg_liesym.testing.equivariance import randomize_parameters

C4, D4, C8, SO2 = PointGroup.cyclic(4), PointGroup.dihedral(4), PointGroup.cyclic(8), PointGroup.so2()
LATTICE = StencilBasis(stencil(3))


def mixed(group):
    parts = [(Representation.trivial(group), 2), (Representation.vector(group), 1)]
    return FieldType(parts if group.order is None else [*parts, (Representation.regular(group), 1)])


def rings(relaxed):
    return RingBasis.up_to(1.5, count=3, max_frequency=4, relaxed_frequency=relaxed)


def on_rings(group):
    return lambda relaxed: SteerableKernel(mixed(group), mixed(group), rings(2 * relaxed), 4, relaxed=relaxed)


KERNELS = [on_rings(C8), on_rings(SO2)]
KERNELS += [lambda relaxed: GroupKernel(regulars(C8, 2), regulars(C8, 1), rings(0), relaxed=relaxed)]
for each in (C4, D4):
    KERNELS += [
        lambda relaxed, group=each: SteerableKernel(mixed(group), mixed(group), LATTICE, 4, relaxed=relaxed),
        lambda relaxed, group=each: GroupKernel(scalars(group, 2), regulars(group, 3), LATTICE, relaxed=relaxed),
        lambda relaxed, group=each: GroupKernel(regulars(group, 2), regulars(group, 3), LATTICE, relaxed=relaxed),
    ]


def averaged(kernel):
    """The group average of the kernel, by summing over the group."""
    group = kernel.in_type.group.averaging(24)
    angles, reflected = group.angles(), group.reflected()
    total = 0
    for angle, mirror, matrix in zip(angles, reflected, group.matrices(), strict=True):
        blocks = []
        for kind in (kernel.out_type, kernel.in_type):
            blocks.append(
                kind.act(torch.eye(kind.channels, dtype=torch.float64), float(angle), reflected=bool(mirror)).mT
            )
        turned = torch.einsum("pab,pq->qab", kernel.matrices(), kernel.basis.moved(matrix))
        total = total + blocks[0].mT @ turned @ blocks[1]
    return total / group.size


@pytest.mark.parametrize("kernel_of", KERNELS)
def test_strict_matrices_are_the_group_average(kernel_of):
    kernel = randomize_parameters(kernel_of(relaxed=True).double())
    torch.testing.assert_close(kernel.strict_matrices(), averaged(kernel))
    assert (kernel.matrices() - kernel.strict_matrices()).norm() > 0.1
    strict = randomize_parameters(kernel_of(relaxed=False).double())
    torch.testing.assert_close(strict.matrices(), averaged(strict))
    assert strict.relaxation() == 0


@pytest.mark.parametrize("kernel_of", KERNELS)
def test_relaxation_is_zero_at_first_then_not_and_again_after_make_strict(kernel_of):
    kernel = kernel_of(relaxed=True).double()
    assert kernel.relaxation() < 1e-12
    assert kernel.matrices().norm() > 0.1
    randomize_parameters(kernel)
    # ‖K − K̄‖ / ‖K‖ with norms by an integral over the plane, or a sum over the stencil.
    if isinstance(kernel.basis, StencilBasis):
        values, mean = kernel.matrices(), averaged(kernel)
    else:
        places = torch.cartesian_prod(*[torch.linspace(-5, 5, 201, dtype=torch.float64)] * 2)
        values, mean = (
            torch.einsum("ep,pab->eab", kernel.basis(places), m) for m in (kernel.matrices(), averaged(kernel))
        )
    expected = (values - mean).norm() / values.norm()
    torch.testing.assert_close(kernel.relaxation(), expected.detach(), rtol=1e-3, atol=0)
    torch.testing.assert_close(kernel.relaxation_penalty(), kernel.relaxation() ** 2)
    before = kernel.strict_matrices().detach().clone()
    kernel.make_strict()
    assert kernel.relaxation() < 1e-12
    torch.testing.assert_close(kernel.matrices(), before)


def test_the_penalty_pulls_a_kernel_back():
    kernel = randomize_parameters(SteerableKernel(mixed(C4), mixed(C4), LATTICE, 4, relaxed=True))
    optimizer = torch.optim.Adam(kernel.parameters(), lr=0.05)
    start = kernel.relaxation()
    for _ in range(60):
        optimizer.zero_grad()
        kernel.relaxation_penalty().backward()
        optimizer.step()
    assert kernel.relaxation() < 0.2 * start


def test_a_fresh_kernel_keeps_the_size_of_white_fields():
    torch.manual_seed(0)
    for kernel in (
        SteerableKernel(scalars(C4, 16), vectors(C4, 16), StencilBasis(stencil(5)), 4, relaxed=True),
        GroupKernel(regulars(C4, 8), regulars(C4, 8), StencilBasis(stencil(5)), relaxed=True, num_banks=4),
    ):
        gain = kernel.matrices().square().sum() / kernel.out_type.channels
        assert 0.7 < gain < 1.4


def test_double_precision_is_not_rounded_single_precision():
    kernel = SteerableKernel(mixed(C8), mixed(C8), rings(0), 4).float().double()
    torch.testing.assert_close(kernel.matrices(), averaged(kernel), rtol=1e-12, atol=1e-12)


def test_a_state_dict_goes_round():
    first, second = (SteerableKernel(mixed(D4), mixed(D4), LATTICE, 4, relaxed=True) for _ in range(2))
    second.load_state_dict(first.state_dict())
    assert second.matrices().equal(first.matrices())
    assert copy.deepcopy(first).matrices().equal(first.matrices())
    assert set(first.state_dict()) == {f"weights.{i}" for i in range(9)}


def test_what_is_refused():
    with pytest.raises(ValueError, match="one group"):
        SteerableKernel(scalars(C4, 1), scalars(D4, 1), LATTICE, 1)
    with pytest.raises(ValueError, match="no kernel"):
        SteerableKernel(scalars(SO2, 1), FieldType([(Representation.irrep(SO2, 3), 1)]), LATTICE, 2)
    with pytest.raises(ValueError, match="takes scalars or regular fields"):
        GroupKernel(vectors(C4, 1), regulars(C4, 1), LATTICE)
    with pytest.raises(ValueError, match="takes scalars or regular fields"):
        GroupKernel(FieldType([(Representation.irrep(D4, 0, odd=True), 1)]), regulars(D4, 1), LATTICE)
    with pytest.raises(ValueError, match="num_banks"):
        GroupKernel(scalars(C4, 1), regulars(C4, 1), LATTICE, relaxed=True, num_banks=0)
    with pytest.raises(ValueError, match="quarter turns"):
        GroupKernel(scalars(C8, 1), regulars(C8, 1), LATTICE)


@pytest.mark.parametrize("relaxed", [False, True])
def test_names_of_weights_are_those_of_saved_networks(relaxed):
    layers = {
        SteerableConv2d(scalars(C4, 1), regulars(C4, 1), 3, relaxed=relaxed): {"kernel.weights.0", "bias.weight"},
        GroupConv2d(scalars(C4, 1), regulars(C4, 1), 3, relaxed=relaxed): {"kernel.filters", "bias.weight"},
        ScaleConv2d(1, 1, 3, (1.0, 2.0), relaxed=relaxed): {"kernel.weight", "bias"},
        RieszConv2d(1, 1, relaxed=relaxed): {"kernel.weight", "bias"},
    }
    for layer, names in layers.items():
        mixing = {"kernel.mixing"} if relaxed and not isinstance(layer, SteerableConv2d) else set()
        assert set(layer.state_dict()) == names | mixing


def test_a_strict_kernel_reads_no_number_of_banks():
    assert len(GroupKernel(scalars(C4, 1), regulars(C4, 1), LATTICE, num_banks=7).filters) == 1
    with pytest.raises(ValueError, match="at least one filter bank, got num_banks=0"):
        GroupKernel(scalars(C4, 1), regulars(C4, 1), LATTICE, relaxed=True, num_banks=0)
    with pytest.raises(ValueError, match="at least one filter bank, got num_banks=0"):
        ScaleConv2d(1, 1, 3, (1.0, 2.0), relaxed=True, num_banks=0)
