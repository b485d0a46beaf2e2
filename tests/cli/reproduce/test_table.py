from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from pyg_liesym.cli.files import finite, save_tensors
from pyg_liesym.cli.reproduce.table import Column, cell, markdown, paired, tabulate
from pyg_liesym.cli.reproduce.tagging import area_differences
from pyg_liesym.cli.tagging_report import SCORES
from pyg_liesym.metrics.areas import auc, auc_difference

LABEL = torch.arange(200) % 2
COLUMNS = (Column("auc", "AUC", 5), Column("rejection_30", "1/ε_B", 0))


def scores(seed: int, strength: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(200, generator=generator) + strength * LABEL


def run(folder: Path, model: str, seed: int, strength: float) -> dict[str, Any]:
    score = scores(seed, strength)
    logits = torch.stack([torch.zeros(200), score], dim=1)
    save_tensors(folder / f"{model}-seed{seed}" / SCORES, {"logits": logits, "label": LABEL})
    numbers = {"parameters": 1234567, "auc": auc(score, LABEL).value, "auc_error": 0.01, "rejection_30": None}
    return {"table": "", "row": model, "seed": seed, "seconds": 100.0 + seed, "numbers": numbers}


@pytest.fixture
def runs(tmp_path: Path) -> list[dict[str, Any]]:
    return [*(run(tmp_path, "liegnn", seed, 1.0) for seed in (0, 1, 2)), run(tmp_path, "lorentznet", 0, 1.3)]


def test_means_over_seeds_and_errors_of_one(runs: list[dict[str, Any]]) -> None:
    several, single = tabulate(runs, COLUMNS)
    areas = [one["numbers"]["auc"] for one in runs[:3]]
    spread = math.sqrt(sum((area - sum(areas) / 3) ** 2 for area in areas) / 2)
    assert several["auc"]["values"] == areas
    assert several["auc"]["mean"] == pytest.approx(sum(areas) / 3)
    assert several["auc"]["std"] == pytest.approx(spread)
    assert several["auc"]["error"] == pytest.approx(spread / math.sqrt(3))
    assert several["seconds"] == 101
    assert single["auc"]["error"] == 0.01
    assert single["rejection_30"]["mean"] is None


def test_a_number_that_a_seed_lacks_has_no_mean(runs: list[dict[str, Any]]) -> None:
    runs[1]["numbers"]["auc"] = None
    assert tabulate(runs, COLUMNS)[0]["auc"]["mean"] is None


def test_pairs_are_of_the_same_seeds(runs: list[dict[str, Any]]) -> None:
    for one, value in zip(runs, (2.0, 3.0, 4.0, 8.0), strict=True):
        one["numbers"]["rmse"] = value
    runs.append({**runs[3], "seed": 2, "numbers": {"rmse": 16.0}})
    ratio = paired(runs, "rmse", "liegnn", "lorentznet", ratio=True)
    assert ratio is not None
    assert (ratio["seeds"], ratio["values"], ratio["mean"], ratio["error"]) == ([0, 2], [0.25, 0.25], 0.25, 0.0)
    difference = paired(runs, "rmse", "liegnn", "lorentznet")
    assert difference is not None
    assert (difference["values"], difference["mean_absolute"]) == ([-6.0, -12.0], 9.0)
    assert paired(runs, "rmse", "liegnn", "egnn") is None


def test_every_run_is_set_against_the_only_reference(runs: list[dict[str, Any]], tmp_path: Path) -> None:
    (row,) = area_differences(tmp_path, runs, "lorentznet")
    differences = [auc_difference(scores(seed, 1.0), scores(0, 1.3), LABEL) for seed in (0, 1, 2)]
    values = torch.tensor([one.value for one in differences], dtype=torch.float64)
    assert row["seeds"] == [0, 1, 2]
    assert row["mean"] == pytest.approx(float(values.mean()))
    assert row["error"] == pytest.approx(float(values.std()) / math.sqrt(3))
    assert row["error_of_jets"] == pytest.approx(sum(one.error for one in differences) / 3)
    (row,) = area_differences(tmp_path, [runs[1], runs[3]], "lorentznet")
    assert (row["mean"], row["error"]) == pytest.approx(tuple(differences[1]))


def test_differences_are_of_the_same_seeds(runs: list[dict[str, Any]], tmp_path: Path) -> None:
    runs.append(run(tmp_path, "lorentznet", 2, 1.3))
    (row,) = area_differences(tmp_path, runs, "lorentznet")
    values = [auc_difference(scores(seed, 1.0), scores(seed, 1.3), LABEL).value for seed in (0, 2)]
    assert row["values"] == pytest.approx(values)
    assert area_differences(tmp_path, runs, "egnn") == []


def test_the_table_as_text(runs: list[dict[str, Any]], tmp_path: Path) -> None:
    text = markdown(
        {"": COLUMNS}, tabulate(runs, COLUMNS), area_differences(tmp_path, runs, "lorentznet"), ["egnn-seed0"]
    )
    row = next(line for line in text.splitlines() if line.startswith("| liegnn |"))
    assert "| 1 234 567 |" in row
    assert row.endswith("| – | 101 | 0, 1, 2 |")
    assert "| auc | liegnn | lorentznet | difference | -0." in text
    assert text.endswith("Diverged, and in no table: egnn-seed0.\n")
    assert cell({"mean": 41.2, "error": None}, 0) == "41"


def test_what_json_has_no_word_for() -> None:
    assert finite({"a": [float("inf"), 1.0], "b": float("nan")}) == {"a": [None, 1.0], "b": None}
