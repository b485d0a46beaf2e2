from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.orbit_forecast import ForecastTraining, OfBodies, form_of_blocks, orbit_splits
from pyg_liesym.cli.reproduce.orbit_methods import BLOCKS, METHODS, NULL, TRUTH, compared
from pyg_liesym.cli.reproduce.three_body import BOOST, VECTORS, ThreeBody
from pyg_liesym.cli.reproduce.two_body import TwoBody
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.systems.system import TrainingDiverged
from pyg_liesym.testing.equivariance import randomize_parameters

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
    plain, forms = {("no symmetry", "HNN"), ("no symmetry", "MLP")}, {(VECTORS, TRUTH), (VECTORS, BOOST)}
    assert rows == both - {("EMLP", NULL)} | plain | forms
    assert [(one["table"], one["first"], one["how"]) for one in record["comparisons"]] == [
        ("augmentation", NULL, "ratio"),
        (VECTORS, BOOST, "ratio"),
    ]


def test_vector_channels_keep_the_symmetry_whose_form_they_have() -> None:
    pairs = orbit_splits("three_body", ORBITS).train
    turn, boost = LieAlgebra.rotation(2), LieAlgebra.indefinite_rotation(1, 1)
    for own, other in ((turn, boost), (boost, turn)):
        net = OfBodies(form_of_blocks(own.repeat(6)), 8, 0.3).double().requires_grad_(False)
        randomize_parameters(net, generator=torch.Generator().manual_seed(0))
        x = pairs.x[:4].double()
        g, wrong = (one.repeat(6).sample(1, 0.5, generator=torch.Generator().manual_seed(1))[0] for one in (own, other))
        torch.testing.assert_close(net(x @ g.mT), net(x) @ g.mT)
        assert float((net(x @ wrong.mT) - net(x) @ wrong.mT).abs().max()) > 1e-3


def test_blocks_that_keep_no_form_are_refused() -> None:
    with pytest.raises(TrainingDiverged, match="keep no form"):
        form_of_blocks(LieAlgebra(torch.eye(4, dtype=torch.float64)[None]))


def test_settings_are_those_of_two_bodies_but_for_the_steps() -> None:
    own, other = ThreeBody().training, TwoBody().training
    assert own == ForecastTraining(steps=other.steps // 2)
