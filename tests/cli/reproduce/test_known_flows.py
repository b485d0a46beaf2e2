from __future__ import annotations

from pathlib import Path

import pytest

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.known_flows import KnownFlows


def test_answers_are_counted(tmp_path: Path) -> None:
    experiment = KnownFlows(("no advection", "frames in disorder"), (0,))
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    known, disorder = (run["numbers"] for run in record["runs"])
    assert (known["right"], known["open"], known["wrong"]) == (8, 0, 0)
    assert known["answers"]["uniform motion"] == "refuted"
    assert (disorder["asked"], disorder["wrong"]) == (0, 0)
    assert [record["facts"][kind]["value"] for kind in ("asked", "right", "open", "wrong")] == [8, 8, 0, 0]


def test_a_flow_at_points(tmp_path: Path) -> None:
    (run,) = run_experiment(
        KnownFlows(("wind along x at a quarter of the points",), (0,)), Sitting(out=tmp_path, progress=False)
    )["runs"]
    assert (run["numbers"]["right"], run["numbers"]["wrong"]) == (8, 0)
    assert run["numbers"]["answers"]["rotation"] == "refuted"


def test_a_wrong_answer_would_be_seen(tmp_path: Path) -> None:
    """With a margin of ten times the flow itself everything is called kept."""
    record = run_experiment(KnownFlows(("no advection",), (0,), margin=100.0), Sitting(out=tmp_path, progress=False))
    (run,) = record["runs"]
    assert run["numbers"]["wrong"] == 1


def test_other_flows_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no flow honey; there are Navier–Stokes, wind along x"):
        run_experiment(KnownFlows(("honey",)), Sitting(out=tmp_path, progress=False))
