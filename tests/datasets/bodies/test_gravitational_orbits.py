import pytest
import torch
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets import GravitationalOrbits
from pyg_liesym.datasets.simulation.gravity import simulate_orbits


@pytest.mark.parametrize(
    ("kind", "bodies", "steps"), [("two_body", 2, 50), ("two_body_wide", 2, 20), ("three_body", 3, 20)]
)
def test_items(kind, bodies, steps):
    dataset = GravitationalOrbits(kind=kind, num_orbits=3)
    assert len(dataset) == 3 * (steps - 1)
    item = dataset[steps]
    assert item.pos.shape == item.vel.shape == (bodies, 2)
    assert item.y.shape == (bodies, 4)
    assert item.edge_index.shape == (2, bodies * (bodies - 1))
    assert (item.edge_index[0] != item.edge_index[1]).all()
    assert (item.orbit.item(), item.step.item()) == (1, 1)


def test_y_is_the_next_item():
    dataset = GravitationalOrbits(num_orbits=2)
    for index in (0, 10, 47):
        now, following = dataset[index], dataset[index + 1]
        assert torch.equal(now.y, torch.cat([following.pos, following.vel], dim=-1))


def test_trajectories_are_the_simulated_orbits():
    dataset = GravitationalOrbits(split="test", kind="three_body", num_orbits=3, seed=5)
    orbits = simulate_orbits("three_body", "test", num_orbits=3, seed=5)
    expected = torch.cat([torch.from_numpy(orbits.pos), torch.from_numpy(orbits.mom)], dim=-1).float()
    assert torch.equal(dataset.trajectories(), expected)


def test_batches_are_separate_graphs():
    batch = next(iter(DataLoader(GravitationalOrbits(num_orbits=1), batch_size=4)))
    assert batch.num_nodes == 8
    assert batch.edge_index.max() == 7
    assert (batch.batch[batch.edge_index[0]] == batch.batch[batch.edge_index[1]]).all()


def test_cache_follows_the_arguments(tmp_path):
    for _ in range(2):
        first = GravitationalOrbits(str(tmp_path), num_orbits=2)
    assert torch.equal(first.pos, GravitationalOrbits(num_orbits=2).pos)
    assert not torch.equal(first.pos, GravitationalOrbits(str(tmp_path), num_orbits=2, seed=1).pos)
    assert len(GravitationalOrbits(str(tmp_path), num_orbits=3)) == 3 * 49
    assert len(GravitationalOrbits(str(tmp_path), "test", "two_body_wide", num_orbits=3)) == 3 * 19
    assert not torch.equal(first.y, GravitationalOrbits(str(tmp_path), num_orbits=2, trap=0.1).y)
    assert len(list((tmp_path / "processed").glob("*.safetensors"))) == 5


def test_nothing_is_written_without_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    GravitationalOrbits(num_orbits=1)
    assert list(tmp_path.iterdir()) == []


def test_unknown_split(tmp_path):
    with pytest.raises(ValueError, match="split must be one of"):
        GravitationalOrbits(str(tmp_path), split="training")


@pytest.mark.parametrize("kind", ["two_body", "three_body"])
def test_a_sector_splits_the_states(kind):
    whole, inside = (
        GravitationalOrbits(kind=kind, num_orbits=8),
        GravitationalOrbits(kind=kind, num_orbits=8, sector=(30, 60)),
    )
    bodies = whole[0].num_nodes
    first = whole.pos.view(-1, bodies, 2)[:, 0]
    angle = torch.rad2deg(torch.atan2(first[:, 1], first[:, 0]))
    wanted = (angle > 30) & (angle < 90)
    assert 0 < len(inside) == int(wanted.sum()) < len(whole)
    assert torch.equal(inside.pos.view(-1, bodies, 2), whole.pos.view(-1, bodies, 2)[wanted])
    assert torch.equal(inside.y.view(-1, bodies, 4), whole.y.view(-1, bodies, 4)[wanted])
    assert torch.equal(inside.step, whole.step[wanted])


def test_the_test_states_are_those_outside_of_the_sector(tmp_path):
    whole = GravitationalOrbits(split="test", num_orbits=6)
    outside = GravitationalOrbits(str(tmp_path), "test", num_orbits=6, sector=(-30, 60))
    first = outside.pos.view(-1, 2, 2)[:, 0]
    assert (torch.rad2deg(torch.atan2(first[:, 1], first[:, 0])).abs() > 30).all()
    within = GravitationalOrbits(split="test", num_orbits=6, sector=(30, 300))
    assert len(outside) + len(within) == len(whole)
    with pytest.raises(ValueError, match="a sector cuts the orbits"):
        outside.trajectories()
    assert [path.name for path in (tmp_path / "processed").glob("*-30*")] == [
        "two_body-test-6-seed0-sector-30.0-60.0.safetensors"
    ]
