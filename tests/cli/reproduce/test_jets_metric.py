from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from pyg_liesym.cli.reproduce import jets_metric
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.jets_metric import JetsMetric
from pyg_liesym.discovery.liegan import LieGAN

SAMPLE = Path(jets_metric.__file__).parents[2] / "datasets" / "samples" / "jets.root"


def test_too_few_jets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give more files"):
        run_experiment(JetsMetric((str(SAMPLE),), num_jets=10**7), Sitting(out=tmp_path))


def test_protocol_leaves_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jets_metric, "LieGAN", partial(LieGAN, max_steps=3))
    experiment = JetsMetric((str(SAMPLE),), seeds=(0, 1), num_jets=200)
    run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    runs = json.loads((tmp_path / "result.json").read_text())["runs"]
    rows = [run["numbers"] for run in runs]
    assert [run["seed"] for run in runs] == [0, 1]
    assert len(rows[0]["smallest_singular_values"]) == 2
    assert len(rows[0]["angles_to_so13_degrees"]) == 6
    assert all((tmp_path / name).exists() for name in ("basis.png", "metric.png", "seed1/symmetry"))
    assert "largest angle to so(1,3)" in capsys.readouterr().out
