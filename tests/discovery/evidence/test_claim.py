from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.claim import Claim, step_up
from pyg_liesym.discovery.evidence.question import Question, halves, pooled
from pyg_liesym.discovery.evidence.trial import Trial

GL2 = torch.eye(4, dtype=torch.float64).view(4, 2, 2)


def judge(question: Question, margin: float, generator: torch.Generator, given: Tensor | None = None) -> Claim:
    return Trial(question, margin, generator, given).claim()


class _Known(Question):
    """A question whose answer is known: ``broken`` of the first direction, all of the others, plus noise."""

    name = "known"

    def __init__(self, broken: float, noise: float = 0.0, *, power: float = 1.0, resolution: float = 0.0) -> None:
        self.directions, self.ladder = GL2, torch.zeros(4)
        self.units = torch.arange(400)
        self.noise = noise * torch.randn(400, dtype=torch.float64)
        self.broken, self.power, self.own = broken, power, resolution

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        moved = g - torch.eye(2, dtype=torch.float64)
        moved[0, 0] *= self.broken
        return self.power * moved.square().sum() + weights @ self.noise / weights.sum(1)

    def resolution(self, weights: Tensor) -> Tensor:
        return torch.full((len(weights),), self.own, dtype=torch.float64)


def test_what_is_kept_exactly_is_certified_and_no_more() -> None:
    claim = judge(_Known(0.0), 0.05, torch.Generator().manual_seed(0))
    assert (claim.status, claim.dim) == ("certified", 1)
    assert claim.breaking is not None
    assert claim.next is not None
    assert claim.breaking.high < 1e-6
    assert claim.next.low > 0.3


class _Nearly(_Known):
    """The first direction and the second are broken as little as told."""

    def __init__(self, first: float, further: float) -> None:
        super().__init__(0.0)
        self.first, self.further = first, further

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        moved = g - torch.eye(2, dtype=torch.float64)
        moved[0, 0], moved[0, 1] = self.first * moved[0, 0], self.further * moved[0, 1]
        return moved.square().sum() + weights @ self.noise / weights.sum(1)


@pytest.mark.parametrize(("first", "further", "dim"), [(0.01, 0.06, 0), (0.01, 0.2, 1), (0.001, 0.06, 1)])
def test_a_ladder_without_a_step_does_not_say_where_a_symmetry_ends(first: float, further: float, dim: int) -> None:
    claim = judge(_Nearly(first, further), 0.05, torch.Generator().manual_seed(0))
    assert (claim.status, claim.dim) == ("certified" if dim else "no evidence", dim)
    assert ("where their symmetry ends" in claim.reason) == (dim == 0)
    assert claim.breaking is not None
    assert claim.breaking.high < 0.05
    assert claim.next is not None
    step = claim.next.low > min(0.05 * math.sqrt(10), 10 * claim.breaking.high)
    assert step == (dim == 1)
    assert claim.next.low > 0.05


def test_what_is_broken_by_more_than_the_margin_is_refuted() -> None:
    claim = judge(_Known(0.2), 0.05, torch.Generator().manual_seed(0))
    assert (claim.status, claim.dim) == ("refuted", 0)
    assert claim.breaking is not None
    assert claim.breaking.size == pytest.approx(0.2, rel=0.8)


def test_the_margin_decides_what_counts() -> None:
    question = _Known(0.2)
    assert judge(question, 0.5, torch.Generator().manual_seed(0)).status == "certified"


def test_noise_is_no_evidence_and_not_a_symmetry() -> None:
    claim = judge(_Known(0.0, noise=2.0), 0.05, torch.Generator().manual_seed(0))
    assert claim.status == "no evidence"
    assert claim.reason


def test_where_moved_samples_leave_what_is_known_they_are_moved_less() -> None:
    class Near(_Known):
        reach = 1.0

        def defect(self, g: Tensor, weights: Tensor) -> Tensor:
            far = torch.linalg.matrix_norm(g - torch.eye(2, dtype=torch.float64)) > self.reach
            stretch = (g - torch.diag(g.diagonal())).norm() < 1e-9 * g.norm()  # of the directions that keep axes
            return weights.new_full((len(weights),), math.nan) if far and stretch else super().defect(g, weights)

    question = Near(0.0)
    for reach, dim in ((1.0, 1), (0.2, 1), (0.05, 0)):
        question.reach = reach
        claim = Trial(question, 0.05, torch.Generator().manual_seed(0)).claim()
        assert (claim.status == "certified", claim.dim) == (dim == 1, dim)
    assert "nothing is known" in claim.reason


def test_a_fit_that_misses_more_than_the_margin_certifies_nothing() -> None:
    class Missing(_Known):
        def misfit(self, yardstick: float) -> float:
            return 0.06

    assert judge(Missing(0.0), 0.1, torch.Generator().manual_seed(0)).status == "certified"
    for given in (None, GL2[:1]):
        claim = judge(Missing(0.0), 0.05, torch.Generator().manual_seed(0), given)
        assert (claim.status, claim.dim) == ("no evidence", 0)
        assert "misses more of the law" in claim.reason
        assert claim.breaking is not None


