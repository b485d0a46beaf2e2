"""Laws of the layers on lattices: exact for quarter turns and reflections, broken by relaxation."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from pyg_liesym.field.action import quarter_turn, reflect
from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars, vectors
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.group_conv2d import GroupConv2d
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.field.steerable_conv2d import SteerableConv2d
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

C2, C4, D4, C8, O2 = (
    PointGroup.cyclic(2), PointGroup.cyclic(4), PointGroup.dihedral(4), PointGroup.cyclic(8), PointGroup.o2(),
)  # fmt: skip


def mixed(group):
    parts = [(Representation.vector(group), 2), (Representation.trivial(group), 1)]
    return FieldType(parts if group.order is None else [*parts, (Representation.regular(group), 1)])


STRICT = [
    *(SteerableConv2d(mixed(group), mixed(group), 5) for group in (C2, C4, D4, C8, O2)),
    *(GroupConv2d(scalars(group, 2), regulars(group, 2), 3) for group in (C2, C4, D4, C8)),
    *(GroupConv2d(regulars(group, 2), regulars(group, 1), 3) for group in (C4, D4, C8)),
]
RELAXED = [
    *(SteerableConv2d(mixed(group), mixed(group), 3, relaxed=True) for group in (C2, C4, D4, C8, O2)),
    *(GroupConv2d(scalars(group, 2), regulars(group, 2), 3, relaxed=True) for group in (C4, D4, C8)),
    *(GroupConv2d(regulars(group, 2), regulars(group, 1), 3, relaxed=True) for group in (C4, D4, C8)),
]


def fresh(layer, seed=0):
    randomize_parameters(layer.double(), generator=torch.Generator().manual_seed(seed))
    return layer


def actions(layer):
    """The elements of the layer's group that take a lattice to itself."""
    group, kinds = layer.kernel.in_type.group, (layer.kernel.in_type, layer.kernel.out_type)
    turns = [k for k in (1, 2, 3) if group.order is None or group.order * k % 4 == 0]
    found = [[lambda f, kind=kind, k=k: quarter_turn(f, kind, k) for kind in kinds] for k in turns]
    return found + ([[lambda f, kind=kind: reflect(f, kind) for kind in kinds]] if group.reflections else [])


def check(layer, padding="zeros", height=6, width=9):
    layer.padding = padding
    field = torch.randn(2, layer.kernel.in_type.channels, height, width, dtype=torch.float64)
    for action_in, action_out in actions(layer):
        assert_equivariant(layer, [field], [action_in], [action_out])


@pytest.mark.parametrize("layer", STRICT, ids=repr)
@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_strict_layers_are_equivariant_on_lattices_of_any_sides(layer, padding):
    check(fresh(layer), padding)
    check(layer, padding, 5, 5)


@pytest.mark.parametrize("layer", RELAXED, ids=repr)
def test_relaxed_layers_are_strict_at_first_and_after_make_strict_and_not_between(layer):
    layer.double().reset_parameters()
    check(layer)
    assert layer.relaxation() < 1e-12
    fresh(layer)
    with pytest.raises(AssertionError, match="not equivariant"):
        check(layer)
    assert layer.relaxation() > 0.1
    layer.make_strict()
    check(layer)
    assert layer.relaxation() < 1e-12


