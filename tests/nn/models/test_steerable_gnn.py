"""Networks of steerable convolutions: equivariant if strict, invariant with a readout, free without a group."""

import pytest
import torch

from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup, rotation
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars, vectors
from pyg_liesym.nn.message.neighbours import nearest_neighbours
from pyg_liesym.nn.models.steerable_gnn import SteerableGNN
from pyg_liesym.nn.relaxable import make_strict, relaxation, relaxation_penalty
from pyg_liesym.testing import equivariance
from pyg_liesym.testing.equivariance import assert_equivariant, assert_invariant

C8, SO2, C1 = PointGroup.cyclic(8), PointGroup.so2(), PointGroup.cyclic(1)


def flow(group):
    return FieldType([(Representation.trivial(group), 1), (Representation.vector(group), 1)])


def hidden(group):
    if group.order is None:
        return FieldType([(Representation.irrep(group, k), 2) for k in range(3)])
    return regulars(group, 3)


def randomize_parameters(model):
    return equivariance.randomize_parameters(model, generator=torch.Generator().manual_seed(0))


def build(group, readout=None, relaxed=False, **kwargs):
    basis = RingBasis.up_to(1.5, count=2, max_frequency=2, relaxed_frequency=1)
    out = scalars(group, 2) if readout else vectors(group, 1)
    arguments = {"basis": basis, "max_frequency": 2, "relaxed": relaxed, "readout": readout, "num_layers": 2}
    torch.manual_seed(0)
    return SteerableGNN(flow(group), hidden(group), out, **{**arguments, **kwargs}).double()


def cloud(count=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x, pos = (torch.randn(count, d, dtype=torch.float64, generator=generator) for d in (3, 2))
    own = torch.arange(count)
    edges = torch.cat([nearest_neighbours(pos, 4).edge_index, torch.stack([own, own])], 1)
    return x, pos, edges


def law(model, angle):
    x, pos, edges = cloud()
    kind = model.convs[0].kernel.in_type
    turn = rotation(torch.tensor(angle, dtype=torch.float64))
    inputs, actions = [x, pos], [lambda f: kind.act(f, angle), turn]
    assert model(x, pos, edges).abs().max() > 1e-4
    if model.readout:
        assert_invariant(lambda x, p: model(x, p, edges), inputs, actions)
    else:
        assert_equivariant(lambda x, p: model(x, p, edges), inputs, actions, [turn])


@pytest.mark.parametrize(("group", "angle"), [(C8, torch.pi / 4), (SO2, 1.234)], ids=["C8", "SO(2)"])
@pytest.mark.parametrize("readout", [None, "mean", "max"])
def test_strict_at_first_and_after_make_strict_and_not_between(group, angle, readout):
    law(randomize_parameters(build(group, readout)), angle)
    relaxed = build(group, readout, relaxed=True).train()
    law(relaxed, angle)
    assert relaxation(relaxed) == 0
    randomize_parameters(relaxed)
    with pytest.raises(AssertionError, match="not equivariant"):
        law(relaxed, angle)
    assert relaxation(relaxed) > 0.1
    torch.testing.assert_close(relaxation_penalty(relaxed).detach(), relaxation(relaxed) ** 2)
    make_strict(relaxed)
    assert relaxation(relaxed) == 0
    law(relaxed, angle)


def test_the_free_twin_obeys_nothing_but_translations():
    model = randomize_parameters(build(C1))
    with pytest.raises(AssertionError, match="not equivariant"):
        law(model, torch.pi / 4)
    x, pos, edges = cloud()
    torch.testing.assert_close(model(x, pos + 7, edges), model(x, pos, edges))
    assert relaxation(model) == 0


def test_repr():
    text = "SteerableGNN(1 x trivial + 1 x vector of C8 -> 1 x vector of C8, num_layers=2, relaxed)"
    assert repr(build(C8, relaxed=True)) == text


def test_what_is_refused():
    with pytest.raises(ValueError, match="at least one layer"):
        build(C8, num_layers=0)
    with pytest.raises(ValueError, match="'mean', 'sum', 'max' or None"):
        build(C8, readout="median")
    with pytest.raises(ValueError, match="must be scalars"):
        SteerableGNN(
            flow(C8), hidden(C8), vectors(C8, 1), 1, basis=RingBasis.up_to(1.0, count=2, max_frequency=1),
            max_frequency=1, readout="mean",
        )  # fmt: skip


@pytest.mark.parametrize("readout", [None, "max"])
def test_a_sum_counts_neighbours_and_a_mean_does_not(readout):
    x, pos, edges = cloud()
    twice = torch.cat([edges, edges], 1)
    for aggr, kept in (("mean", True), ("sum", False)):
        model = build(C8, readout, aggr=aggr)
        randomize_parameters(model)
        model.eval()
        law(model, torch.pi / 4)
        assert torch.allclose(model(x, pos, edges), model(x, pos, twice)) == kept


def test_the_head_is_as_wide_as_asked():
    x, pos, edges = cloud()
    for channels, width in ((None, 3), (32, 32)):
        model = build(C8, "max", head_channels=channels)
        assert model.head[0].out_features == width
        assert model(x, pos, edges).shape == (1, 2)


@pytest.mark.parametrize("readout", [None, "max"])
@pytest.mark.parametrize("aggr", ["mean", "sum"])
def test_many_fields_on_the_same_points_are_a_batch_of_copies(readout, aggr):
    x, pos, edges = cloud()
    fields = torch.randn(3, *x.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    copies = torch.cat([edges + number * len(pos) for number in range(3)], 1)
    batch = torch.arange(3).repeat_interleave(len(pos))
    found = []
    for own in (
        lambda model: model(fields, pos, edges),
        lambda model: model(fields.flatten(0, 1), pos.repeat(3, 1), copies, batch=batch),
    ):
        model = build(C8, readout, relaxed=True, aggr=aggr)
        randomize_parameters(model)
        out = own(model)
        out.square().sum().backward()
        found.append([out.detach().flatten(0, -2), *(p.grad for p in model.parameters())])
    assert found[0][0].abs().max() > 1e-3
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
