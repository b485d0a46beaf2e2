from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce.certificates import Certificates
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.known_symmetries import KNOWN, affine, drawn
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.findings import find_symmetry


def test_what_is_true_is_counted_right_and_what_is_not_is_not_certified(tmp_path: Path) -> None:
    names = ("circle", "y = x |x|²", "square", "pure noise")
    record = run_experiment(
        Certificates(seeds=(0,), names=names, sizes=(1000,), draws=3), Sitting(out=tmp_path, progress=False)
    )
    counts = {run["row"]: run["numbers"] for run in record["runs"]}
    assert [counts[name]["right"] for name in names] == [3, 3, 0, 0]
    assert [counts[name]["wrong"] for name in names] == [0, 0, 0, 0]
    assert counts["pure noise"]["no evidence"] == 3
    assert [counts[name]["single_right"] for name in names] == [3, 3, 0, 0]
    assert [counts[name]["single_kept"] for name in names] == [30, 30, 15, 0]
    facts = {name: fact["value"] for name, fact in record["facts"].items()}
    assert (facts["false"], facts["false_draws"]) == (0, 6)
    assert 30 < facts["false_at_most_percent"] < 50
    assert (facts["single_false"], facts["single_false_draws"], facts["single_found_draws"]) == (0, 6, 3)
    assert (tmp_path / "certificates.png").exists()
    assert (tmp_path / "table.md").exists()


def test_no_truth_is_refuted() -> None:
    symmetric = {name: known for name, known in KNOWN.items() if known.truth is not None}
    assert len(symmetric) >= 24
    for name, known in symmetric.items():
        assert known.truth is not None
        _, x, y = drawn(name, 500, 0)
        (finding,) = (
            f for f in DiscoveredSymmetry.of(known.truth).certify(x, y).findings if f.claim.question == known.question
        )
        assert finding.claim.status != "refuted", name


@pytest.mark.parametrize("name", ["points of a line", "hyperbola", "circle"])
def test_sets_without_any_thickness_are_certified(name: str) -> None:
    # Their margin was ten times a thickness of zero, or of rounding.
    for seed in range(5):
        known, x, y = drawn(name, 300, seed)
        assert known.truth is not None
        claim = find_symmetry(x, y, among=known.among, seed=seed).findings[0].claim
        assert (claim.status, claim.dim) == ("certified", known.truth.dim)


def test_the_table_has_all_kinds() -> None:
    assert len(KNOWN) >= 44
    assert sum(known.truth is None for known in KNOWN.values()) >= 18
    groups = {
        known.truth.identify()[0].name for known in KNOWN.values() if known.truth is not None and known.truth.n < 5
    }
    assert groups >= {"so(2)", "so(3)", "so(1,1)", "so(1,3)", "scaling(2)", "e(2)", "galilei(1)", "sp(4)"}


def test_affine_matrices_move_points_and_shift_them() -> None:
    matrices = affine(2).basis
    moved = matrices @ torch.tensor([2.0, 3.0, 1.0], dtype=torch.float64)
    assert moved[:, :2].tolist() == [[2, 0], [3, 0], [0, 2], [0, 3], [1, 0], [0, 1]]
    assert not moved[:, 2].any()


def test_draws_follow_from_the_seed() -> None:
    for name in KNOWN:
        (_, x, y), (_, again, _), (_, other, _) = drawn(name, 100, 0), drawn(name, 100, 0), drawn(name, 100, 1)
        assert torch.equal(x, again), name
        assert not torch.equal(x, other), name
        assert y is None or len(y) == len(x) == 100


def test_unknown_data_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no kind of data 'triangle'; expected some of circle"):
        list(Certificates(names=("triangle",)).jobs())
