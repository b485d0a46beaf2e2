"""What cannot be answered ends in one clear sentence, from Python and on the command line."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.cli.main import main
from pyg_liesym.discovery.findings import find_symmetry


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


SOME = normal(300, 3)
HOLES = np.where(np.abs(SOME) > 2.5, np.nan, SOME)
REFUSED = {
    "one sample": (SOME[:1], None, "x holds 1 samples; at least 100 are needed"),
    "constant": (np.ones((300, 3)), None, "x is the same in all 300 samples: nothing can be learned from one point"),
    "NaN": (HOLES, None, "[Nn]aN|not finite"),
    "NaN in y": (SOME, HOLES[:, 0], "[Nn]aN|not finite"),
    "one number": (SOME[:, :1], None, "give vectors of at least two components"),
    "one class": (SOME, np.zeros(300, dtype=int), "y is the same in all 300 samples: it tells nothing about x"),
    "a constant number": (SOME, np.full(300, 2.5), "y is the same in all 300 samples: it tells nothing about x"),
    "fewer rows": (SOME, SOME[:200], "y must have one row per sample of x"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_says_nothing_is_refused_in_a_sentence(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x, y, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        find_symmetry(torch.from_numpy(x), None if y is None else torch.from_numpy(y))
    files = []
    for name, array in (("x", x), ("y", y)):
        if array is not None:
            np.save(tmp_path / f"{name}.npy", array)
            files.append(str(tmp_path / f"{name}.npy"))
    with pytest.raises(SystemExit, match="2"):
        main(["discover", *files, "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert error.startswith("liesym discover: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


UNANSWERED = {
    "fewer than unknowns": (normal(120, 12), None, "144 directions of 12 × 12 matrices need at least 576 samples"),
    "fewer than unknowns, a law": (normal(120, 12), normal(120, 12)[::-1].copy(), "too few to fit a law of 12 numbers"),
    "n = 30": (normal(1000, 30), None, "900 directions of 30 × 30 matrices"),
    "a class of one": (SOME, (np.arange(300) == 0).astype(int), "y does not depend on x"),
}


@pytest.mark.parametrize("case", UNANSWERED)
def test_what_cannot_be_decided_says_why_and_when(case: str) -> None:
    x, y, message = UNANSWERED[case]
    begun = time.monotonic()
    found = find_symmetry(torch.from_numpy(x), None if y is None else torch.from_numpy(y), output="auto")
    assert found.verdict.headline == "NOTHING  these data do not show a symmetry."
    assert message in str(found)
    assert all(finding.claim.status == "no evidence" for finding in found.findings)
    assert time.monotonic() - begun < 30


def test_a_constant_column_is_kept_and_said() -> None:
    x = np.concatenate([SOME[:, :2], np.ones((300, 1))], 1)
    assert "in R³, component 2 always 1; no y" in find_symmetry(torch.from_numpy(x)).reading
