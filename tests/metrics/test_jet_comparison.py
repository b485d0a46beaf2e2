import numpy as np
import pytest

from pyg_liesym.metrics.jet_comparison import Point, compare_jets
from pyg_liesym.metrics.jet_statistics import Values

NAME = "jet_mass_GeV"


def normal(count, mean=100.0, seed=0):
    return {"top": {NAME: Values(np.random.default_rng(seed).normal(mean, 10, count), np.arange(count))}}


def point(percent, value, error=0.0, reference=100.0, reference_error=0.0):
    return Point("top", NAME, percent, value, error, reference, reference_error)


@pytest.mark.parametrize(
    ("percent", "value", "inside"),
    [(50.0, 104.9, True), (50.0, 105.1, False), (16.0, 109.9, True), (84.0, 110.1, False), (84.0, 90.1, True)],
)
def test_the_tolerance(percent, value, inside):
    assert point(percent, value).inside is inside
    assert point(percent, value).judged


def test_errors_widen_the_tolerance():
    assert point(50.0, 119.0, error=6.0, reference_error=8.0).inside
    assert not point(50.0, 121.0, error=6.0, reference_error=8.0).inside
    assert not point(75.0, 100.0).judged


def test_like_samples_agree_and_others_do_not():
    same = compare_jets(normal(2000), normal(500, seed=1))
    assert all(p.inside for p in same)
    assert same[4].reference_error == pytest.approx(2 * same[4].error, rel=0.3)
    other = compare_jets(normal(2000), normal(500, mean=120.0, seed=1))
    assert not any(p.inside for p in other if p.judged)


def test_percentiles_as_reference_have_the_errors_of_their_number_of_jets():
    values = normal(8000)["top"][NAME].value
    numbers = {"top": {NAME: np.percentile(values, [16, 50, 84])}}
    found = compare_jets(normal(8000), numbers, [16, 50, 84], {"top": 500})
    np.testing.assert_allclose([p.value for p in found], [p.reference for p in found])
    assert found[1].reference_error == pytest.approx(4 * found[1].error, rel=0.4)
    for jets in (None, {"top": 0}):
        with pytest.raises(ValueError, match="number of jets"):
            compare_jets(normal(100), numbers, [16, 50, 84], jets)
    with pytest.raises(ValueError, match="expected 1 percentiles"):
        compare_jets(normal(100), numbers, [50], {"top": 500})


def test_a_missing_class():
    with pytest.raises(ValueError, match=r"lacks \['jet_mass_GeV'\] of the class top; it has \['qcd'\]"):
        compare_jets(normal(100), {"qcd": {}})
