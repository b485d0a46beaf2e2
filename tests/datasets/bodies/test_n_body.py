from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pyg_liesym.datasets import NBody
from pyg_liesym.datasets.bodies import blocks
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.simulation.n_body import Bodies, BodyTrajectories, simulate_bodies
from pyg_liesym.datasets.simulation.n_body_recipes import simulate_n_body


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bodies")


def load(root: Path, kind: str = "gravity", **options: object) -> NBody:
    return NBody(str(root), **{"kind": kind, "num_systems": 4, "frames": (0, 1), "progress": False, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "source"), [("charged", "charge"), ("gravity", "mass"), ("many_charged", "charge")])
def test_fields_are_those_of_the_simulation(root: Path, kind: str, source: str) -> None:
    found = simulate_n_body(kind, frames=(0, 1), num_systems=4, num_bodies=6, progress=False)  # type: ignore[arg-type]
    graph = load(root, kind, num_bodies=6, edges=1.0)[2]
    torch.testing.assert_close(graph.pos, torch.from_numpy(found.pos[2, 0]).float())
    torch.testing.assert_close(graph.vel, torch.from_numpy(found.vel[2, 0]).float())
    torch.testing.assert_close(graph.y, torch.from_numpy(found.pos[2, 1]).float())
    torch.testing.assert_close(graph[source], torch.from_numpy(found.charge[2]).float())
    torch.testing.assert_close(graph.x[:, 0], graph.vel.norm(dim=1))
    row, col = graph.edge_index
    assert [(i, j) for i in range(6) for j in range(6) if i != j] == list(zip(col.tolist(), row.tolist(), strict=True))
    torch.testing.assert_close(graph.edge_attr[:, 0], graph[source][row] * graph[source][col])
    torch.testing.assert_close(graph.edge_attr[:, 1], (graph.pos[row] - graph.pos[col]).square().sum(1))


def nearest(pos: Tensor, pairs: int) -> set[tuple[int, int]]:
    distance = torch.cdist(pos.double(), pos.double())
    every = sorted((float(distance[i, j]), i, j) for i in range(len(pos)) for j in range(i))
    return {edge for _, i, j in every[:pairs] for edge in ((i, j), (j, i))}


def test_edges_join_the_nearest_pairs(root: Path) -> None:
    data = load(root, "many_charged", num_bodies=12)
    for graph in (data[0], data[3]):  # a quarter of 66 pairs
        assert set(map(tuple, graph.edge_index.T.tolist())) == nearest(graph.pos, 16)
        assert graph.edge_index.size(1) == 32
        assert bool((graph.edge_index[1].diff() >= 0).all())


def test_no_edges_at_all(root: Path) -> None:
    data = load(root, "many_charged", num_bodies=12, edges=0.0)
    assert data[0].edge_index is None
    batch = next(iter(PackedLoader(data, batch_size=3)))
    assert batch.pos.shape == (36, 3)
    assert "edge_attr" not in batch


def test_cache_follows_the_arguments(root: Path) -> None:
    first = load(root, num_bodies=4)
    assert torch.equal(load(root, num_bodies=4)[0].pos, first[0].pos)
    options: list[dict[str, object]] = [
        {"seed": 1}, {"split": "val"}, {"frames": (1, 2)}, {"num_bodies": 3}, {"kind": "charged"}, {"edges": 0.5},
        {"num_systems": 3},
    ]  # fmt: skip
    paths = {load(root, **{"num_bodies": 4, **option}).processed_paths[0] for option in options}
    assert len(paths | {first.processed_paths[0]}) == len(options) + 1
    assert all(Path(path).exists() for path in paths)


def test_the_name_of_the_first_benchmark_stays(root: Path) -> None:
    """Caches that were made before there were other kinds still hold."""
    assert load(root, "charged").processed_file_names == ["train_4_frames0-1_draw43.safetensors"]


def test_a_stopped_simulation_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that are there are read, and give the same as a simulation in one piece."""
    simulated: list[int] = []

    def stopped(start: Bodies, *args: object, **options: object) -> BodyTrajectories:
        if len(simulated) == 2:
            raise KeyboardInterrupt
        simulated.append(len(start.charge))
        return simulate_bodies(start, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(blocks, "_PAIRS", 2 * 6**2)
    monkeypatch.setattr(blocks, "simulate_bodies", stopped)
    options: dict[str, object] = {"kind": "many_charged", "num_bodies": 6, "num_systems": 7}
    with pytest.raises(KeyboardInterrupt):
        load(tmp_path, **options)  # type: ignore[arg-type]
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2
    simulated.clear()
    monkeypatch.setattr(
        blocks,
        "simulate_bodies",
        lambda start, *a, **o: simulated.append(len(start.charge)) or simulate_bodies(start, *a, **o),
    )
    data = load(tmp_path, **options)  # type: ignore[arg-type]
    assert simulated == [2, 1]
    whole = simulate_n_body("many_charged", frames=(0, 1), num_systems=7, num_bodies=6, progress=False)
    torch.testing.assert_close(data._data.pos, torch.from_numpy(whole.pos[:, 0]).float().reshape(-1, 3), rtol=0, atol=0)
    torch.testing.assert_close(data._data.y, torch.from_numpy(whole.pos[:, 1]).float().reshape(-1, 3), rtol=0, atol=0)
    torch.testing.assert_close(data._data.vel, torch.from_numpy(whole.vel[:, 0]).float().reshape(-1, 3), rtol=0, atol=0)


def test_other_edges_and_more_systems_do_not_simulate_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_PAIRS", 2 * 6**2)
    first = load(tmp_path, "many_charged", num_bodies=6, edges=0.5)
    simulated: list[int] = []
    monkeypatch.setattr(
        blocks,
        "simulate_bodies",
        lambda start, *a, **o: simulated.append(len(start.charge)) or simulate_bodies(start, *a, **o),
    )
    second = load(tmp_path, "many_charged", num_bodies=6, edges=1.0)
    assert torch.equal(first._data.y, second._data.y)
    assert first._data.edge_index.size(1) < second._data.edge_index.size(1)
    assert simulated == []
    more = load(tmp_path, "many_charged", num_bodies=6, num_systems=6)
    assert simulated == [2]
    assert torch.equal(more._data.y[: 4 * 6], first._data.y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "springs"}, "expected `kind` to be one of"),
        ({"split": "valid"}, "expected `split` to be one of"),
        ({"edges": 1.5}, "from 0 to 1, got 1.5"),
        ({"num_systems": 10_001}, "another `seed`"),
        ({"num_bodies": 1}, "two bodies or more"),
        ({"frames": (3, 3)}, "non-negative and rising"),
    ],
)
def test_mistakes_get_a_sentence(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(tmp_path, **options)
