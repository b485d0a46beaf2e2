from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyg_liesym.cli.reproduce import jets_tagging
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.jets_tagging import JetsTagging, SmallTagger
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.lie.algebra import LieAlgebra

SAMPLE = Path(jets_tagging.__file__).parents[2] / "datasets" / "samples" / "jets.root"


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    for seed in (0, 1):
        DiscoveredSymmetry.of(LieAlgebra.lorentz(), seed=seed).save(tmp_path / "metric" / f"seed{seed}" / "symmetry")
    return {
        "files": (str(SAMPLE),),
        "discovered": tmp_path / "metric",
        "seeds": (0, 1),
        "num_train": 64,
        "num_test": 200,
        "epochs": 1,
        "network": SmallTagger(hidden_channels=4, num_layers=1, max_constituents=4),
    }


# The networks are scored once, after the training.
@pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")
def test_runs_are_compared_in_pairs_and_not_repeated(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sitting = Sitting(out=tmp_path / "out", progress=False)
    record = run_experiment(JetsTagging(**options), sitting)
    auc = {row["row"]: row["auc"]["values"] for row in record["table"]}
    assert set(auc) == {"discovered", "minkowski", "identity"}
    assert all(len(values) == 2 and all(0 <= value <= 1 for value in values) for values in auc.values())
    # Lorentz's own metric is Minkowski's on the sphere where taggers are trained
    assert auc["discovered"] == pytest.approx(auc["minkowski"], abs=1e-3)
    first, second = (a - b for a, b in zip(auc["discovered"], auc["identity"], strict=True))
    (paired,) = (one for one in record["comparisons"] if (one["first"], one["second"]) == ("discovered", "identity"))
    assert paired["mean"] == pytest.approx((first + second) / 2)
    assert paired["error"] == pytest.approx(abs(first - second) / 2)
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == record
    assert "| discovered |" in capsys.readouterr().out

    def train_tagger(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a finished run was repeated")

    monkeypatch.setattr(jets_tagging, "train_tagger", train_tagger)
    assert run_experiment(JetsTagging(**options), sitting)["table"] == record["table"]
    with pytest.raises(ValueError, match=r"another num_train: choose another `out` or remove it"):
        run_experiment(JetsTagging(**{**options, "num_train": 32}), sitting)


def test_too_few_jets(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"hold \d+ jets that are not for the training, but 100000 are"):
        run_experiment(JetsTagging(**{**options, "num_test": 100_000}), Sitting(out=tmp_path / "out"))


def test_missing_discovery(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no discovered symmetry in .*seed2.*: run `liesym reproduce"):
        run_experiment(JetsTagging(**{**options, "seeds": (0, 2)}), Sitting(out=tmp_path / "out"))
