from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.polynomial_systems import SYSTEMS, PolynomialSystem
from pyg_liesym.cli.reproduce.simultaneous_bound import _extremes, certified
from pyg_liesym.cli.reproduce.symcert import SymCert

# Smallest true defects of the systems as published (its results/exp10_noise.json, four digits).
PUBLISHED = {"Van der Pol": 0.2483, "Lotka–Volterra": 0.2713, "Duffing": 0.2861, "asymmetric top": 0.2063}


def test_defects_are_the_published_ones() -> None:
    assert {name: system.dim for name, system in SYSTEMS.items() if system.dim} == {
        "Hopf": 1,
        "linear rotation": 2,
        "symmetric top": 2,
        "flow onto a sphere": 3,
    }
    for name, smallest in PUBLISHED.items():
        system = SYSTEMS[name]
        assert float(system.spectrum(system.coefficients)[0][0]) == pytest.approx(smallest, abs=6e-5)


def test_the_defect_is_what_its_integrals_are_by_sampling() -> None:
    system = SYSTEMS["Lorenz"]
    points = 20 * (2 * torch.rand(200_000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1)
    matrix = torch.tensor([[0.3, -1.0, 0.2], [1.1, 0.1, 0.0], [0.0, 0.4, -0.7]], dtype=torch.float64)
    along = torch.func.jvp(system.field, (points,), (points @ matrix.mT,))[1]
    turned = system.field(points) @ matrix.mT
    expected = ((along - turned).square().sum() / (along.square().sum() + turned.square().sum())).sqrt()
    generator = torch.cat([matrix.flatten(), torch.zeros(3, dtype=torch.float64)])[:, None]
    assert system.defect(generator) == pytest.approx(float(expected), rel=0.01)


def test_a_wrong_generator_breaks_and_a_symmetry_does_not() -> None:
    system = SYSTEMS["Hopf"]
    rotation = torch.tensor([0.0, -1, 1, 0, 0, 0], dtype=torch.float64)[:, None]
    stretch = torch.tensor([1.0, 0, 0, -1, 0, 0], dtype=torch.float64)[:, None]
    assert system.breaking(rotation) < 1e-6
    assert system.defect(rotation) < 1e-6
    assert 0.3 < system.breaking(stretch) < 3
    assert system.breaking(torch.cat([rotation, stretch], 1)) == pytest.approx(system.breaking(stretch), rel=1e-6)


def test_extremes_over_the_region_are_those_of_a_search() -> None:
    generator = torch.Generator().manual_seed(0)
    for size in (0.0, 0.1, 1.0, 3.0):
        matrix, shape = (torch.randn(s, generator=generator, dtype=torch.float64) for s in ((7, 2), (2, 2)))
        fitted = size * torch.randn(2, generator=generator, dtype=torch.float64)
        angle = torch.linspace(0, 2 * torch.pi, 2001, dtype=torch.float64)
        circle = torch.stack([angle.cos(), angle.sin()], 1)
        disc = (torch.linspace(0, 1, 301, dtype=torch.float64)[:, None, None] * circle).flatten(0, 1)
        lengths = (matrix @ fitted + disc @ (matrix @ shape).mT).norm(dim=1)
        low, high = _extremes(matrix, fitted, shape)
        assert high == pytest.approx(float(lengths.max()), rel=1e-4)
        assert low == pytest.approx(float(lengths.min()), abs=0.02)
        assert low <= float(lengths.min()) + 1e-9


def _found(system: PolynomialSystem, samples: int, noise: float, draws: int) -> float:
    found = 0
    for seed in range(draws):
        x, y = system.draw(samples, noise, torch.Generator().manual_seed(seed))
        found += certified(system, x, y, 0.05, 0.05).size(1) >= system.dim
    return found / draws


def test_the_bound_detects_as_often_as_published() -> None:
    # Of 300 draws each, exp1_calibration.json: 1.00, 0.07, 1.00, 0.00; a linear system 1.00 and 0.00.
    hopf, linear = SYSTEMS["Hopf"], SYSTEMS["linear rotation"]
    assert _found(hopf, 100, 0.01, 15) == 1
    assert _found(hopf, 200, 0.03, 15) < 0.4
    assert _found(hopf, 400, 0.03, 15) > 0.9
    assert _found(hopf, 400, 0.1, 15) == 0
    assert _found(linear, 400, 0.1, 15) == 1
    assert _found(linear, 400, 0.3, 15) == 0


def test_an_experiment_counts_both(tmp_path: Path) -> None:
    experiment = SymCert(seeds=(0,), systems=("linear rotation", "Duffing"), sizes=(400,), noises=(0.01,), draws=2)
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    symmetric, none = (run["numbers"] for run in record["runs"])
    assert (symmetric["bound_found"], none["bound_found"]) == (2, 0)
    assert symmetric["ours_found"] == 2
    assert [own[f"ours_{what}"] for own in (symmetric, none) for what in ("false", "broken")] == [0] * 4
    assert none["refuted"] == 2
    assert record["facts"]["ours_false_draws"]["value"] == 4


def test_unknown_systems_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no system 'Rössler'; expected some of Hopf"):
        list(SymCert(systems=("Rössler",)).jobs())
