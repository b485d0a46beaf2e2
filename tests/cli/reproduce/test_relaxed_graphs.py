from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pyg_liesym.cli.reproduce import graph_training
from pyg_liesym.cli.reproduce.graph_jets import JetExperiment, with_loops
from pyg_liesym.cli.reproduce.graph_orbits import OrbitExperiment
from pyg_liesym.cli.reproduce.graph_plumes import MeshExperiment
from pyg_liesym.cli.reproduce.graph_table import COLUMNS, markdown, tabulate
from pyg_liesym.cli.reproduce.graph_twins import steerable_twin
from pyg_liesym.cli.reproduce.relaxed_graphs import reproduce_relaxed_graphs
from pyg_liesym.datasets.simulation import plume_files
from pyg_liesym.datasets.simulation.plume import PlumeFrames
from pyg_liesym.datasets.simulation.plume_settings import Plumes
from pyg_liesym.nn.neighbours import nearest_neighbours

ORBITS = OrbitExperiment(
    levels=(0.02,), num_orbits=2, num_test=2, steps=3, hidden_channels=4, num_layers=1, batch_size=16, epochs=2
)
JETS = JetExperiment(
    levels=(32,), num_val=16, num_test=24, max_constituents=5, neighbours=3, num_layers=1, parameters=400,
    batch_size=16, steps=4,
)  # fmt: skip


def mesh(root: Path) -> MeshExperiment:
    return MeshExperiment(
        root=root, resolution=4, frames=62, points=4, neighbours=4, history=2, horizon=1, test_horizon=2, every=50,
        num_layers=1, parameters=400, batch_size=2, steps=4, epochs=2,
    )  # fmt: skip


def options(out: Path, **changed: Any) -> dict[str, Any]:
    own = {"orbits": ORBITS, "jets": JETS, "mesh": mesh(out / "plumes")}
    return {"seeds": (0, 1), "out": out, **own, "progress": False, **changed}


def noise(plumes: Plumes, frames: int, **_: object) -> PlumeFrames:
    """Stands in for the simulation."""
    velocity = np.random.default_rng(0).normal(size=(len(plumes), frames, 2, *plumes.resolution)).astype(np.float32)
    return PlumeFrames(velocity, velocity[:, :, :1])


def test_tables_pictures_and_no_repetition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plume_files, "import_phiflow", lambda: None)
    monkeypatch.setattr(plume_files, "simulate_plumes", noise)
    tables = reproduce_relaxed_graphs(**options(tmp_path))
    for name, rows in tables.items():
        by_twin = {row["twin"]: row for row in rows}
        assert list(by_twin) == ["strict", "relaxed", "free"]
        assert by_twin["strict"]["equivariance"][0] < 1e-3 < by_twin["free"]["equivariance"][0]
        relaxed = by_twin["relaxed"]
        assert relaxed["seeds"] == [0, 1]
        assert relaxed["relaxation"][0] > 0
        assert relaxed["made_strict"]["relaxation"] == [0.0, 0.0]
        assert (tmp_path / f"{name}.png").stat().st_size > 1000
    assert 0 < tables["orbits"][0]["data_equivariance"][0] < 0.2
    assert len({row["parameters"] for row in tables["orbits"]}) == 1
    assert all(0 <= row["auc"][0] <= 1 for row in tables["jets"])
    assert all(row["future"][0] > 0.5 and row["domain"][0] > 0.5 for row in tables["mesh"])
    assert json.loads((tmp_path / "result.json").read_text()) == tables
    text = (tmp_path / "table.md").read_text()
    assert "### Orbits in a trap" in text
    assert "### Top jets in the plane" in text
    assert "### Plumes on a perturbed mesh" in text
    assert "| 0.02 | relaxed |" in capsys.readouterr().out

    monkeypatch.setattr(graph_training, "_train", None)
    assert reproduce_relaxed_graphs(**options(tmp_path, experiments=("jets",))) == tables
    assert (tmp_path / "table.md").read_text() == text
    other = OrbitExperiment(**{**ORBITS.__dict__, "epochs": 3})
    with pytest.raises(ValueError, match=r"with another epochs: choose another `out` or remove it"):
        reproduce_relaxed_graphs(**options(tmp_path, orbits=other))


def test_a_run_depends_on_its_seed_alone() -> None:
    tasks = [ORBITS.task(0.02, 3) for _ in range(2)]
    list(tasks[0].batches(0))  # a run that was there before
    torch.manual_seed(7)
    first, second = (graph_training._train(task, "relaxed", 3, None)[0] for task in tasks)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_twins_have_about_as_many_parameters() -> None:
    options: dict[str, Any] = {"order": 4, "radius": 1.0, "num_layers": 2, "parameters": 2000}
    for twin in ("strict", "relaxed", "free"):
        net = steerable_twin(twin, (2, 1), (0, 1), **options)  # type: ignore[arg-type]
        assert sum(p.numel() for p in net.parameters()) == pytest.approx(2000, rel=0.4)
        assert net.out_type.channels == 2


def test_loops_join_sorted_edges() -> None:
    pos = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    edges = with_loops(nearest_neighbours(pos, 2), 5)
    source, target = edges.edge_index
    assert bool((target.diff() >= 0).all())
    assert edges.ptr is not None
    assert torch.equal(edges.ptr, torch.arange(6) * 3)
    assert int((source == target).sum()) == 5


def test_more_jets_than_there_are() -> None:
    with pytest.raises(ValueError, match="the packaged sample has 4000 jets, but 5000 to train on"):
        JETS.task(5000, 0)


def test_a_table_of_one_seed() -> None:
    run = {
        "settings": {"seed": 4},
        "parameters": 1234,
        "seconds": 2.0,
        "scores": dict.fromkeys(COLUMNS["jets"].scores, 0.5),
    }
    rows = tabulate(COLUMNS["jets"], {(10.0, "free"): [run]})
    assert rows[0]["auc"] == [0.5]
    assert "| 10 | free | 1 234 | 0.5 |" in markdown(COLUMNS["jets"], rows)
