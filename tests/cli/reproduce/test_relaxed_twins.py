from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.cli.reproduce.experiment import Bench, Sitting, run_experiment
from pyg_liesym.cli.reproduce.relaxed_jets import PlaneJets, RelaxedJets, with_loops
from pyg_liesym.cli.reproduce.relaxed_mesh import Mesh, RelaxedMesh, Windows
from pyg_liesym.cli.reproduce.relaxed_orbits import OrbitNetwork, RelaxedOrbits
from pyg_liesym.cli.reproduce.relaxed_twins import SteerableTwins, TwinExperiment, TwinTraining
from pyg_liesym.datasets.simulation import plume_files
from pyg_liesym.datasets.simulation.plume import PlumeFrames
from pyg_liesym.datasets.simulation.plume_settings import Plumes
from pyg_liesym.nn.message.neighbours import nearest_neighbours

ORBITS = RelaxedOrbits(
    levels=(0.02,), seeds=(0, 1), num_orbits=2, num_test=2, steps=3, network=OrbitNetwork(4, 1),
    training=TwinTraining(epochs=2, batch_size=16, lr=3e-3, penalty=3.0),
)  # fmt: skip
JETS = RelaxedJets(
    levels=(32,), seeds=(0, 1), data=PlaneJets(num_val=16, num_test=24, max_constituents=5, neighbours=3),
    network=SteerableTwins(num_layers=1, parameters=400), steps=4,
    training=TwinTraining(epochs=1, batch_size=16, lr=3e-3, penalty=0.3),
)  # fmt: skip


def mesh(root: Path) -> RelaxedMesh:
    return RelaxedMesh(
        seeds=(0, 1), data=Mesh(root, resolution=4, frames=62, points=4, neighbours=4), windows=Windows(2, 1, 2, 50),
        network=SteerableTwins(num_layers=1, parameters=400, order=4, radius=2.0), steps=4,
        training=TwinTraining(epochs=2, batch_size=2, lr=2e-3, penalty=0.3),
    )  # fmt: skip


def sitting(out: Path) -> Sitting:
    return Sitting(out=out, progress=False)


def noise(plumes: Plumes, frames: int, **_: object) -> PlumeFrames:
    """Stands in for the simulation."""
    velocity = np.random.default_rng(0).normal(size=(len(plumes), frames, 2, *plumes.resolution)).astype(np.float32)
    return PlumeFrames(velocity, velocity[:, :, :1])


def test_tables_pictures_and_no_repetition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plume_files, "import_phiflow", lambda: None)
    monkeypatch.setattr(plume_files, "simulate_plumes", noise)
    experiments: tuple[TwinExperiment, ...] = (ORBITS, JETS, mesh(tmp_path / "plumes"))
    records = {own.name: run_experiment(own, sitting(tmp_path / own.name)) for own in experiments}
    means = {
        name: [{key: own["mean"] for key, own in row.items() if isinstance(own, dict)} for row in record["table"]]
        for name, record in records.items()
    }
    for name, (strict, relaxed, free) in means.items():
        assert [row["row"].split(", ")[1] for row in records[name]["table"]] == ["strict", "relaxed", "free"]
        assert strict["equivariance"] < 1e-3 < free["equivariance"]
        assert relaxed["relaxation"] > 0
        assert all(row["seeds"] == [0, 1] for row in records[name]["table"])
        assert all(run["numbers"].get("strict_relaxation", 0.0) == 0.0 for run in records[name]["runs"])
        assert (tmp_path / name / "twins.png").stat().st_size > 1000
    assert 0 < means["relaxed-orbits"][0]["data_equivariance"] < 0.2
    assert len({row["parameters"] for row in records["relaxed-orbits"]["table"]}) == 1
    assert all(0 <= row["auc"] <= 1 for row in means["relaxed-jets"])
    assert all(row["future"] > 0.5 and row["domain"] > 0.5 for row in means["relaxed-mesh"])

    monkeypatch.setattr("lightning.Trainer.fit", None)
    again = run_experiment(JETS, sitting(tmp_path / "relaxed-jets"))
    assert again["table"] == records["relaxed-jets"]["table"]
    other = replace(ORBITS, training=replace(ORBITS.training, epochs=3))
    with pytest.raises(ValueError, match=r"runs with another training: choose another `out` or remove it"):
        run_experiment(other, sitting(tmp_path / "relaxed-orbits"))


def test_a_run_depends_on_its_seed_alone(tmp_path: Path) -> None:
    job = next(job for job in ORBITS.jobs() if job.settings["twin"] == "relaxed")
    first = ORBITS.run(job, Bench(tmp_path / "first", sitting(tmp_path)))
    torch.manual_seed(7)
    list(ORBITS.task(0.02, job.seed).batches(0))
    assert ORBITS.run(job, Bench(tmp_path / "second", sitting(tmp_path))) == first


def test_twins_have_about_as_many_parameters() -> None:
    twins = SteerableTwins(num_layers=2, parameters=2000, order=4, radius=1.0)
    for twin in ("strict", "relaxed", "free"):
        net = twins.build(twin, (2, 1), (0, 1))  # type: ignore[arg-type]
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