def test_data_that_could_not_have_told_are_no_evidence() -> None:
    claim = judge(_Known(0.0, power=0.0), 0.05, torch.Generator().manual_seed(0))
    assert claim.status == "no evidence"
    assert "could not have told" in claim.reason


def test_data_too_coarse_to_show_anything_are_no_evidence() -> None:
    claim = judge(_Known(0.0, resolution=10.0), 0.05, torch.Generator().manual_seed(0))
    assert "too widely" in claim.reason


def test_moved_samples_of_which_nothing_is_known_are_no_evidence() -> None:
    class Unknown(_Known):
        def defect(self, g: Tensor, weights: Tensor) -> Tensor:
            return weights.new_full((len(weights),), math.nan)

    assert "nothing is known" in judge(Unknown(0.0), 0.05, torch.Generator().manual_seed(0)).reason


def test_a_claim_is_plain_values() -> None:
    import json

    claim = judge(_Known(0.0), 0.05, torch.Generator().manual_seed(0))
    assert json.loads(json.dumps(claim.to_dict()))["breaking"]["high"] < 1e-6


def test_a_breaking_of_the_margin_is_certified_as_rarely_as_the_level_says() -> None:
    """The estimate is normal about the margin: the p of a single transformation is uniform."""
    margin, draws = 0.3, 200
    g = torch.tensor([[1.0, 0.5], [0.0, 1.0]], dtype=torch.float64)
    trials = []
    for seed in range(draws):
        torch.manual_seed(seed)
        trials.append(Trial(_Known(1.0, noise=0.1), margin, torch.Generator().manual_seed(seed)))

    def share(scale: float, level: float) -> float:
        certified = 0
        for trial in trials:  # moved so that the defect is the margin's times the scale
            length = scale * (margin**2 * float(trial.yardstick.size[0])) ** 0.5
            element = torch.eye(2, dtype=torch.float64) + length * (g - torch.eye(2)) / 0.5
            certified += trial.element(element, trial.yardstick.step)(level).status == "certified"
        return certified / draws

    assert 0.02 < share(1.0, 0.05) < 0.09
    assert share(1.0, 0.005) < 0.02
    assert share(0.0, 0.05) > 0.5


def test_the_level_is_shared_by_what_is_claimed_at_once() -> None:
    def at(p: float) -> Callable[[float], bool]:
        return lambda level: p <= level

    assert step_up([at(0.03)], 0.04) == pytest.approx(0.04)
    assert step_up([at(0.03), at(0.5), at(0.6)], 0.04) == pytest.approx(0.04 / 3)
    assert step_up([at(0.0), at(0.0), at(0.03)], 0.04) == pytest.approx(0.04)
    assert step_up([at(0.0), at(0.02), at(0.9)], 0.04) == pytest.approx(0.08 / 3)
    assert step_up([], 0.04) == pytest.approx(0.04)


def test_what_would_do_alone_does_not_do_among_many() -> None:
    trial = Trial(_Known(0.0, noise=0.1), 0.3, torch.Generator().manual_seed(0))
    alone = trial.claim(0.04)
    assert (alone.status, alone.dim) == ("certified", 1)
    assert alone.p is not None
    among = trial.claim(alone.p / 2)
    assert (among.status, among.dim) == ("no evidence", 0)
    assert "not among all that are made at once" in among.reason
    assert among.breaking == alone.breaking


def test_a_single_transformation_is_measured_by_its_displacement() -> None:
    trial = Trial(_Known(1.0), 0.05, torch.Generator().manual_seed(0))
    barely = torch.eye(2, dtype=torch.float64)
    barely[0, 1] = 1e-3
    assert trial.element(barely, 1e-3)(0.01).status == "refuted", "small because it hardly moves anything"
    assert trial.element(torch.eye(2, dtype=torch.float64), 0.0)(0.01).reason == "it moves none of these data"


def test_units_stay_on_one_side() -> None:
    units = torch.randint(20, (300,))
    one, two = halves(torch.unique(units, return_inverse=True)[1], torch.Generator().manual_seed(0))
    assert not set(units[one].tolist()) & set(units[two].tolist())
    assert len(one) + len(two) == 300
    few, rest = halves(torch.arange(1000), torch.Generator().manual_seed(0), most=(50, None))
    assert (len(few), len(rest)) == (50, 500)
    assert int(few[-10]) > 500, "a prefix"
    with pytest.raises(ValueError, match="one group"):
        halves(torch.zeros(5, dtype=torch.long), torch.Generator())


def test_many_units_make_pools_of_equally_many_and_none_is_torn() -> None:
    units = torch.arange(3000).repeat_interleave(2).flip(0) * 7
    pools = pooled(units, torch.Generator().manual_seed(0))
    assert torch.equal(torch.bincount(pools), torch.full((1000,), 6))
    assert torch.equal(pools[::2], pools[1::2])
