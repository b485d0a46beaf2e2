from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pyg_liesym.datasets.charged_particles import ChargedParticles


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
