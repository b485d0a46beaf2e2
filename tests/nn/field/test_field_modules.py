"""Norm, activation and pooling: equivariant with random parameters, on lattices and on nodes."""

import pytest
import torch

from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, vectors
from pyg_liesym.nn.field.field_activation import FieldActivation
from pyg_liesym.nn.field.field_norm import FieldNorm
from pyg_liesym.nn.field.group_pool import GroupPool
from pyg_liesym.testing.equivariance import assert_equivariant, assert_invariant, randomize_parameters

D4, SO2 = PointGroup.dihedral(4), PointGroup.so2()


def kind(group):
    parts = [(Representation.trivial(group), 2), (Representation.vector(group), 3)]
    if group.order is None:
        return FieldType([*parts, (Representation.irrep(group, 2), 1)])
    return FieldType([*parts, (Representation.regular(group), 2), (Representation.irrep(group, 0, odd=True), 1)])


@pytest.mark.parametrize("group", [D4, SO2], ids=repr)
@pytest.mark.parametrize("build", [FieldNorm, FieldActivation, GroupPool])
@pytest.mark.parametrize("shape", [(20,), (3, 4, 5)])
def test_equivariance(group, build, shape):
    fields = kind(group)
    module = randomize_parameters(build(fields).double())
    value = torch.randn(shape[0], fields.channels, *shape[1:], dtype=torch.float64)
    value[0] = 0
    sample = group.averaging(4)
    for training in (False, True):
        module.train(training)
        for angle, reflected in zip(sample.angles(), sample.reflected(), strict=True):
            act = lambda f: fields.act(f, float(angle), reflected=bool(reflected))  # noqa: B023, E731
            if build is GroupPool:
                assert_invariant(module, [value], [act])
            else:
                assert_equivariant(module, [value], [act], [act])


def test_a_norm_makes_lengths_one_and_remembers_them():
    fields = kind(D4)
    norm = FieldNorm(fields, momentum=1.0)
    value = 3 + 5 * torch.randn(64, fields.channels, 4, 4)
    out = norm(value)
    power = out.square().mean((0, 2, 3))
    owner = norm.owner
    per_field = torch.zeros(len(norm.weight)).index_add(0, owner, power) / owner.bincount()
    torch.testing.assert_close(per_field, torch.ones_like(per_field), atol=1e-3, rtol=0)
    assert out[:, :2].mean((0, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(norm.eval()(value), out, atol=1e-4, rtol=1e-4)
    norm.reset_parameters()
    assert norm.power.eq(1).all()


def test_zero_fields_have_finite_gradients():
    for module in (FieldActivation(kind(D4)), GroupPool(kind(D4)), FieldNorm(kind(D4))):
        value = torch.zeros(4, kind(D4).channels, requires_grad=True)
        module(value).sum().backward()
        assert value.grad.isfinite().all()


def test_pooling():
    value = torch.tensor([[1.0, 4.0, 2.0, 3.0, 3.0, 4.0]])
    c4 = PointGroup.cyclic(4)
    fields = FieldType([*regulars(c4, 1), *vectors(c4, 1)])
    assert GroupPool(fields)(value).tolist() == [[4.0, 5.0]]
    assert GroupPool(fields, reduce="mean")(value).tolist() == [[2.5, 5.0]]
    with pytest.raises(ValueError, match="reduce"):
        GroupPool(fields, reduce="sum")


def test_other_channels_are_refused():
    for build in (FieldNorm, FieldActivation, GroupPool):
        with pytest.raises(ValueError, match="channels"):
            build(kind(SO2))(torch.ones(2, 3))
        assert "3 x vector" in repr(build(kind(SO2)))


@pytest.mark.parametrize("fields", [vectors(D4, 2), kind(D4)], ids=["no invariant field", "some"])
def test_each_parameter_of_a_norm_has_a_gradient_as_several_processes_ask(fields):
    norm = FieldNorm(fields)
    norm(torch.randn(5, fields.channels)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in norm.parameters())
