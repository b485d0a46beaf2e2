from __future__ import annotations

import pytest

from pyg_liesym.plot.detection import plot_detection


def test_shares_and_intervals_in_the_order_of_the_samples() -> None:
    figure = plot_detection({"circle": [(1000, 20, 20), (100, 0, 20)]}, title="trials")
    (container,) = figure.axes[0].containers
    assert container[0].get_ydata().tolist() == [0.0, 1.0]  # type: ignore[attr-defined]
    (bars,) = container[2]  # type: ignore[misc]
    (_, none), (all_, _) = (segment[:, 1] for segment in bars.get_segments())
    # Clopper and Pearson: 1 − 0.025^(1/20) on both sides.
    assert none == pytest.approx(1 - 0.025**0.05)
    assert all_ == pytest.approx(0.025**0.05)


def test_nothing_tried_is_refused() -> None:
    for counts in ({}, {"circle": []}, {"circle": [(100, 0, 0)]}):
        with pytest.raises(ValueError, match="got none"):
            plot_detection(counts)  # type: ignore[arg-type]
