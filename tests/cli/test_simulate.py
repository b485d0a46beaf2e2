from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyg_liesym.cli.main import main
from pyg_liesym.cli.simulate import (
    simulate_charged_particles,
    simulate_gravitational_orbits,
    simulate_jets,
    simulate_n_body,
)
from pyg_liesym.datasets.bodies.charged_particles import ChargedParticles
from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES


@pytest.mark.parametrize("kind", ["three-body", "three_body"])
def test_orbits_are_files_for_discover(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["simulate", "orbits", "--kind", kind, "--num_orbits", "2", "--seed", "5", "--trap", "0.1",
          "--out", str(tmp_path)])  # fmt: skip
    assert "38 pairs of 6 vectors" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.npy"]
    for name, state in zip(
        ("x", "y"), one_step_pairs(simulate_orbits("three_body", num_orbits=2, seed=5, trap=0.1)), strict=True
    ):
        written = np.load(tmp_path / f"{name}.npy", allow_pickle=False)
        assert written.shape == (38, 6, 2)
        np.testing.assert_array_equal(written.reshape(38, 12), state)


def test_unknown_orbits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="kind must be one of two-body, two-body-wide, three-body, got 'four_body'"):
        simulate_gravitational_orbits(kind="four_body", out=tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["simulate", "orbits", "--kind", "four_body", "--out", str(tmp_path)])
    assert "four_body" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_charged_particles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(RECIPES, "charged", replace(RECIPES["charged"], systems={"train": 4, "val": 2, "test": 3}))
    simulate_charged_particles(tmp_path, seed=1)
    assert [line.split(" systems")[0] for line in capsys.readouterr().out.splitlines()] == [
        "train: 4",
        "val: 2",
        "test: 3",
    ]
    assert len(list((tmp_path / "processed").glob("*.safetensors"))) == 3
    assert len(ChargedParticles(str(tmp_path), "test", seed=1)) == 3


def test_n_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(RECIPES, "gravity", replace(RECIPES["gravity"], systems={"train": 4, "test": 3}))
    simulate_n_body("gravity", tmp_path, frames=(0, 1), seed=1, progress=False)
    assert [line.split(" systems")[0] for line in capsys.readouterr().out.splitlines()] == ["train: 4", "test: 3"]
    assert len(NBody(str(tmp_path), "test", "gravity", frames=(0, 1), seed=1)) == 3
    with pytest.raises(SystemExit, match="2"):
        main(["simulate", "n-body", "--kind", "springs", "--root", str(tmp_path)])
    assert "springs" in capsys.readouterr().err


def test_jets_pass_their_arguments_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[Any] = []

    def simulate(*args: object, **kwargs: object) -> list[Path]:
        calls.append((args, kwargs))
        return [tmp_path / "jets.root"]

    monkeypatch.setattr("pyg_liesym.datasets.simulation.jets.simulate_jets", simulate)
    simulate_jets(tmp_path, 20, seed=3, num_workers=2, detector="none")
    [((folder, num_jets), options)] = calls
    assert (folder, num_jets, options["seed"]) == (tmp_path, 20, 3)
    assert repr(options["crew"]) == "Processes(2)"
    assert (options["detector"], options["multiple_interactions"]) == ("none", True)
    assert f"20 jets in 1 files in {tmp_path}" in capsys.readouterr().out