def test_a_relaxed_layer_can_be_any_convolution_of_scalars():
    layer = SteerableConv2d(scalars(C4, 1), scalars(C4, 1), 3, bias=False, relaxed=True).double()
    wanted = torch.randn(1, 1, 3, 3, dtype=torch.float64)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=100)

    def loss():
        optimizer.zero_grad()
        error = (layer.stencil_kernel() - wanted).square().sum()
        error.backward()
        return error

    optimizer.step(loss)
    field = torch.randn(1, 1, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(layer(field), conv2d(field, wanted, padding=1), atol=1e-6, rtol=0)


def test_a_group_convolution_is_the_sum_over_the_group():
    """The definition written out, element by element, for D4 on an asymmetric lattice."""
    lift = fresh(GroupConv2d(scalars(D4, 1), regulars(D4, 1), 3, num_banks=2, bias=False, relaxed=True))
    layer = fresh(GroupConv2d(regulars(D4, 1), regulars(D4, 1), 3, num_banks=2, bias=False, relaxed=True))
    field = torch.randn(1, 1, 5, 7, dtype=torch.float64)

    def turned(image, element):
        image = image.flip(-2) if element >= 4 else image
        return torch.rot90(image, element % 4, (-2, -1))

    def stencil_filter(layer, bank, relative):
        return layer.kernel.filters[bank, 0, 0, relative].view(3, 3)

    lifted = torch.cat([
        sum(
            lift.kernel.mixing[bank, g] * conv2d(field, turned(stencil_filter(lift, bank, 0), g)[None, None], padding=1)
            for bank in range(2)
        )
        for g in range(8)
    ], 1)  # fmt: skip
    torch.testing.assert_close(lift(field), lifted)
    products, inverses = D4.products(), D4.inverses()
    expected = torch.cat([
        sum(
            layer.kernel.mixing[bank, h]
            * conv2d(
                lifted[:, h : h + 1],
                turned(stencil_filter(layer, bank, products[inverses[g], h]), g)[None, None],
                padding=1,
            )
            for bank in range(2)
            for h in range(8)
        )
        for g in range(8)
    ], 1)  # fmt: skip
    torch.testing.assert_close(layer(lifted), expected)


def test_layers_stack_in_both_precisions_with_finite_gradients():
    group = C4
    net = nn.Sequential(
        SteerableConv2d(vectors(group, 1), regulars(group, 2), 3), nn.ReLU(),
        GroupConv2d(regulars(group, 2), regulars(group, 2), 3, relaxed=True), nn.ReLU(),
        SteerableConv2d(regulars(group, 2), vectors(group, 1), 3, relaxed=True),
    )  # fmt: skip
    for dtype in (torch.float32, torch.float64):
        net.to(dtype)
        field = torch.randn(2, 2, 6, 5, dtype=dtype, requires_grad=True)
        out = net(field)
        assert out.dtype == dtype
        assert out.shape == field.shape
        (out.square().mean() + sum(m.relaxation_penalty() for m in net if isinstance(m, FieldConv2d))).backward()
        assert field.grad.isfinite().all()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_two_layers_of_different_sizes_share_a_kernel():
    basis = RingBasis.up_to(1.5, count=2, max_frequency=2)
    kernel = SteerableKernel(scalars(C8, 1), vectors(C8, 1), basis, 2)
    layers = [FieldConv2d(kernel, size, spacing=spacing, bias=False) for size, spacing in ((3, 1.0), (5, 0.5))]
    for layer in layers:
        fresh(layer)
        check(layer)
        places = basis(stencil(layer.kernel_size, 1.0 if layer.kernel_size == 3 else 0.5))
        expected = torch.einsum("sp,poi->ois", places, kernel.matrices()).flatten(2)
        torch.testing.assert_close(layer.stencil_kernel().flatten(2), expected, rtol=1e-12, atol=1e-12)


def test_bias_goes_to_invariant_fields_alone():
    layer = SteerableConv2d(scalars(C4, 1), mixed(C4), 3)
    assert layer.bias.weight.numel() == 2
    nn.init.ones_(layer.bias.weight)
    assert layer.bias().tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_repr_and_what_is_refused():
    layer = SteerableConv2d(scalars(C4, 1), vectors(C4, 1), 3)
    assert repr(layer).startswith("SteerableConv2d(\n  kernel_size=3, padding='zeros'")
    with pytest.raises(ValueError, match=r"expected a field \[B, 1, H, W\] of 1 x trivial of C4, got \[1, 2, 3, 3\]"):
        layer(torch.ones(1, 2, 3, 3))
    with pytest.raises(ValueError, match="odd size"):
        SteerableConv2d(scalars(C4, 1), vectors(C4, 1), 4)
    with pytest.raises(ValueError, match="padding"):
        SteerableConv2d(scalars(C4, 1), vectors(C4, 1), 3, padding="reflect")
    with pytest.raises(ValueError, match="takes scalars or regular"):
        GroupConv2d(vectors(C4, 1), regulars(C4, 1), 3)
