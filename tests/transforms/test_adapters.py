"""Round trips between lattices, graphs, meshes and images."""

import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_liesym.transforms.graph_to_grid import GraphToGrid
from pyg_liesym.transforms.grid_to_graph import GridToGraph
from pyg_liesym.transforms.grid_to_particles import GridToParticles
from pyg_liesym.transforms.mesh_to_graph import MeshToGraph
from pyg_liesym.transforms.particles_to_grid import ParticlesToGrid


@pytest.mark.parametrize("periodic", [False, True])
def test_a_lattice_goes_round_with_units_and_spacing(periodic):
    field, target = torch.randn(3, 4, 7), torch.randn(2, 4, 7)
    transform = GridToGraph(3, spacing=(0.25, 0.5), origin=(10.0, -3.0), periodic=periodic)
    graph = transform(Data(x=field, y=target, time=torch.tensor([1.5])))
    assert graph.x.shape == (28, 3)
    assert graph.pos.amin(0).tolist() == [10.0, -3.0]
    assert graph.pos.amax(0).tolist() == [11.5, -1.5]
    assert graph.num_edges == (28 * 9 if periodic else (3 * 4 - 2) * (3 * 7 - 2))
    back = GraphToGrid()(graph.clone())
    assert back.x.equal(field)
    assert back.y.equal(target)
    assert back.time == 1.5


def test_a_batch_goes_round_whatever_the_order_of_its_nodes():
    fields = torch.randn(5, 2, 4, 3)
    batch = Batch.from_data_list([GridToGraph(spacing=(0.1, 0.1))(Data(x=field)) for field in fields])
    assert GraphToGrid()(batch.clone()).x.equal(fields)
    order = torch.cat([torch.randperm(12) + 12 * g for g in range(5)])
    mixed = batch.clone()
    mixed.x, mixed.pos = batch.x[order], batch.pos[order]
    assert GraphToGrid()(mixed).x.equal(fields)


def test_what_a_lattice_refuses():
    with pytest.raises(ValueError, match=r"expected fields \[C, H, W\] of one height"):
        GridToGraph()(Data(x=torch.ones(1, 2, 3), y=torch.ones(1, 3, 3)))
    with pytest.raises(ValueError, match="expected fields"):
        GridToGraph()(Data(x=torch.ones(4, 3)))
    graph = GridToGraph()(Data(x=torch.ones(1, 2, 3)))
    with pytest.raises(ValueError, match="lattice_size"):
        GraphToGrid()(Data(x=graph.x, pos=graph.pos))
    for shift in (0.4, 1.0):
        moved = graph.clone()
        moved.pos = moved.pos + shift
        with pytest.raises(ValueError, match="not at the 2 x 3 places"):
            GraphToGrid()(moved)


def neighbours_by_force(pos, batch, radius=None, k=None):
    distance = torch.cdist(pos, pos)
    distance[batch[:, None] != batch] = float("inf")
    distance.fill_diagonal_(float("inf"))
    if radius is not None:
        return (distance <= radius).nonzero().flip(1)
    nearest = distance.argsort(1)[:, :k]
    pairs = [(int(j), i) for i in range(len(pos)) for j in nearest[i] if distance[i, j] < float("inf")]
    return torch.tensor(sorted(pairs, key=lambda pair: (pair[1], pair[0])))


@pytest.mark.parametrize("how", [{"radius": 0.7}, {"k": 3}])
@pytest.mark.parametrize("dim", [2, 3])
def test_neighbours_are_those_of_a_search_through_all_pairs(how, dim):
    pos = torch.randn(23, dim, generator=torch.Generator().manual_seed(dim))
    batch = torch.tensor([0] * 12 + [1] * 9 + [2] * 2)
    graph = MeshToGraph(**how, loop=False)(Batch(pos=pos, batch=batch))
    expected = neighbours_by_force(pos, batch, **how)
    order = lambda pairs: sorted(map(tuple, pairs.tolist()), key=lambda pair: (pair[1], pair[0]))  # noqa: E731
    assert [tuple(edge) for edge in graph.edge_index.t().tolist()] == order(expected)
    with_loops = MeshToGraph(**how)(Batch(pos=pos, batch=batch))
    assert with_loops.num_edges == graph.num_edges + 23


def test_points_at_one_place_are_neighbours_of_each_other_and_not_of_themselves():
    graph = MeshToGraph(k=2, loop=False)(Data(pos=torch.zeros(4, 2)))
    assert graph.num_edges == 8
    assert (graph.edge_index[0] != graph.edge_index[1]).all()


