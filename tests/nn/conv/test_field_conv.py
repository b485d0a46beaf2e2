"""Laws of the layers on points: any element of the group, any angle; and the twin of the layers on lattices."""

import math

import pytest
import torch
from torch_geometric import EdgeIndex
from torch_geometric.nn import Sequential

from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.offset_basis import RingBasis, StencilBasis
from pyg_liesym.field.point_group import PointGroup, rotation
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars, vectors
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.conv.group_conv import GroupConv
from pyg_liesym.nn.conv.steerable_conv import SteerableConv
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.group_conv2d import GroupConv2d
from pyg_liesym.nn.field.steerable_conv2d import SteerableConv2d
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

C4, C8, D4, D3 = PointGroup.cyclic(4), PointGroup.cyclic(8), PointGroup.dihedral(4), PointGroup.dihedral(3)
SO2, O2 = PointGroup.so2(), PointGroup.o2()


def mixed(group):
    parts = [(Representation.vector(group), 2), (Representation.trivial(group), 1)]
    return FieldType(parts if group.order is None else [*parts, (Representation.regular(group), 1)])


def rings(relaxed=0):
    return RingBasis.up_to(2.0, count=3, max_frequency=4, relaxed_frequency=relaxed)


STRICT = [
    *(SteerableConv(mixed(group), mixed(group), rings(), max_frequency=4) for group in (SO2, O2, C8, D3)),
    SteerableConv(mixed(O2), mixed(O2), rings(), aggr="mean", flow="target_to_source"),
    GroupConv(scalars(C8, 2), regulars(C8, 2), rings()),
    GroupConv(regulars(D3, 2), regulars(D3, 1), rings()),
]
RELAXED = [
    *(
        SteerableConv(mixed(group), mixed(group), rings(2), max_frequency=4, relaxed=True)
        for group in (SO2, O2, C8, D3)
    ),
    GroupConv(scalars(C8, 2), regulars(C8, 2), rings(), relaxed=True),
    GroupConv(regulars(D3, 2), regulars(D3, 1), rings(), relaxed=True),
]


def fresh(layer, seed=0):
    randomize_parameters(layer.double(), generator=torch.Generator().manual_seed(seed))
    return layer


