from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce import two_body
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.two_body import Mode, TwoBody, orbit_pairs
from pyg_liesym.discovery.liegan import LieGAN


def test_pairs_have_the_asked_number_and_opposite_bodies() -> None:
    x, y = orbit_pairs(100)
    assert x.shape == y.shape == (100, 8)
    assert torch.allclose(x[:, :2], -x[:, 2:4])


@pytest.mark.parametrize("mode", ["masked", "es"])
def test_protocol_leaves_its_results(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(two_body, "LieGAN", partial(LieGAN, max_steps=3))
    run_experiment(TwoBody(seeds=(0,), modes=(mode,), num_samples=200), Sitting(out=tmp_path, progress=False))
    (run,) = json.loads((tmp_path / "result.json").read_text())["runs"]
    row = run["numbers"]
    assert row["data_rank"] == 4
    assert -1.0 <= row["cosine"] <= 1.0
    assert (tmp_path / f"{mode}.png").exists()
    assert (tmp_path / f"{mode}-seed0" / "symmetry" / "symmetry.json").exists()
    assert "the data span 4 of 8 dimensions" in capsys.readouterr().out
