"""Errors of forecasts beside those that need no network, against loops; what error bars promise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.cli.forecast_skill import BLEND, MEAN, STILL, _gain, _stretches, measure_skill
from pyg_liesym.nn.models.field_forecaster import FieldForecaster


class Fixed(nn.Module):
    """Says the same change everywhere."""

    def __init__(self, change: float) -> None:
        super().__init__()
        self.change = change

    def forward(self, seen: Tensor) -> Tensor:
        return torch.full_like(seen[:, :2], self.change)


def gappy(frames: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    flow = torch.randn(frames, 2, 8, 9, generator=generator) + torch.randn(2, 8, 9, generator=generator)
    flow[torch.rand(frames, 1, 8, 9, generator=generator).expand_as(flow) < 0.2] = torch.nan
    flow[:, :, :2] = torch.nan
    return flow


def test_errors_are_those_of_a_loop_over_known_places() -> None:
    train, val, test = gappy(9, 0), gappy(6, 1), gappy(6, 2)
    train[:, :, 3, 3] = torch.nan  # no mean there
    skill = measure_skill(FieldForecaster(Fixed(0.3), 2), train, val, test, horizon=3)
    mean = train.nanmean(0)
    for lead in skill.leads:
        squares: dict[str, list[Tensor]] = {"network": [], STILL: [], MEAN: []}
        for last in range(1, 6 - 3):
            truth, start = test[last + lead.frame], test[last]
            for y in range(8):
                for x in range(9):
                    values = truth[:, y, x], start[:, y, x], mean[:, y, x]
                    if not torch.stack(values).isfinite().all():
                        continue
                    squares["network"] += list((values[1] + 0.3 * lead.frame - values[0]).square())
                    squares[STILL] += list((values[1] - values[0]).square())
                    squares[MEAN] += list((values[2] - values[0]).square())
        roots = {name: float(torch.stack(each).mean().sqrt()) for name, each in squares.items()}
        assert lead.error == pytest.approx(roots["network"], rel=1e-5)
        assert lead.simple[STILL] == pytest.approx(roots[STILL], rel=1e-5)
        assert lead.simple[MEAN] == pytest.approx(roots[MEAN], rel=1e-5)
        assert lead.gains[MEAN].by == pytest.approx(1 - roots["network"] / roots[MEAN], rel=1e-4)
    assert (skill.windows, skill.holds) == (2, 0)
    assert torch.equal(skill.truth.isnan(), skill.forecasts["network"].isnan())


def test_a_network_that_changes_nothing_is_no_better_than_that() -> None:
    skill = measure_skill(FieldForecaster(Fixed(0.0), 1), gappy(9, 0), gappy(9, 1), gappy(9, 2), horizon=2)
    for lead in skill.leads:
        assert lead.gains[STILL].by == 0.0
        assert not lead.better


def test_the_blend_is_known_where_it_is_the_law() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(2, 8, 8, generator=generator)
    frames = [mean + torch.randn(2, 8, 8, generator=generator)]
    for _ in range(60):
        frames.append(mean + 0.2 * (frames[-1] - mean) + 0.05 * torch.randn(2, 8, 8, generator=generator))
    flow = torch.stack(frames)
    skill = measure_skill(FieldForecaster(Fixed(0.0), 1), flow[:40], flow[40:50], flow[50:], horizon=1)
    (lead,) = skill.leads
    assert lead.simple[BLEND] < 0.06 < lead.simple[STILL]
    assert lead.gains[BLEND].worse
    assert lead.gains[BLEND].by < -0.1


def test_a_line_through_the_given_frames_is_a_blend() -> None:
    generator = torch.Generator().manual_seed(0)
    start, slope = torch.randn(2, 2, 8, 8, generator=generator)
    flow = torch.stack([start + k * slope for k in range(40)]) + 1e-3 * torch.randn(40, 2, 8, 8, generator=generator)
    skill = measure_skill(FieldForecaster(Fixed(0.0), 2), flow[:20], flow[20:30], flow[30:], horizon=2)
    assert all(lead.simple[BLEND] < 0.01 < 0.5 < lead.simple[STILL] for lead in skill.leads)


def test_rows_count_by_their_area() -> None:
    area = torch.tensor([0.0, 0, 1, 0.5, 0, 0, 0, 0])
    train, val, test = (torch.nan_to_num(gappy(9, seed)) for seed in range(3))
    other = test.clone()
    other[:, :, 4:] *= 2
    skills = [measure_skill(FieldForecaster(Fixed(0.1), 1), train, val, each, 1, area) for each in (test, other)]
    assert skills[0].leads == skills[1].leads


def test_stretches_of_time_are_as_long_as_the_lead() -> None:
    assert _stretches(range(10), 1) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert _stretches(range(10), 3) == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert _stretches([0, 10, 20, 30], 2) == [[0], [1], [2], [3]]
    assert _stretches([0], 1) == [[0]]


def errors(windows: int, memory: float, common: float, generator: torch.Generator) -> Tensor:
    """Sums of squares whose logarithm remembers the window before, and is in part the same in all blocks."""
    parts = []
    for shape, share in (((1,), common), ((16,), 1 - common)):
        value = torch.randn(shape, generator=generator)
        values = []
        for _ in range(windows):
            value = memory * value + (1 - memory**2) ** 0.5 * torch.randn(shape, generator=generator)
            values.append(share**0.5 * value)
        parts.append(torch.stack(values))
    return (0.5 * (parts[0] + parts[1])).exp()


def false_claims(windows: int, memory: float, common: float, *, timed: bool = True) -> float:
    """Share of draws of two forecasts of one skill of which the first is called better."""
    generator, stretches = torch.Generator().manual_seed(0), _stretches(range(windows), 2)
    draws = [[errors(windows, memory, common, generator) for _ in range(2)] for _ in range(200)]
    return sum(_gain(own, other, stretches, timed).better for own, other in draws) / len(draws)


@pytest.mark.parametrize(
    ("windows", "memory", "common", "most"),
    [(30, 0.0, 0.0, 0.03), (30, 0.0, 0.7, 0.04), (30, 0.8, 0.7, 0.09), (12, 0.9, 0.7, 0.2)],
)
def test_false_claims_are_rare(windows: int, memory: float, common: float, most: float) -> None:
    """2.5 % are meant; where errors are shared by the region and remembered longer than a stretch there are more."""
    assert false_claims(windows, memory, common) <= most


def test_places_alone_would_claim_too_much() -> None:
    assert false_claims(30, 0.8, 0.7, timed=False) > 0.2


def test_true_claims_are_made() -> None:
    generator = torch.Generator().manual_seed(0)
    claims = 0
    for _ in range(100):
        common = torch.rand(20, 16, generator=generator)
        own, other = (common + 0.2 * torch.rand(20, 16, generator=generator) for _ in range(2))
        claims += _gain(0.81 * own, other, _stretches(range(20), 2)).better
    assert claims >= 90


def test_times_that_differ_make_wider_bars_than_places() -> None:
    own, other = torch.ones(10, 16), torch.ones(10, 16)
    own[:5] = 0.5
    other[:5] = 1.5
    assert _gain(own, other, _stretches(range(10), 1)).margin > 0.1
    assert _gain(own, other, _stretches(range(10), 1), timed=False).margin < 1e-6
    assert _gain(own, other, _stretches(range(10), 4)).margin == float("inf"), "two stretches have no error bar"
