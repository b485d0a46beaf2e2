from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce import orbit_methods, two_body
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.orbit_forecast import ForecastTraining, forecast, half_turn, orbit_splits
from pyg_liesym.cli.reproduce.orbit_methods import METHODS, compared, rotation, seen_of
from pyg_liesym.cli.reproduce.two_body import Mode, TwoBody, orbit_pairs
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.lie import LieAlgebra

QUICK = ForecastTraining(steps=3, batch_size=16, hidden_channels=8, hidden_type="4 + 2V", num_orbits=8)


def test_pairs_have_the_asked_number_and_opposite_bodies() -> None:
    x, y = orbit_pairs(100)
    assert x.shape == y.shape == (100, 8)
    assert torch.allclose(x[:, :2], -x[:, 2:4])


@pytest.mark.parametrize("mode", ["masked", "es"])
def test_protocol_leaves_its_results(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(two_body, "LieGAN", partial(LieGAN, max_steps=3))
    experiment = TwoBody(seeds=(0,), modes=(mode,), num_samples=200, methods=())
    run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    (run,) = json.loads((tmp_path / "result.json").read_text())["runs"]
    row = run["numbers"]
    assert row["data_rank"] == 4
    assert -1.0 <= row["cosine"] <= 1.0
    assert (tmp_path / f"{mode}.png").exists()
    assert (tmp_path / f"{mode}-seed0" / "symmetry" / "symmetry.json").exists()
    assert "the data span 4 of 8 dimensions" in capsys.readouterr().out


def test_the_table_of_forecasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orbit_methods, "LieGAN", partial(LieGAN, max_steps=3))
    methods = ("LieGAN", "ground truth")
    experiment = TwoBody(seeds=(0, 1), modes=(), methods=methods, training=QUICK)
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    rows = {(row["table"], row["row"]) for row in record["table"]}
    ways = ("discovery", "EMLP", "augmentation")
    assert rows >= {(way, "ground truth") for way in ways} | {("no symmetry", "HNN"), ("no symmetry", "MLP")}
    assert {(table, row) for table, row in rows if row == "LieGAN"} >= {("discovery", "LieGAN")}
    truth = next(row for row in record["table"] if (row["table"], row["row"]) == ("discovery", "ground truth"))
    assert truth["abs_cosine_data"]["mean"] == pytest.approx(1.0)
    assert all(one["how"] == "ratio" and one["second"] == "ground truth" for one in record["comparisons"])


def test_a_method_that_finds_nothing_is_not_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = TwoBody(seeds=(0,), modes=(), methods=("closed form",), training=QUICK)  # 8 orbits certify nothing
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    assert record["diverged"] == [f"{way}/closed-form-seed0" for way in ("discovery", "EMLP", "augmentation")]
    assert {row["row"] for row in record["table"]} == {"HNN", "MLP"}


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no method magic; there are LieGAN"):
        list(TwoBody(methods=("magic",)).jobs())


def test_what_a_method_leaves_off_the_span_does_not_matter() -> None:
    """Matrices that do the same to the data give the same copies."""
    splits = orbit_splits("two_body_wide", 8)
    pairs = splits.train
    down, up = seen_of(pairs.x)
    assert down.shape == (4, 8)
    torch.testing.assert_close(down @ up, torch.eye(4, dtype=torch.float64))
    seen = pairs.x.double() @ down.mT
    torch.testing.assert_close(seen.mT @ seen / len(seen), torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(seen @ up.mT, pairs.x.double(), rtol=0, atol=1e-4)
    noise = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = rotation(pairs)
    off = LieAlgebra(exact.basis + noise @ (torch.eye(8) - up @ down))
    assert compared(DiscoveredSymmetry.of(off), pairs)["abs_cosine_data"] > 1 - 1e-9
    assert half_turn(exact) == pytest.approx(torch.pi)
    first, second = (forecast("augmentation", algebra, splits, QUICK, 0)["test_mse"] for algebra in (exact, off))
    assert first == pytest.approx(second, rel=1e-3)


def test_the_closed_form_finds_the_rotation() -> None:
    pairs = orbit_splits("two_body_wide", 200).train
    found = METHODS["closed form"](pairs, 0, False)
    assert compared(found, pairs)["sine_data"] < 5e-3
