import math

import numpy as np
import pytest

from pyg_liesym.datasets.simulation.calorimeter import Cells, Hits, Layer, log_normal

CELLS = Cells(np.array([-1.0, -0.5, 0.0, 0.4, 1.0]), np.array([20.0, 10.0, 10.0, 20.0]))


def resolution(energy, eta):
    return np.sqrt(0.3**2 * energy + 0.5**2) + 0.1 * np.abs(eta)


def layer(rule, min_energy=0.5, min_significance=1.0):
    return Layer(CELLS, resolution, min_energy, min_significance, rule)


def cell_of(eta, phi):
    for row, degrees in enumerate(CELLS.degrees):
        if CELLS.edges[row] < eta <= CELLS.edges[row + 1]:
            return row, math.floor((phi + math.pi) / math.radians(degrees))
    return None


def slow_flow(layer, hits, tracks, track_error, normal, place):
    """The rules, cell after cell and track after track."""
    neutral, scale = [], np.ones(len(tracks.event))
    every = [(e, cell_of(eta, phi)) for e, eta, phi in zip(*hits[:3], strict=True)]
    owners = [(e, cell_of(eta, phi)) for e, eta, phi in zip(*tracks[:3], strict=True)]
    for event, cell in sorted({key for key in every if key[1]}):
        inside = [i for i, key in enumerate(every) if key == (event, cell)]
        own = [t for t, key in enumerate(owners) if key == (event, cell) and tracks.energy[t] > 0]
        low, high = CELLS.edges[cell[0] : cell[0] + 2]
        width = math.radians(CELLS.degrees[cell[0]])
        centre = (low + high) / 2
        true = sum(hits.energy[inside])
        energy = 0.0
        if true > 0:
            spread = math.sqrt(math.log(1 + (resolution(true, centre) / true) ** 2))
            energy = math.exp(math.log(true) - spread**2 / 2 + spread * normal[inside[0]])
        sigma = resolution(energy, centre)
        if energy < layer.min_energy or energy < layer.min_significance * sigma:
            energy = 0.0
        if layer.rule == "better":
            worse = [t for t in own if track_error[t] > resolution(tracks.energy[t], centre)]
            rest = energy - sum(tracks.energy[t] for t in own if t not in worse)
            for t in worse:
                scale[t] = rest / sum(tracks.energy[worse])
            sure = resolution(max(rest, 0), centre) * layer.min_significance
            excess = 0.0 if worse or rest < layer.min_energy or rest < sure else rest
        else:
            charged, variance = sum(tracks.energy[own]), sum(track_error[own] ** 2)
            excess = energy - charged
            if excess <= layer.min_energy or excess <= layer.min_significance * math.hypot(sigma, math.sqrt(variance)):
                excess = 0.0
                for t in own:
                    best = (charged / variance + energy / sigma**2) / (1 / variance + 1 / sigma**2)
                    scale[t] = best / charged
        if excess:
            u, v = place[inside[0]]
            neutral.append((event, excess, low + u * (high - low), -math.pi + (cell[1] + v) * width))
    return neutral, scale


@pytest.mark.parametrize("rule", ["better", "combined"])
def test_equals_the_rules_cell_by_cell(rule):
    rng = np.random.default_rng(1)
    count = 400
    event = np.sort(rng.integers(0, 3, count))
    eta, phi = rng.uniform(-1.2, 1.2, count), rng.uniform(-np.pi, np.pi, count)
    eta[5] = np.nan
    hits = Hits(event, eta, phi, rng.exponential(2.0, count) * (rng.random(count) < 0.8))
    rows = np.flatnonzero(rng.random(count) < 0.5)
    tracks = Hits(event[rows], eta[rows], phi[rows], hits.energy[rows] * rng.lognormal(0, 0.3, len(rows)))
    error = tracks.energy * rng.uniform(0.05, 0.6, len(rows))
    normal, place = rng.standard_normal(count), rng.random((count, 2))
    found = layer(rule).flow(hits, tracks, error, normal, place)
    neutral, scale = slow_flow(layer(rule), hits, tracks, error, normal, place)
    assert 20 < len(neutral) < 200
    assert (scale != 1).sum() > 20
    np.testing.assert_allclose(np.array(found[:4]).T, neutral)
    np.testing.assert_allclose(found.scale, scale)


def one(energy, eta=0.2, phi=0.3):
    count = len(np.atleast_1d(energy))
    return Hits(np.zeros(count, int), np.full(count, eta), np.full(count, phi), np.atleast_1d(energy).astype(float))


def quiet(hits):
    return np.zeros(len(hits.event)), np.full((len(hits.event), 2), 0.5)


def test_a_lonely_hit_becomes_an_object_in_its_cell():
    hits = one(100.0)
    found = layer("better").flow(hits, one([]), np.empty(0), *quiet(hits))
    assert found.energy == pytest.approx(100, rel=0.01)
    assert found.eta == pytest.approx(0.2)
    assert found.phi == pytest.approx(np.radians(15))


@pytest.mark.parametrize("rule", ["better", "combined"])
def test_energy_without_explanation_is_kept_beside_the_track(rule):
    hits = one([20.0, 80.0])
    found = layer(rule).flow(hits, one(20.0), np.array([0.2]), *quiet(hits))
    assert found.scale.tolist() == [1.0]
    assert found.energy == pytest.approx(80, rel=0.01)


def test_a_bad_track_gets_the_energy_of_its_cell():
    hits = one([20.0, 80.0])
    found = layer("better").flow(hits, one([20.0, 60.0]), np.array([0.2, 50.0]), *quiet(hits))
    assert len(found.energy) == 0
    assert found.scale[0] == 1
    assert found.scale[1] * 60 == pytest.approx(80, rel=0.01)


def test_nothing_below_the_thresholds():
    for rule in ("better", "combined"):
        hits = one(0.4)
        assert len(layer(rule).flow(hits, one([]), np.empty(0), *quiet(hits)).energy) == 0


def test_log_normal_has_the_mean_and_deviation():
    normal = np.random.default_rng(2).standard_normal(200_000)
    values = log_normal(np.full(len(normal), 3.0), np.full(len(normal), 1.5), normal)
    assert values.mean() == pytest.approx(3, rel=0.01)
    assert values.std() == pytest.approx(1.5, rel=0.03)
    assert values.min() > 0
