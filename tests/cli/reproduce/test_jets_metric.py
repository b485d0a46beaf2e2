from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from pyg_liesym.cli.reproduce import jets_metric
from pyg_liesym.cli.reproduce.jets_metric import reproduce_jets_metric
from pyg_liesym.discovery.liegan import LieGAN

SAMPLE = Path(jets_metric.__file__).parents[2] / "datasets" / "samples" / "jets.root"


def test_too_few_jets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give more files"):
        reproduce_jets_metric((str(SAMPLE),), tmp_path, num_jets=10**7)


def test_protocol_leaves_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jets_metric, "LieGAN", partial(LieGAN, max_steps=3))
    reproduce_jets_metric((str(SAMPLE),), tmp_path, seeds=(0, 1), num_jets=200, progress=False)
    rows = json.loads((tmp_path / "result.json").read_text())
    assert [row["seed"] for row in rows] == [0, 1]
    assert len(rows[0]["smallest_singular_values"]) == 2
    assert len(rows[0]["angles_to_so13_degrees"]) == 6
    assert all((tmp_path / name).exists() for name in ("basis.png", "metric.png", "seed1"))
    assert "angles_to_so13_degrees" in capsys.readouterr().out
