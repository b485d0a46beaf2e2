from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_twins import JETS, ORBITS, mesh, noise, sitting

from pyg_liesym.cli.reproduce.experiment import Bench, run_experiment
from pyg_liesym.cli.reproduce.relaxed_jets import with_loops
from pyg_liesym.cli.reproduce.relaxed_twins import TwinExperiment
from pyg_liesym.cli.reproduce.steerable_twins import SteerableTwins
from pyg_liesym.datasets.simulation import plume_files
from pyg_liesym.nn.message.neighbours import nearest_neighbours


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