def points(count=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pos = torch.randn(count, 2, dtype=torch.float64, generator=generator)
    edge_index = torch.randint(count, (2, 4 * count), generator=generator)
    return pos, edge_index


def check(layer):
    pos, edge_index = points()
    x = torch.randn(9, layer.kernel.in_type.channels, dtype=torch.float64)
    group = layer.kernel.in_type.group
    sample = group.averaging(6)  # for a continuous group: angles of 2π/7
    for angle, reflected in zip(sample.angles(), sample.reflected(), strict=True):
        g = rotation(angle, reflected)
        act = [
            lambda f, kind=kind: kind.act(f, float(angle), reflected=bool(reflected))  # noqa: B023
            for kind in (layer.kernel.in_type, layer.kernel.out_type)
        ]
        moved = lambda r: r @ g.mT + 5.0  # noqa: B023, E731
        assert_equivariant(lambda x, pos: layer(x, pos, edge_index), [x, pos], [act[0], moved], [act[1]])


@pytest.mark.parametrize("layer", STRICT, ids=repr)
def test_strict_layers_are_equivariant_to_every_element_and_translations(layer):
    check(fresh(layer))


@pytest.mark.parametrize("layer", RELAXED, ids=repr)
def test_relaxed_layers_are_strict_at_first_and_after_make_strict_and_not_between(layer):
    layer.double().reset_parameters()
    check(layer)
    fresh(layer)
    with pytest.raises(AssertionError, match="not equivariant"):
        check(layer)
    assert layer.relaxation() > 0.1
    layer.make_strict()
    check(layer)


@pytest.mark.parametrize("layer", [STRICT[0], STRICT[4], RELAXED[0], RELAXED[5]], ids=repr)
def test_is_the_sum_over_edges_written_out(layer):
    fresh(layer)
    pos, edge_index = points()
    x = torch.randn(9, layer.kernel.in_type.channels, dtype=torch.float64, requires_grad=True)
    pos.requires_grad_()
    parameters = [*layer.parameters(), x, pos]
    weight = torch.randn(9, layer.kernel.out_type.channels, dtype=torch.float64)
    out = layer(x, pos, edge_index)
    grads = torch.autograd.grad((out * weight).sum(), parameters)
    source, target = edge_index if layer.flow == "source_to_target" else edge_index.flip(0)
    kernel = torch.einsum("ep,pab->eab", layer.kernel.basis(pos[source] - pos[target]), layer.kernel.matrices())
    rows = [
        sum((kernel[e] @ x[source[e]] for e in (target == i).nonzero()[:, 0]), torch.zeros_like(weight[0]))
        / (max(int((target == i).sum()), 1) if layer.mean else 1)
        for i in range(9)
    ]
    expected = torch.stack(rows) + layer.bias()
    torch.testing.assert_close(out, expected)
    for got, wanted in zip(grads, torch.autograd.grad((expected * weight).sum(), parameters), strict=True):
        torch.testing.assert_close(got, wanted)


def test_the_messages_made_one_by_one_give_the_same(monkeypatch):
    pos, edge_index = points()
    for layer in (RELAXED[2], STRICT[4]):
        fresh(layer)
        x = torch.randn(9, layer.kernel.in_type.channels, dtype=torch.float64)
        fused = layer(x, pos, edge_index)
        seen = []
        handle = layer.register_message_forward_hook(lambda module, inputs, out, seen=seen: seen.append(out))
        torch.testing.assert_close(layer(x, pos, edge_index), fused)
        handle.remove()
        assert seen[0].shape == (36, len(layer.kernel.basis) * x.size(1))


def test_a_subclass_with_another_message_is_heard():
    class Halved(FieldConv):
        def message(self, x_j, functions):
            return 0.5 * FieldConv.message(self, x_j, functions)

    pos, edge_index = points()
    layer = fresh(SteerableConv(scalars(SO2, 1), vectors(SO2, 1), rings(), bias=False))
    halved = Halved(layer.kernel, bias=False)
    x = torch.randn(9, 1, dtype=torch.float64)
    torch.testing.assert_close(halved(x, pos, edge_index), 0.5 * layer(x, pos, edge_index))
    torch.testing.assert_close(layer(x[None], pos, edge_index)[0], layer(x, pos, edge_index))
    with pytest.raises(ValueError, match="where messages are watched or made otherwise"):
        halved(x[None], pos, edge_index)


def test_tiles_of_any_size_give_the_same(monkeypatch):
    layer = fresh(RELAXED[0])
    pos, edge_index = points(50)
    edge_index[1, :60] = 7  # a hub
    x = torch.randn(50, layer.kernel.in_type.channels, dtype=torch.float64, requires_grad=True)
    results = []
    for room in (1, 5000, 1 << 30):
        monkeypatch.setattr("pyg_liesym.nn.message.edge_sums._CPU_ROOM", room)
        out = layer(x, pos, edge_index)
        results.append([out, *torch.autograd.grad(out.square().sum(), [x, *layer.parameters()])])
    for other in results[1:]:
        torch.testing.assert_close(other, results[0])


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(
    "layer",
    [
        SteerableConv2d(mixed(C4), mixed(C4), 5, relaxed=True),
        SteerableConv2d(mixed(D4), mixed(D4), 3, relaxed=True),
        GroupConv2d(regulars(D4, 1), regulars(D4, 2), 3, relaxed=True),
        GroupConv2d(scalars(C8, 1), regulars(C8, 2), 5, relaxed=True),
    ],
    ids=repr,
)
def test_the_twin_on_a_lattice_graph_with_the_same_weights(layer, periodic):
    fresh(layer)
    layer.padding = "circular" if periodic else "zeros"
    twin = FieldConv(layer.kernel).double()
    twin.bias = layer.bias
    lattice = Lattice(6, 9, periodic=periodic)
    edge_index, offset = lattice.edges(layer.kernel_size, torch.float64)
    field = torch.randn(1, layer.kernel.in_type.channels, 6, 9, dtype=torch.float64, requires_grad=True)
    on_grid = layer(field)
    on_graph = lattice.to_field(twin(lattice.to_nodes(field), None, edge_index, offset))
    torch.testing.assert_close(on_graph, on_grid, rtol=1e-10, atol=1e-10)
    weight = torch.randn_like(on_grid)
    parameters = [field, *layer.parameters()]
    grads = [torch.autograd.grad((out * weight).sum(), parameters) for out in (on_grid, on_graph)]
    torch.testing.assert_close(grads[1], grads[0], rtol=1e-10, atol=1e-10)


def test_twins_share_weights_by_name_too():
    grid = SteerableConv2d(mixed(C4), mixed(C4), 3, relaxed=True)
    graph = SteerableConv(mixed(C4), mixed(C4), StencilBasis(stencil(3)), relaxed=True)
    assert isinstance(grid, FieldConv2d)
    graph.load_state_dict(grid.state_dict())


def test_sorted_edge_index_and_edge_offset():
    layer = fresh(RELAXED[0])
    pos, edge_index = points()
    x = torch.randn(9, layer.kernel.in_type.channels, dtype=torch.float64)
    expected = layer(x, pos, edge_index)
    edges, _ = EdgeIndex(edge_index, sparse_size=(9, 9)).sort_by("col")
    torch.testing.assert_close(layer(x, pos, edges), expected)
    offset = pos[edge_index[0]] - pos[edge_index[1]]
    torch.testing.assert_close(layer(x, None, edge_index, offset), expected)


def test_no_edges_one_node_and_coincident_points():
    layer = fresh(SteerableConv(mixed(SO2), mixed(SO2), rings()))
    x = torch.randn(2, 5, dtype=torch.float64)
    none = torch.empty(2, 0, dtype=torch.long)
    assert layer(x, torch.zeros(2, 2, dtype=torch.float64), none).equal(layer.bias().expand(2, -1))
    pos = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    layer(x, pos, torch.tensor([[0, 1, 0], [1, 0, 0]])).square().sum().backward()
    assert pos.grad.isfinite().all()


def test_in_sequential():
    net = Sequential("x, pos, edge_index", [
        (SteerableConv(scalars(SO2, 2), vectors(SO2, 3), rings()), "x, pos, edge_index -> x"),
        (SteerableConv(vectors(SO2, 3), scalars(SO2, 1), rings(2), relaxed=True), "x, pos, edge_index -> x"),
    ])  # fmt: skip
    pos, edge_index = points()
    x = torch.randn(9, 2)
    out = net(x, pos.float(), edge_index)
    assert out.shape == (9, 1)
    out.sum().backward()


def test_repr_and_what_is_refused():
    layer = SteerableConv(scalars(SO2, 2), vectors(SO2, 3), rings())
    assert repr(layer) == "SteerableConv(2 x trivial of SO(2) -> 3 x vector of SO(2))"
    pos, edge_index = points()
    with pytest.raises(ValueError, match=r"expected `x` \[N, 2\]"):
        layer(torch.ones(9, 3), pos, edge_index)
    with pytest.raises(ValueError, match=r"expected `pos` \[9, 2\], got \[9, 3\]"):
        layer(torch.ones(9, 2), torch.ones(9, 3), edge_index)
    with pytest.raises(ValueError, match="edge_offset"):
        layer(torch.ones(9, 2), None, edge_index, torch.ones(3, 2))
    with pytest.raises(ValueError, match="expected `edge_index`"):
        layer(torch.ones(9, 2), pos, None)
    with pytest.raises(ValueError, match="aggr"):
        SteerableConv(scalars(SO2, 2), vectors(SO2, 3), rings(), aggr="max")
    assert math.isclose(float(layer.relaxation()), 0.0)
