import numpy as np
import pytest
import torch

from pyg_liesym.plot.tagging import plot_mass_sculpting, plot_scores

GENERATOR = torch.Generator().manual_seed(0)
LABEL = (torch.arange(400) % 4 == 0).long()
SCORE = torch.rand(400, generator=GENERATOR) * 0.5 + 0.5 * LABEL
MASS = 100 * torch.rand(400, generator=GENERATOR) + 80 * LABEL


def test_scores_of_every_class_have_unit_sum(drawn):
    figure = plot_scores(SCORE, LABEL, ["QCD", "top", "never"], bins=10)
    assert "QCD (300 jets) | top (100 jets)" in drawn(figure)
    curves = [patch for patch in figure.axes[0].patches if not patch.get_fill()]
    assert len(curves) == 2
    for index, curve in enumerate(curves):
        expected, _ = np.histogram(SCORE[index == LABEL], np.linspace(0, 1, 11))
        np.testing.assert_allclose(curve.get_data().values, expected / expected.sum())


def test_background_after_the_cut(drawn):
    figure = plot_mass_sculpting(MASS, MASS, LABEL, signal_efficiencies=(0.5,), bins=20)
    text = drawn(figure)
    cut = np.quantile(MASS[LABEL == 1].double(), 0.5)
    kept = MASS[(LABEL == 0) & (cut <= MASS)]
    assert "background, all (300)" in text
    assert f"({len(kept)})" in text
    _, before, after = figure.axes[0].patches
    edges, values = before.get_data().edges, before.get_data().values
    assert (values * np.diff(edges)).sum() == pytest.approx(1)
    assert after.get_data().values[edges[1:] <= cut].sum() == 0  # the mass itself as a score cuts on it


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_scores(SCORE[:3], LABEL, ["a", "b"]), "S >= 1"),
        (lambda: plot_scores(SCORE, LABEL, ["a"]), "from 0 to 0"),
        (lambda: plot_scores(SCORE * torch.nan, LABEL, ["a", "b"]), "finite scores"),
        (lambda: plot_mass_sculpting(MASS[:3], SCORE, LABEL), "one mass a score"),
        (lambda: plot_mass_sculpting(MASS, SCORE, 0 * LABEL), "both classes"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
