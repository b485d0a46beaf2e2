from itertools import pairwise

import numpy as np
import pytest

from pyg_liesym.metrics.jet_statistics import STATISTICS, Values, jet_statistics, percentiles, statistics_of_classes


def random_jets(counts, seed=0):
    rng = np.random.default_rng(seed)
    total = sum(counts)
    pt, eta = rng.exponential(10.0, total) + 0.2, 1.0 + rng.normal(size=total) * 0.3
    phi = 3.0 + rng.normal(size=total) * 0.3  # jets across φ = π
    p4 = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)
    return p4, np.concatenate([[0], np.cumsum(counts)])


def slow_statistics(p4, offsets):
    """Constituent by constituent."""
    found = {name: [] for name in STATISTICS}

    def place(vector):
        return np.arctanh(vector[3] / np.sqrt(vector[1:] @ vector[1:])), np.arctan2(vector[2], vector[1])

    def distance(left, right):
        turn = abs(left[1] - right[1])
        return np.hypot(left[0] - right[0], min(turn, 2 * np.pi - turn))

    for start, stop in pairwise(offsets):
        jet, axis = p4[start:stop], p4[start:stop].sum(0)
        pts = [np.hypot(*vector[1:3]) for vector in jet]
        apart = [distance(place(vector), place(axis)) for vector in jet]
        found["constituents_per_jet"].append(len(jet))
        found["jet_mass_GeV"].append(np.sqrt(max(axis[0] ** 2 - axis[1:] @ axis[1:], 0)))
        found["leading_constituent_pt_fraction"].append(max(pts) / np.hypot(*axis[1:3]))
        found["constituent_pt_GeV"] += pts
        found["jet_width_pt_weighted_dR"].append(np.dot(pts, apart) / sum(pts))
        found["constituent_dR_to_jet_axis"] += apart
        for i, left in enumerate(jet):
            others = [distance(place(left), place(right)) for j, right in enumerate(jet) if i != j]
            found["nearest_neighbour_dR"] += [min(others)] if others else []
    return found


def test_equals_the_loops():
    p4, offsets = random_jets([5, 1, 12, 2, 30])
    found, expected = jet_statistics(p4, offsets), slow_statistics(p4, offsets)
    assert tuple(found) == STATISTICS
    for name in STATISTICS:
        np.testing.assert_allclose(found[name].value, expected[name], err_msg=name, atol=1e-6)
    assert found["nearest_neighbour_dR"].jet.tolist() == [0] * 5 + [2] * 12 + [3] * 2 + [4] * 30


def test_errors_know_that_constituents_of_a_jet_go_together():
    rng = np.random.default_rng(1)

    def draw():
        centre = rng.normal(size=(200, 1))
        return (centre + 0.1 * rng.normal(size=(200, 25))).ravel()

    jet = np.repeat(np.arange(200), 25)
    medians = [np.median(draw()) for _ in range(400)]
    errors = [percentiles(Values(draw(), jet), [50]).error[0] for _ in range(40)]
    assert np.mean(errors) == pytest.approx(np.std(medians), rel=0.2)
    naive = np.sqrt(np.pi / 2 / 5000)
    assert np.mean(errors) > 3 * naive


def test_errors_of_another_number_of_jets():
    values = Values(np.random.default_rng(2).normal(size=5000), np.arange(5000))
    here, fewer = percentiles(values, [16, 50, 84]), percentiles(values, [16, 50, 84], 500)
    np.testing.assert_array_equal(here.value, fewer.value)
    np.testing.assert_allclose(fewer.error / here.error, np.sqrt(10), rtol=0.25)


def test_classes_are_kept_apart():
    p4, offsets = random_jets([3, 4, 5])
    found = statistics_of_classes(p4, offsets, np.array([1, 0, 1]), {"qcd": 0, "top": 1})
    assert found["qcd"]["constituents_per_jet"].value.tolist() == [4]
    assert found["top"]["constituents_per_jet"].value.tolist() == [3, 5]
    np.testing.assert_allclose(
        found["top"]["jet_mass_GeV"].value, jet_statistics(p4, offsets)["jet_mass_GeV"].value[::2]
    )
    with pytest.raises(ValueError, match=r"no jets of the class W \(label 2\)"):
        statistics_of_classes(p4, offsets, np.array([1, 0, 1]), {"W": 2})


def test_wrong_arrays():
    p4, _ = random_jets([3])
    for wrong in (np.array([0, 3, 3]), np.array([0, 2]), np.array([0])):
        with pytest.raises(ValueError, match="one constituent or more"):
            jet_statistics(p4, wrong)
    with pytest.raises(ValueError, match="is the sample empty"):
        percentiles(Values(np.empty(0), np.empty(0, int)), [50])
