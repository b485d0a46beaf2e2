from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pyg_liesym.datasets import NBody
from pyg_liesym.datasets.loader import PackedLoader
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


def test_a_stopped_simulation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("pyg_liesym.datasets.bodies.n_body._graphs", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load(tmp_path)
    assert not list(tmp_path.rglob("*.safetensors"))
    assert len(load(tmp_path)) == 4


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
