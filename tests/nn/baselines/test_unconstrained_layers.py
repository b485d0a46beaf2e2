"""The layers of the baselines: locally connected, residual pathways, any linear map."""

import pytest
import torch
from torch.nn.functional import conv2d, pad

from pyg_liesym.field.action import quarter_turn, reflect
from pyg_liesym.field.group_average import group_average
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, vectors
from pyg_liesym.nn.baselines.lattice_linear import LatticeLinear
from pyg_liesym.nn.baselines.locally_connected_conv2d import LocallyConnectedConv2d
from pyg_liesym.nn.baselines.plain_conv2d import PlainConv2d
from pyg_liesym.nn.baselines.residual_pathway import ResidualPathway
from pyg_liesym.nn.field.steerable_conv2d import SteerableConv2d
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

C1, C2, C4, D4 = PointGroup.cyclic(1), PointGroup.cyclic(2), PointGroup.cyclic(4), PointGroup.dihedral(4)


def mixed(group):
    return FieldType([(Representation.vector(group), 1), (Representation.regular(group), 1)])


@pytest.mark.parametrize("group", [C1, C2, C4, D4], ids=repr)
def test_the_group_average_is_a_projection_onto_equivariant_kernels(group):
    before, after = mixed(group), FieldType([*mixed(group), (Representation.trivial(group), 1)])
    kernel = torch.randn(after.channels, before.channels, 3, 3, dtype=torch.float64)
    average = group_average(kernel, before, after)
    torch.testing.assert_close(group_average(average, before, after), average)
    field = torch.randn(1, before.channels, 5, 6, dtype=torch.float64)

    def layer(f):
        return conv2d(f, average, padding=1)

    for k in [k for k in (1, 2, 3) if group.rotations * k % 4 == 0]:
        turns = [lambda f, kind=kind, k=k: quarter_turn(f, kind, k) for kind in (before, after)]
        assert_equivariant(layer, [field], turns[:1], turns[1:])
    if group.reflections:
        flips = [lambda f, kind=kind: reflect(f, kind) for kind in (before, after)]
        assert_equivariant(layer, [field], flips[:1], flips[1:])


def test_the_group_average_agrees_with_that_of_a_relaxed_kernel():
    layer = randomize_parameters(SteerableConv2d(mixed(C4), mixed(C4), 3, relaxed=True).double())
    average = group_average(layer.stencil_kernel(), mixed(C4), mixed(C4))
    layer.make_strict()
    torch.testing.assert_close(layer.stencil_kernel(), average)


def test_locally_connected_layers_apply_the_kernel_of_each_place():
    layer = LocallyConnectedConv2d(vectors(C4, 1), regulars(C4, 1), 3, (4, 5)).double()
    torch.manual_seed(0)  # the basis comes rounded to single precision, and some draws pass the tolerance
    layer.reset_parameters()
    field = torch.randn(2, 2, 4, 5, dtype=torch.float64)
    strict = layer.strict_kernel()
    torch.testing.assert_close(layer(field), conv2d(field, strict, padding=1))
    assert layer.relaxation() < 1e-7
    randomize_parameters(layer)
    padded = pad(field, (1, 1, 1, 1))
    expected = torch.stack([
        torch.stack([
            torch.einsum("oikl,bikl->bo", layer.weight[r, c], padded[:, :, r : r + 3, c : c + 3]) for c in range(5)
        ], -1)
        for r in range(4)
    ], -2)  # fmt: skip
    torch.testing.assert_close(layer(field), expected + layer.bias()[:, None, None])
    mean = group_average(layer.weight.mean((0, 1)), layer.in_type, layer.out_type)
    distance = (layer.weight - mean).norm() / layer.weight.norm()
    torch.testing.assert_close(layer.relaxation(), distance.detach())
    layer.make_strict()
    torch.testing.assert_close(layer(field), conv2d(field, mean, padding=1) + layer.bias()[:, None, None])
    with pytest.raises(ValueError, match=r"expected a field \[B, 2, 4, 5\]"):
        layer(field[:, :, :3])
    with pytest.raises(ValueError, match="odd size"):
        LocallyConnectedConv2d(vectors(C4, 1), regulars(C4, 1), 4, (4, 5))


def test_a_lattice_linear_layer_is_its_matrix():
    layer = LatticeLinear(2, 3, (4, 5), rank=2).double()
    assert layer.power() == 0
    randomize_parameters(layer)
    field = torch.randn(6, 2, 4, 5, dtype=torch.float64)
    matrix = layer.up @ layer.down
    torch.testing.assert_close(layer(field).flatten(1), field.flatten(1) @ matrix.mT)
    torch.testing.assert_close(layer.power(), matrix.square().sum() / 20)
    with pytest.raises(ValueError, match="positive rank"):
        LatticeLinear(1, 1, (2, 2), 0)


@pytest.mark.parametrize("free", ["conv", "dense"])
def test_residual_pathways_add_up(free):
    strict = SteerableConv2d(vectors(C4, 1), regulars(C4, 1), 3)
    other = PlainConv2d(2, 4, 3) if free == "conv" else LatticeLinear(2, 4, (5, 5), 1)
    path = ResidualPathway(strict, other).double()
    field = torch.randn(2, 2, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(path(field), strict(field))
    (path(field).sum() + path.relaxation_penalty()).backward()
    assert path.relaxation() == 0
    randomize_parameters(path)
    torch.testing.assert_close(path(field), strict(field) + other(field))
    assert 0 < path.relaxation() < 1
    path.make_strict()
    torch.testing.assert_close(path(field), strict(field))
