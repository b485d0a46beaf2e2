from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce.capabilities import ROWS, Capabilities, judge
from pyg_liesym.cli.reproduce.capability_data import COLUMNS, PROBLEMS, commuting
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.lie.algebra import LieAlgebra


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_data_keep_what_they_are_said_to_keep(name: str) -> None:
    problem = PROBLEMS[name]
    x, y = problem.draw(1000, torch.Generator().manual_seed(0))
    if problem.truth is not None:
        law = DiscoveredSymmetry.of(problem.truth).certify(x, y).findings[0]
        assert (law.claim.question, law.claim.status) == ("law", "certified")
    if problem.elements is not None:
        order = (len(problem.elements) + 1) // 2
        for g in problem.elements:
            moved = x @ g.mT
            angle = torch.atan2(moved[:, 1], moved[:, 0])
            assert torch.allclose(moved.norm(dim=1) * (1 + torch.cos(order * angle)), y[:, 0])


def test_maps_that_commute_are_all_and_only_those() -> None:
    for algebra, count in ((LieAlgebra.rotation(2), 2), (LieAlgebra.rotation(3), 1)):
        maps = commuting(algebra.basis)
        assert len(maps) == count
        for one in maps:
            for matrix in algebra.basis:
                assert torch.allclose(one @ matrix, matrix @ one, atol=1e-12)
    assert len(commuting(torch.zeros(1, 2, 2))) == 4


def test_right_and_wrong_answers_are_told_apart() -> None:
    plane, petals, none = PROBLEMS["turns of the plane"], PROBLEMS["four petals"], PROBLEMS["cubes"]
    turn = LieAlgebra.rotation(2)
    assert judge(DiscoveredSymmetry.of(turn), plane).found
    boost = judge(DiscoveredSymmetry.of(LieAlgebra.indefinite_rotation(1, 1)), plane)
    assert not boost.found
    assert boost.error == pytest.approx(math.pi / 2)
    assert not judge(DiscoveredSymmetry.of(LieAlgebra.general_linear(2)), plane).found
    assert not judge(DiscoveredSymmetry.of(turn), petals).found
    for angle, found in ((90.0, True), (60.0, False), (0.0, False)):
        element = LieAlgebra(turn.basis / turn.basis[0, 0, 1].abs() * math.radians(angle))
        answer = DiscoveredSymmetry.of(element, settings={"coefficients": "integer"})
        assert judge(answer, petals).found == found
    assert judge(DiscoveredSymmetry.of(LieAlgebra(torch.zeros(1, 2, 2))), none).found
    assert not judge(DiscoveredSymmetry.of(turn), none).found
    seen = DiscoveredSymmetry.of(turn, diagnostics={"visibility": [0.99], "rates": [1.0]})
    assert judge(seen, none).found
    assert not judge(seen, plane).found


def test_the_table_has_every_row_and_column_that_was_asked(tmp_path: Path) -> None:
    experiment = Capabilities(
        seeds=(0,), methods=("closed form, law", "MSR, closed form"), num_samples=1000, max_steps=5
    )
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    ticks = record["ticks"]
    assert list(ticks["closed form, law"]) == list(COLUMNS)
    assert [own["tick"] for own in ticks["closed form, law"].values()] == [False, True, True, True, True]
    assert all(own["tick"] for own in ticks["MSR, closed form"].values())
    for row in ("LieGAN", "LieGAN, integer", "SymmetryGAN", "Augerino+", "LieGG", "MSR"):
        score = ROWS[row].ask(experiment, PROBLEMS["turns of the plane"], 0)
        assert score.error is None or 0 <= score.error <= math.pi / 2


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no method 'oracle'; expected some of LieGAN"):
        list(Capabilities(methods=("oracle",)).jobs())
