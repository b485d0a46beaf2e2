from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pyg_liesym.cli.reproduce import real_cases
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.real_cases import CASES, Sources
from pyg_liesym.cli.reproduce.real_data import RealData

MUONS = Path(__file__).parents[4] / "shared" / "data" / "muons" / "zmumu_3000.npz"
PAIRS, INERTIA, TENSORS = "muons", "inertia", "polarisabilities"


def ask(name: str, out: Path, sources: Sources | None = None) -> dict[str, Any]:
    record = run_experiment(RealData((0,), (name,), sources or Sources()), Sitting(out=out, progress=False))
    numbers: dict[str, Any] = next(run["numbers"] for run in record["runs"] if run["row"] == name)
    return numbers


def write_pairs(path: Path) -> Path:
    """Pairs of light particles and their mass, in the layout of the muons."""
    rng = np.random.default_rng(0)
    momentum = rng.normal(size=(1500, 2, 3)) * 30
    energy = np.sqrt((momentum**2).sum(-1, keepdims=True) + 0.10566**2)
    p4 = np.concatenate([energy, momentum], -1)
    total = p4.sum(1)
    np.savez(path, p4=p4, mass=np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(-1)))
    return path


@pytest.mark.parametrize("real", [False, True])
def test_pairs_keep_the_lorentz_algebra(tmp_path: Path, real: bool) -> None:
    if real and not MUONS.exists():
        pytest.skip("the real pairs are not there")
    numbers = ask(PAIRS, tmp_path, Sources(muons=MUONS if real else write_pairs(tmp_path / "pairs.npz")))
    assert (numbers["certified"], numbers["dim"]) == (1, 6)
    assert numbers["angle"] < 0.01
    assert numbers["breaking"] < 0.01
    # The null: one direction more, and six directions at random, are far off.
    assert min(numbers["next"], numbers["null"]) > 50
    assert numbers["null_angle"] > 45
    assert (tmp_path / "ladders.png").exists()


class Molecules:
    """In place of QM9: second moments, and tensors in their frame or in that of the longest axes."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        turns = torch.linalg.qr(torch.randn(3000, 3, 3, generator=generator, dtype=torch.float64))[0]
        spread = torch.tensor([0.5, 1.0, 3.0]) + torch.tensor([0, 0, 27]) * torch.rand(3000, 1, generator=generator)
        self.moments = (turns * spread.double()[:, None]) @ turns.mT

    def isomers(self, carbon: int, hydrogen: int, oxygen: int) -> torch.Tensor:
        return torch.arange(3000)

    def second_moments(self, weighting: str) -> torch.Tensor:
        return self.moments

    def polarisability(self) -> torch.Tensor:
        return torch.diag_embed(torch.linalg.eigvalsh(self.moments))


def test_a_tensor_in_another_frame_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    molecules = Molecules()
    monkeypatch.setattr(real_cases, "_qm9", lambda cache: molecules)
    monkeypatch.setattr(real_cases.QM9, "polarisability", Molecules.polarisability)
    moved, framed = ask(INERTIA, tmp_path), ask(TENSORS, tmp_path)
    assert (moved["certified"], moved["dim"]) == (1, 3)
    assert framed["refuted"] == 1
    assert framed["breaking"] > 10 * moved["breaking"]
    assert moved["angle"] is None  # the matrices were given


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no kind of data 'kaons'"):
        list(RealData(names=("kaons",)).jobs())
    with pytest.raises(FileNotFoundError, match="no file matches"):
        ask(PAIRS, tmp_path, Sources(muons=tmp_path / "none.npz"))
    assert {case.question for case in CASES.values()} == {"support", "law"}