def test_cells_connect_their_corners():
    pos = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    graph = MeshToGraph(cells=True, loop=False)(Data(pos=pos, face=torch.tensor([[0, 1], [1, 3], [2, 2]])))
    missing = {(0, 3), (3, 0)}
    every = {(i, j) for i in range(4) for j in range(4) if i != j}
    assert {tuple(edge) for edge in graph.edge_index.t().tolist()} == every - missing
    assert graph.num_edges == 10


def test_what_a_mesh_refuses():
    with pytest.raises(ValueError, match="give one of"):
        MeshToGraph(radius=1.0, k=3)
    with pytest.raises(ValueError, match="positive radius"):
        MeshToGraph(radius=-1.0)
    with pytest.raises(ValueError, match="finite places"):
        MeshToGraph(k=1)(Data(pos=torch.tensor([[float("nan"), 0.0]])))
    with pytest.raises(ValueError, match="expected places"):
        MeshToGraph(k=1)(Data(x=torch.ones(2, 2)))
    with pytest.raises(ValueError, match="expected cells"):
        MeshToGraph(cells=True)(Data(pos=torch.ones(2, 2)))
    empty = MeshToGraph(k=2)(Data(pos=torch.empty(0, 2)))
    assert empty.edge_index.shape == (2, 0)


def test_an_image_keeps_every_share_and_is_read_where_it_was_made():
    generator = torch.Generator().manual_seed(0)
    pos = torch.rand(60, 2, generator=generator) * 2 - 1
    p4 = torch.randn(60, 4, generator=generator)
    batch = torch.arange(3).repeat_interleave(20)
    jets = Batch(pos=pos, p4=p4, batch=batch)
    jets._num_graphs = 3
    image = ParticlesToGrid((6, 8), (1.6, 1.2), attr="p4")(jets)
    assert image.grid.shape == (3, 1, 6, 8)
    pt = torch.hypot(p4[:, 1], p4[:, 2])
    for jet in range(3):
        inside = (batch == jet) & (pos[:, 0].abs() < 0.6) & (pos[:, 1].abs() < 0.8)
        torch.testing.assert_close(image.grid[jet].sum(), pt[inside].sum())
        torch.testing.assert_close(image.outside[jet], 1 - pt[inside].sum() / pt[batch == jet].sum())
        for row in range(6):
            top = 0.8 - 1.6 / 6 * row
            column = (pos[:, 0] >= -0.6 + 0.15 * 5) & (pos[:, 0] < -0.6 + 0.15 * 6)
            here = (batch == jet) & (pos[:, 1] <= top) & (pos[:, 1] > top - 1.6 / 6) & column
            torch.testing.assert_close(image.grid[jet, 0, row, 5], pt[here].sum())
    particles = GridToParticles("seen")(image)
    alone = (image.cell >= 0) & (image.cell[:, None] == image.cell).sum(1).eq(1)
    assert alone.sum() > 10
    torch.testing.assert_close(particles.seen[alone, 0], pt[alone])
    assert not particles.seen[image.cell < 0].any()


def test_one_jet_and_what_an_image_refuses():
    jet = ParticlesToGrid((4, 4), (1.0, 1.0))(Data(pos=torch.zeros(0, 2), x=torch.zeros(0, 2)))
    assert jet.grid.shape == (2, 4, 4)
    assert jet.outside.tolist() == [0.0]
    with pytest.raises(ValueError, match="positive size"):
        ParticlesToGrid((0, 4))
    with pytest.raises(ValueError, match="with a row for each of 2"):
        ParticlesToGrid()(Data(pos=torch.zeros(2, 2)))
    with pytest.raises(ValueError, match="expected places"):
        ParticlesToGrid()(Data(x=torch.zeros(2, 2)))
    with pytest.raises(ValueError, match="ParticlesToGrid makes"):
        GridToParticles()(Data(x=torch.zeros(2, 2)))


def test_transforms_leave_their_input_alone_and_have_a_repr():
    data = Data(x=torch.ones(1, 2, 3))
    GridToGraph()(data)
    assert data.x.shape == (1, 2, 3)
    shown = [repr(t) for t in (GridToGraph(), GraphToGrid(), MeshToGraph(k=4), ParticlesToGrid(), GridToParticles())]
    assert shown[0] == "GridToGraph(3, spacing=(1.0, 1.0), periodic=False)"
    assert shown[2] == "MeshToGraph(k=4, loop=True)"
