from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.datasets.bodies.charged_particles import ChargedParticles
from pyg_liesym.datasets.simulation.n_body_recipes import draw_charged_particles


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("charged")


def load(root: Path, **options: object) -> ChargedParticles:
    return ChargedParticles(str(root), **{"split": "train", "num_systems": 6, "frames": (0, 1), **options})


def test_inputs_of_the_benchmark(root: Path) -> None:
    graph = load(root)[4]
    source, target = graph.edge_index
    assert sorted(map(tuple, graph.edge_index.T.tolist())) == [(i, j) for i in range(5) for j in range(5) if i != j]
    assert bool((target.diff() >= 0).all())
    torch.testing.assert_close(graph.x[:, 0], graph.vel.norm(dim=1))
    torch.testing.assert_close(graph.edge_attr[:, 0], graph.charge[source] * graph.charge[target])
    squared = (graph.pos[source] - graph.pos[target]).square().sum(1)
    torch.testing.assert_close(graph.edge_attr[:, 1], squared)
    drift = graph.y - graph.pos
    assert 0.02 < float(drift.norm(dim=1).mean()) < 1


def test_cache_follows_the_arguments(root: Path) -> None:
    first = load(root)
    assert torch.equal(load(root)[0].pos, first[0].pos)
    assert not torch.equal(load(root, seed=1)[0].pos, first[0].pos)
    assert not torch.equal(load(root, split="val")[0].pos, first[0].pos)
    assert not torch.equal(load(root, frames=(0, 2))[0].y, first[0].y)
    assert len(load(root, num_systems=3)) == 3


def test_bad_split(root: Path) -> None:
    with pytest.raises(ValueError, match="'val', 'test'"):
        load(root, split="valid")


def test_splits_follow_one_another_in_the_stream_of_the_seed(root: Path) -> None:
    """Bodies move by about 0.05 until frame 0, so the draw can still be seen."""
    rng = np.random.RandomState(43)
    starts = {"train": draw_charged_particles(10_000, rng=rng), "val": draw_charged_particles(2000, rng=rng)}
    for split, start in starts.items():
        data = load(root, split=split, frames=(0, 1))._data
        assert torch.equal(data.charge, torch.as_tensor(start.charge[:6], dtype=torch.float32).flatten())
        shift = data.pos - torch.as_tensor(start.pos[:6], dtype=torch.float32).reshape(-1, 3)
        assert float(shift.norm(dim=1).median()) < 0.1


@pytest.mark.parametrize(("split", "num_systems"), [("train", 10_001), ("val", 2001), ("test", 0)])
def test_number_of_systems_that_the_stream_does_not_have(root: Path, split: str, num_systems: int) -> None:
    with pytest.raises(ValueError, match="another `seed`"):
        load(root, split=split, num_systems=num_systems)
