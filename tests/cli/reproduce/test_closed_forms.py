from __future__ import annotations

from pathlib import Path

import pytest

from pyg_liesym.cli.reproduce import closed_forms
from pyg_liesym.cli.reproduce.closed_forms import ClosedForms
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment

MUONS = Path(__file__).parents[4] / "shared" / "data" / "muons" / "zmumu_3000.npz"


@pytest.fixture(autouse=True)
def few_orbits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_forms, "_ORBITS", {"two_body": 100, "three_body": 10})


def test_bodies_and_jets_with_noise_and_without(tmp_path: Path) -> None:
    rows = ("two bodies, 500 pairs", "two bodies, 60° of the circle", "jets, two constituents", *closed_forms._NOISES)
    record = run_experiment(
        ClosedForms(seeds=(0,), rows=rows, noises=(0.2,), liegan=False), Sitting(out=tmp_path, progress=False)
    )
    numbers = {run["row"]: run["numbers"] for run in record["runs"]}
    assert list(numbers) == [*rows[:3], "20 %, blocks", "20 %, all matrices"]
    assert all(own["off"] < 100 for own in list(numbers.values())[:3])
    assert numbers["20 %, all matrices"]["off"] < 0.5 * numbers["20 %, all matrices"]["not_removed"]
    assert record["facts"]["slowest_seconds"]["value"] < 2
    assert numbers["jets, two constituents"]["ratio"] is None


def test_beside_a_game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = closed_forms.LieGAN
    monkeypatch.setattr(closed_forms, "LieGAN", lambda *args, **options: real(*args, **options, max_steps=5))
    record = run_experiment(
        ClosedForms(seeds=(0,), rows=("two bodies, 500 pairs", "noise, blocks"), noises=(0.05,), refine=True),
        Sitting(out=tmp_path),
    )
    facts = {name: fact["value"] for name, fact in record["facts"].items()}
    assert facts["smallest_ratio"] > 1
    assert (facts["noisy_no_worse"], facts["noisy_runs"]) == (1, 1)


@pytest.mark.skipif(not MUONS.exists(), reason="the real muons are not there")
def test_real_muons(tmp_path: Path) -> None:
    experiment = ClosedForms(seeds=(0,), rows=("muons, subsets of 1000",), muons=MUONS, liegan=False)
    (run,) = run_experiment(experiment, Sitting(out=tmp_path, progress=False))["runs"]
    assert run["numbers"]["off"] < 1e-3
    assert (run["numbers"]["subsets"], run["numbers"]["certified"]) == (3, 3)


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no row 'five bodies'"):
        list(ClosedForms(rows=("five bodies",)).jobs())
    with pytest.raises(ValueError, match="need `muons`"):
        list(ClosedForms(rows=("muons, subsets of 1000",)).jobs())
