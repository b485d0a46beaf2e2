from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyg_liesym.cli.reproduce import jets_tagging
from pyg_liesym.cli.reproduce.jets_tagging import reproduce_jets_tagging
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.lie.algebra import LieAlgebra

SAMPLE = Path(jets_tagging.__file__).parents[2] / "datasets" / "samples" / "jets.root"


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    for seed in (0, 1):
        DiscoveredSymmetry.of(LieAlgebra.lorentz(), seed=seed).save(tmp_path / "metric" / f"seed{seed}")
    return {
        "files": [str(SAMPLE)],
        "discovered": tmp_path / "metric",
        "out": tmp_path / "out",
        "seeds": (0, 1),
        "num_train": 64,
        "num_test": 200,
        "max_constituents": 4,
        "hidden_channels": 4,
        "num_layers": 1,
        "epochs": 1,
        "threads": 1,
    }


# The networks are scored once, after the training.
@pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")
def test_runs_are_compared_in_pairs_and_not_repeated(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = reproduce_jets_tagging(**options)
    assert set(result["auc"]) == {"discovered", "minkowski", "identity"}
    assert all(len(values) == 2 and all(0 <= value <= 1 for value in values) for values in result["auc"].values())
    # Lorentz's own metric is Minkowski's on the sphere where taggers are trained
    assert result["auc"]["discovered"] == pytest.approx(result["auc"]["minkowski"], abs=1e-3)
    first, second = (a - b for a, b in zip(result["auc"]["discovered"], result["auc"]["identity"], strict=True))
    paired = result["paired"]["discovered-identity"]
    assert paired["mean"] == pytest.approx((first + second) / 2)
    assert paired["standard_error"] == pytest.approx(abs(first - second) / 2)
    assert json.loads((options["out"] / "result.json").read_text()) == result
    assert "J = discovered" in capsys.readouterr().out

    def train_tagger(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a finished run was repeated")

    monkeypatch.setattr(jets_tagging, "train_tagger", train_tagger)
    assert reproduce_jets_tagging(**options) == result
    with pytest.raises(ValueError, match=r"other settings: choose another `out` or remove it"):
        reproduce_jets_tagging(**{**options, "num_train": 32})


def test_too_few_jets(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"hold \d+ jets, but 64 \+ 100000 are asked for"):
        reproduce_jets_tagging(**{**options, "num_test": 100_000})


def test_missing_discovery(options: dict[str, Any]) -> None:
    with pytest.raises(FileNotFoundError, match=r"no discovered symmetry in .*seed2: run `liesym reproduce"):
        reproduce_jets_tagging(**{**options, "seeds": (0, 2)})
