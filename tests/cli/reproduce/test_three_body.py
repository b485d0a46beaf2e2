from __future__ import annotations

from pathlib import Path

import torch

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.orbit_forecast import ForecastTraining, orbit_splits
from pyg_liesym.cli.reproduce.orbit_methods import BLOCKS, METHODS, NULL, TRUTH, compared
from pyg_liesym.cli.reproduce.three_body import ThreeBody
from pyg_liesym.cli.reproduce.two_body import TwoBody
from pyg_liesym.discovery.mask import block_mask

ORBITS = 400


def test_body_1_of_test_states_is_where_it_is_in_no_training_state() -> None:
    splits = orbit_splits("three_body", ORBITS)
    for pairs in (splits.train, splits.val):
        assert bool((pairs.x[:, 1] <= 0).all())
    assert bool((splits.test.x[:, 1] >= 0).all())
    assert bool((torch.from_numpy(splits.orbits.pos)[:, 0, 0, 1] >= 0).all())
    assert splits.orbits.pos.shape[1:] == splits.orbits.mom.shape[1:] == (20, 3, 2)
    # Each state is there once: about half of all, with the orbit that it belongs to.
    assert 0.4 * ORBITS * 19 < len(splits.train.x) < 0.6 * ORBITS * 19
    assert len(splits.train.x) == len(splits.train.y) == len(splits.train.orbit)
    assert splits.train.x.shape[1] == 12
    followed = torch.roll(splits.train.x, -1, 0)[:-1] == splits.train.y[:-1]
    neighbours = splits.train.orbit[1:] == splits.train.orbit[:-1]
    assert bool(followed.all(1)[neighbours].float().mean() > 0.9)


def test_the_closed_form_in_blocks_finds_the_rotation_and_a_random_one_is_far() -> None:
    pairs = orbit_splits("three_body", ORBITS).train
    found = METHODS[BLOCKS](pairs, 0, False)
    assert bool((found.algebra.basis[0][block_mask([2] * 6) == 0] == 0).all())
    assert compared(found, pairs)["sine_data"] < 0.1
    assert compared(METHODS[NULL](pairs, 0, False), pairs)["sine_data"] > 0.8


def test_the_table_has_both_ways_and_the_plain_networks(tmp_path: Path) -> None:
    quick = ForecastTraining(steps=3, batch_size=16, hidden_channels=8, hidden_type="2 + 2V", num_orbits=8)
    experiment = ThreeBody(seeds=(0,), methods=(NULL, TRUTH), training=quick)
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    rows = {(row["table"], row["row"]) for row in record["table"]}
    assert record["diverged"] == ["EMLP/random-rotation-seed0"]  # no gap
    both = {(table, row) for table in ("discovery", "EMLP", "augmentation") for row in (NULL, TRUTH)}
    assert rows == both - {("EMLP", NULL)} | {("no symmetry", "HNN"), ("no symmetry", "MLP")}
    assert [(one["table"], one["first"], one["how"]) for one in record["comparisons"]] == [
        ("augmentation", NULL, "ratio")
    ]


def test_settings_are_those_of_two_bodies_but_for_the_steps() -> None:
    own, other = ThreeBody().training, TwoBody().training
    assert own == ForecastTraining(steps=other.steps // 2)
