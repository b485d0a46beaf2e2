"""Twins against the number of samples, in and out of distribution."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_twins import JETS, ORBITS, mesh, noise, sitting
from torch import Tensor, nn

from pyg_liesym.cli.reproduce.experiment import run_experiment
from pyg_liesym.cli.reproduce.relaxed_size import (
    Grid,
    RelaxedSize,
    errors_of,
    facts_of,
    in_and_out_of_distribution,
    regrets,
)
from pyg_liesym.cli.reproduce.relaxed_twins import PlaneTask, TwinSystem, TwinTraining
from pyg_liesym.datasets.simulation import plume_files
from pyg_liesym.datasets.simulation.gravity import in_sector
from pyg_liesym.testing.equivariance import randomize_parameters

HALF = replace(ORBITS, sector=180.0, training_steps=4, training=replace(ORBITS.training, epochs=1))
ANGLE = math.radians(20)


@pytest.fixture
def plumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(plume_files, "import_phiflow", lambda: None)
    monkeypatch.setattr(plume_files, "simulate_plumes", noise)
    own = mesh(tmp_path / "plumes")
    return replace(own, data=replace(own.data, setting="graded", frames=None), windows=replace(own.windows, every=9))


@pytest.fixture
def tasks(plumes: Any) -> dict[str, PlaneTask]:
    return {"orbits": HALF.task(0.01, 0), "jets": JETS.task(32, 0), "plumes": plumes.task(0.3, 0)}


class Spy(nn.Module):
    """Notes which vectors a network of a task sees, and answers as that."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.seen = net, list[Tensor]()

    def forward(self, x: Tensor, pos: Tensor, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(pos)
        return self.net(x, pos, *args, **kwargs)


@pytest.mark.parametrize("name", ["orbits", "jets", "plumes"])
def test_turned_samples_are_turned(name: str, tasks: dict[str, PlaneTask]) -> None:
    task = tasks[name]
    spies = [Spy(task.network("free")) for _ in range(2)]
    task.error(spies[0])
    task.error(spies[1], ANGLE)
    cosine, sine = math.cos(ANGLE), math.sin(ANGLE)
    turn = torch.tensor([[cosine, -sine], [sine, cosine]])
    for straight, turned in zip(*(spy.seen for spy in spies), strict=True):
        torch.testing.assert_close(turned, straight @ turn.mT)
        assert (turned - straight).abs().max() > 0.1


@pytest.mark.parametrize("name", ["orbits", "jets", "plumes"])
def test_strict_networks_err_alike_whatever_the_turn_and_free_ones_do_not(
    name: str, tasks: dict[str, PlaneTask]
) -> None:
    """On lattices of directions, quarter turns; of orbits, by any angle."""
    task = tasks[name]
    torch.manual_seed(0)
    strict, free = (task.network(twin).eval() for twin in ("strict", "free"))  # type: ignore[arg-type]
    for net in (strict, free):
        spurions = dict(net.named_parameters()).get("spurions")
        kept = None if spurions is None else spurions.data.clone()
        randomize_parameters(net, generator=torch.Generator().manual_seed(0))
        if spurions is not None:
            spurions.data.copy_(kept)
    errors = in_and_out_of_distribution(task, strict)
    assert errors["quarter"] == pytest.approx(errors["seen"], rel=2e-5)
    if name == "orbits":
        assert errors["turned"] == pytest.approx(errors["seen"], rel=2e-5)
    other = in_and_out_of_distribution(task, free)
    assert abs(other["quarter"] / other["seen"] - 1) > 2e-4
    assert abs(other["turned"] / other["seen"] - 1) > 2e-4
    assert ("elsewhere" in other) is (name == "orbits")


class Still(nn.Module):
    """Answers each task that nothing changes, or nothing at all."""

    def forward(self, x: Tensor, pos: Tensor, *args: Any, **kwargs: Any) -> Any:
        return (x, pos) if kwargs else torch.zeros_like(pos)


@pytest.mark.parametrize("name", ["orbits", "plumes"])
def test_what_has_learned_nothing_errs_as_a_network_that_stands_still(name: str, tasks: dict[str, PlaneTask]) -> None:
    assert tasks[name].null() == pytest.approx(tasks[name].error(Still()), rel=1e-5)
    assert tasks[name].null() > 0.1


def test_orbits_train_in_a_sector_and_are_tested_in_it_and_out_of_it() -> None:
    whole, half = ORBITS.task(0.01, 0), HALF.at(0.01, 20)[0].task(0.01, 0)
    assert len(whole.loader.dataset) == 2 * 49
    assert len(half.loader.dataset) == 20
    spy = Spy(half.network("free"))
    half.error(spy)
    half.elsewhere(spy)
    for states, start in zip(
        [b.pos for b in half.loader] + [half.val.pos] + spy.seen, [-90, -90, -90, 90], strict=False
    ):
        assert in_sector(states.view(-1, 4, 2).numpy(), start, 180.0).all()
    assert len(spy.seen[0]) + len(spy.seen[1]) == 2 * 49 * 4
    assert whole.elsewhere(spy) == {}
    with pytest.raises(ValueError, match=r"there are \d+ samples to train on, but 5000 are asked for"):
        HALF.at(0.01, 5000)[0].task(0.01, 0)


def test_squeezed_jets_and_few_windows(plumes: Any) -> None:
    squeezed, level = JETS.at(1.0, 40)
    seen = []
    for experiment in (JETS, squeezed):
        task = experiment.task(level, 0)
        spy = Spy(task.network("free"))
        task.error(spy)
        seen.append(spy.seen[0])
    torch.testing.assert_close(seen[1], seen[0] * torch.tensor([1.0, 0.5]))
    few, jitter = plumes.at(3, 5)
    assert few.data.grade == 3
    task = few.task(jitter, 1)
    assert {tuple(window) for batch in task.batches(0) for window in batch.tolist()} <= {
        tuple(window) for window in task.train.tolist()
    }
    assert len(task.train) == 5
    assert set(task.train[:, 0].tolist()) <= {12, 13, 14, 15}
    with pytest.raises(ValueError, match="but 999 are asked for"):
        plumes.at(3, 999)[0].task(jitter, 1)


def test_as_many_steps_whatever_the_number_of_samples() -> None:
    training = TwinTraining(epochs=1, batch_size=16, lr=1e-3, penalty=0.0)
    for samples in (16, 100, 1000):
        own = training.validated(10, 200, samples).lasting(200, samples)
        assert own.epochs * own.passes * (samples // 16) == pytest.approx(200, rel=0.35)
        assert own.epochs <= 13
    task, budget = JETS.task(32, 0), replace(JETS.training, passes=2)
    system = TwinSystem(task.network("free"), task, budget, relaxed=False)
    loader = system.train_dataloader()
    assert len(loader) == 4
    for number, batch in zip((0, 0, 1, 1), loader, strict=True):
        assert any(torch.equal(batch.pos, own.pos) for own in task.batches(number))


def test_a_record_and_its_conclusions(tmp_path: Path, plumes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = Grid((0.0, 0.02), (16, 24))
    own = RelaxedSize(
        seeds=(0, 1), tasks=("orbits", "orbits, vector channels", "jets", "plumes"), vector_channels=2,
        grids={"orbits": grid, "orbits, vector channels": replace(grid, twins=("relaxed",)),
               "jets": Grid((0.0,), (32,), ("strict", "free")), "plumes": Grid((3,), (4,), ("free",))},
        orbits=HALF, jets=JETS, mesh=plumes,
    )  # fmt: skip
    record = run_experiment(own, sitting(tmp_path))
    assert len(record["runs"]) == 2 * (12 + 4 + 2 + 1)
    numbers = {(run["table"], run["row"]): run["numbers"] for run in record["runs"] if run["seed"] == 0}
    strict, relaxed = (
        numbers["orbits", "0, 16 samples, strict"],
        numbers["orbits, vector channels", "0, 16 samples, relaxed"],
    )
    assert strict["turned"] == pytest.approx(strict["seen"], rel=1e-3)
    assert relaxed["relaxation"] > 0
    assert relaxed["parameters"] != strict["parameters"]
    assert set(record["crossovers"]) == {"orbits", "jets"}
    assert record["crossovers"]["orbits"]["seen"]["samples"] == [16, 24]
    assert set(record["regrets"]["orbits"]["elsewhere"]) == {"strict", "relaxed", "free", "relaxed, vector channels"}
    regret = record["regrets"]["orbits"]["seen"]["free"]
    assert record["facts"]["orbits_seen_free_loses_percent"]["value"] == pytest.approx(100 * math.expm1(regret))
    assert (tmp_path / "orbits.png").stat().st_size > 1000
    assert (tmp_path / "jets.png").stat().st_size > 1000
    monkeypatch.setattr("lightning.Trainer.fit", None)
    assert run_experiment(own, sitting(tmp_path))["regrets"] == record["regrets"]
    with pytest.raises(ValueError, match="there is no task tides; there are orbits"):
        list(replace(own, tasks=("tides",)).jobs())


def test_facts_are_what_is_finite() -> None:
    found = {"samples": [10, 30], "crossings": [0.02, math.inf], "intervals": [[0.01, math.inf], [0.02, math.inf]]}
    known = {"slope": -0.5, "slope_interval": [-0.7, -0.2]}
    facts = facts_of({"orbits": {"seen": found | known, "turned": found | {"slope": None}}}, {})
    assert facts["orbits_seen_power_from"] == {"value": -0.7, "digits": 2}
    assert facts["orbits_seen_10"]["value"] == 0.02
    assert not {"orbits_seen_10_to", "orbits_seen_30", "orbits_turned_power"} & {*facts}


def test_errors_are_of_the_seeds_that_all_have() -> None:
    def run(table: str, twin: str, level: float, seed: int, error: float) -> dict[str, Any]:
        settings = {"twin": twin, "level": level, "samples": 10}
        return {"table": table, "seed": seed, "settings": settings, "numbers": {"seen": error}}

    runs = [
        run(table, twin, level, seed, 1 + level + seed)
        for table, twin in (("orbits", "strict"), ("orbits", "free"), ("orbits, more", "free"))
        for level in (0.0, 1.0)
        for seed in (1, 2)
    ]
    errors = errors_of(runs[:-1], "seen", [0.0, 1.0])
    assert set(errors) == {"strict", "free", "free, more"}
    np.testing.assert_allclose(errors["free"][10], [[2.0], [3.0]])
    assert errors_of(runs[:-1], "seen", [0.0, 1.0], ("strict", "free"))["free"][10].shape == (2, 2)
    assert errors_of(runs, "turned", [0.0, 1.0]) == {}
    found = regrets({"a": {10: np.array([[1.0, 2.0]])}, "b": {10: np.array([[2.0, 2.0]])}})
    assert found == {"a": 0.0, "b": pytest.approx(math.log(2) / 2)}
