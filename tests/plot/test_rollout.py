import math

import numpy as np
import pytest
import torch

from pyg_liesym.plot import plot_rollout

T = torch.linspace(0, 6, 30)
CIRCLE = torch.stack([T.cos(), T.sin()], dim=-1)
PAIR = torch.stack([CIRCLE, -CIRCLE], dim=1)  # [T, 2, 2]


def test_rollout_measures_the_mean_distance(drawn):
    shifted = PAIR + torch.tensor([0.3, 0.4])
    figure = plot_rollout(PAIR, {"shifted": shifted, "far": 2 * PAIR}, dt=0.5, unit="m")
    text = drawn(figure)
    assert "mean distance to truth [m]" in text
    assert "time" in text
    time, error = figure.axes[-1].lines[0].get_data()
    np.testing.assert_allclose(error, 0.5, rtol=1e-5)
    assert time[1] == 0.5
    np.testing.assert_allclose(figure.axes[-1].lines[1].get_ydata(), 1.0, rtol=1e-5)


def test_rollout_of_many_systems_shows_the_median(drawn):
    truth = PAIR.expand(5, -1, -1, -1)
    offset = torch.tensor([0.1, 0.2, 0.3, 0.4, 50.0])[:, None, None, None] / math.sqrt(2)
    figure = plot_rollout(truth, truth + offset)
    assert "frame" in drawn(figure)
    np.testing.assert_allclose(figure.axes[-1].lines[0].get_ydata(), 0.3, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_rollout(PAIR, PAIR[:5]), r"prediction 'forecast': .*\[30, 2, 2\]; got \[5, 2, 2\]"),
        (lambda: plot_rollout(PAIR, {}), "at least one prediction"),
        (lambda: plot_rollout(PAIR[0], PAIR[0]), "truth: expected"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
