"""Errors of forecasts beside those that need no network, against loops; what error bars promise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.cli.forecast_skill import BLEND, MEAN, STILL, _gain, measure_skill
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
        assert lead.gains[STILL] == (0.0, 0.0)
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
    assert lead.gains[BLEND].by + lead.gains[BLEND].margin < -0.1


@pytest.mark.parametrize("true", [0.0, 0.1])
def test_false_claims_are_rare_and_true_ones_are_made(true: float) -> None:
    generator = torch.Generator().manual_seed(0)
    claims = 0
    for _ in range(300):
        common = torch.rand(6, 16, generator=generator)
        own, other = (common + 0.2 * torch.rand(6, 16, generator=generator) for _ in range(2))
        claims += _gain((1 - true) ** 2 * own, other).better
    assert claims <= 0.05 * 300 if true == 0 else claims >= 0.9 * 300


def test_times_that_differ_make_wider_bars_than_places() -> None:
    own, other = torch.ones(8, 16), torch.ones(8, 16)
    own[:4] = 0.5
    other[:4] = 1.5
    assert _gain(own, other).margin > 0.1
    assert _gain(own[:3], other[:3]).margin < 1e-6, "three windows have no error bar of their own"
