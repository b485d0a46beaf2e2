from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from pyg_liesym.cli.reproduce.tagging_table import compare, markdown, tabulate
from pyg_liesym.cli.tagging_report import SCORES, save_scores
from pyg_liesym.metrics.areas import auc, auc_difference

LABEL = torch.arange(200) % 2


def scores(seed: int, strength: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(200, generator=generator) + strength * LABEL


def result(folder: Path, model: str, seed: int, strength: float) -> dict[str, Any]:
    score = scores(seed, strength)
    logits = torch.stack([torch.zeros(200), score], dim=1)
    save_scores(folder / f"{model}-seed{seed}" / SCORES, {"logits": logits, "label": LABEL})
    return {
        "seed": seed, "parameters": 1234567, "accuracy": 0.9, "accuracy_error": 0.02, "auc": auc(score, LABEL).value,
        "auc_bootstrap_error": 0.01, "rejection_30": None, "rejection_30_error": None, "rejection_30_passed": 7,
        "rejection_50": 40.0 + seed, "rejection_50_error": 5.0, "rejection_50_passed": 31,
        "jets_per_second": 100.0 + seed,
    }  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        "liegnn": [result(tmp_path, "liegnn", seed, 1.0) for seed in (0, 1, 2)],
        "lorentznet": [result(tmp_path, "lorentznet", 0, 1.3)],
    }


def test_means_over_seeds_and_errors_of_one(results: dict[str, list[dict[str, Any]]]) -> None:
    several, single = tabulate(results)
    areas = [one["auc"] for one in results["liegnn"]]
    spread = math.sqrt(sum((area - sum(areas) / 3) ** 2 for area in areas) / 2 / 3)
    assert several["auc"] == pytest.approx(sum(areas) / 3)
    assert several["auc_error"] == pytest.approx(spread)
    assert several["rejection_50"] == pytest.approx(41.0)
    assert single["auc_error"] == 0.01
    assert single["rejection_30"] is None
    assert single["passed"] == [7, 31]


def test_every_run_is_set_against_the_only_reference(results: dict[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    (row,) = compare(tmp_path, results, "lorentznet")
    differences = [auc_difference(scores(seed, 1.0), scores(0, 1.3), LABEL) for seed in (0, 1, 2)]
    values = torch.tensor([one.value for one in differences], dtype=torch.float64)
    assert row["seeds"] == [0, 1, 2]
    assert row["auc_difference"] == pytest.approx(float(values.mean()))
    assert row["error"] == pytest.approx(float(values.std()) / math.sqrt(3))
    assert row["error_of_jets"] == pytest.approx(sum(one.error for one in differences) / 3)
    (row,) = compare(tmp_path, {**results, "liegnn": results["liegnn"][1:2]}, "lorentznet")
    assert (row["auc_difference"], row["error"]) == pytest.approx(tuple(differences[1]))
    assert row["equal"] == (abs(differences[1].value) <= max(0.001, 2 * differences[1].error))


def test_differences_are_of_the_same_seeds(results: dict[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    results["lorentznet"].append(result(tmp_path, "lorentznet", 2, 1.3))
    (row,) = compare(tmp_path, results, "lorentznet")
    values = [auc_difference(scores(seed, 1.0), scores(seed, 1.3), LABEL).value for seed in (0, 2)]
    assert row["auc_difference"] == pytest.approx(sum(values) / 2)
    assert row["error"] == pytest.approx(abs(values[0] - values[1]) / 2)
    assert compare(tmp_path, results, "egnn") == []


def test_a_table_says_what_is_too_few(results: dict[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    text = markdown(tabulate(results), compare(tmp_path, results, "lorentznet"))
    row = next(line for line in text.splitlines() if line.startswith("| liegnn |"))
    assert "| 1 234 567 |" in row
    assert "too few (7)" in row
    assert "41 ± 1" in row
    assert row.endswith("| 3 |")
    assert "| liegnn | lorentznet | -0." in text
