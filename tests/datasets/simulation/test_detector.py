import numpy as np
import pytest

from pyg_liesym.datasets.simulation.detector import CARDS, Noise, Particles, draw_noise, reconstruct

PION, ELECTRON, MUON, PHOTON, NEUTRINO, NEUTRON, K0S = 211, 11, 13, 22, 12, 2112, 310


def shot(pdg, charge, pt, eta=0.23, phi=0.4, copies=1, mass=0.0):
    """Copies of one particle, each in an event of its own."""
    momentum = pt * np.array([np.cos(phi), np.sin(phi), np.sinh(eta)])
    p4 = np.concatenate([[np.sqrt(momentum @ momentum + mass**2)], momentum])
    return Particles(
        np.arange(copies),
        np.full(copies, pdg),
        np.full(copies, float(charge)),
        np.tile(p4, (copies, 1)),
        np.zeros((copies, 3)),
    )


def noise(particles, seed=0):
    return draw_noise(np.bincount(particles.event), (seed,))


def still(particles, uniform=0.5):
    count = len(particles.event)
    return Noise(np.zeros((count, 3)), np.full((count, 5), uniform))


def pt_of(p4):
    return np.hypot(p4[:, 1], p4[:, 2])


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_objects_are_massless_and_sorted_by_event(card):
    rng = np.random.default_rng(0)
    count = 3000
    momentum = rng.normal(size=(count, 3)) * rng.exponential(5.0, (count, 1))
    pdg = rng.choice([PION, -PION, PHOTON, NEUTRON, K0S, ELECTRON, MUON, NEUTRINO], count)
    charge = np.where(np.isin(np.abs(pdg), [PION, ELECTRON, MUON]), 1.0, 0.0)
    energy = np.linalg.norm(momentum, axis=1, keepdims=True)
    event = np.sort(rng.integers(0, 20, count))
    particles = Particles(event, pdg, charge, np.hstack([energy, momentum]), np.zeros((count, 3)))
    flow = reconstruct(particles, noise(particles), card)
    assert (np.diff(flow.event) >= 0).all()
    np.testing.assert_allclose(flow.p4[:, 0], np.linalg.norm(flow.p4[:, 1:], axis=1))
    assert (flow.p4[:, 0] > 0).all()
    visible = ~np.isin(pdg, [MUON, NEUTRINO]) & (np.abs(np.arcsinh(momentum[:, 2] / pt_of(particles.p4))) < 2.5)
    assert flow.p4[:, 0].sum() == pytest.approx(energy[visible].sum(), rel=0.15)
    alone = particles.event == 7
    some = Particles(*(column[alone] for column in particles))
    once = reconstruct(some._replace(event=np.zeros(alone.sum(), int)), Noise(*(n[alone] for n in noise(particles))))
    whole = reconstruct(particles, noise(particles))
    np.testing.assert_allclose(once.p4, whole.p4[whole.event == 7])


def test_what_leaves_nothing():
    for pdg, charge in ((MUON, -1), (NEUTRINO, 0)):
        particles = shot(pdg, charge, 50.0, copies=50)
        assert len(reconstruct(particles, noise(particles)).p4) == 0


@pytest.mark.parametrize(
    ("pdg", "pt", "eta", "expected"),
    [
        (PION, 0.8, 1.0, 0.70),
        (PION, 5.0, 1.0, 0.95),
        (PION, 0.8, 1.8, 0.60),
        (PION, 5.0, 2.2, 0.85),
        (PION, 5.0, 2.7, 0.0),
        (PION, 0.09, 0.1, 0.0),
        (ELECTRON, 0.8, 1.0, 0.73),
        (ELECTRON, 5.0, 1.0, 0.95),
        (ELECTRON, 200.0, 1.0, 0.99),
        (ELECTRON, 5.0, 2.2, 0.83),
    ],
)
def test_track_efficiency(pdg, pt, eta, expected):
    particles = shot(pdg, 1, pt, eta, copies=4000)
    flow = reconstruct(particles, noise(particles))
    exact = np.abs(np.arcsinh(flow.p4[:, 3] / pt_of(flow.p4)) - eta) < 1e-9  # a track keeps its direction
    assert abs(exact.sum() / 4000 - expected) < 4 * np.sqrt(expected * (1 - expected) / 4000) + 1e-9


@pytest.mark.parametrize(
    ("pt", "eta", "floor", "slope"), [(8.0, 0.3, 0.06, 1.3e-3), (5.0, 1.2, 0.10, 1.7e-3), (1.2, 2.0, 0.25, 3.1e-3)]
)
def test_track_resolution(pt, eta, floor, slope):
    particles = shot(PION, 1, pt, eta, copies=4000)
    unseen = particles._replace(p4=particles.p4 * [1e-3, 1, 1, 1])  # by the calorimeter: tracks stay as measured
    measured = pt_of(reconstruct(unseen, noise(particles)).p4)
    assert len(measured) > 3000
    assert measured.mean() == pytest.approx(pt, rel=0.02)
    assert measured.std() / pt == pytest.approx(np.hypot(floor, slope * pt), rel=0.06)


@pytest.mark.parametrize("card", CARDS)
def test_photons(card):
    particles = shot(PHOTON, 0, 100.0, 0.0105, copies=4000)
    energy = reconstruct(particles, noise(particles), CARDS[card]).p4[:, 0]
    assert len(energy) == 4000
    assert energy.mean() == pytest.approx(particles.p4[0, 0], rel=2e-3)
    expected = np.hypot(0.0017, 0.101 / np.sqrt(particles.p4[0, 0]))
    assert energy.std() / energy.mean() == pytest.approx(expected, rel=0.1)


def test_neutral_hadrons():
    particles = shot(NEUTRON, 0, 100.0, 0.0105, copies=4000)
    energy = reconstruct(particles, noise(particles)).p4[:, 0]
    expected = np.sqrt(0.0302**2 + 0.5205**2 / 100 + 1.59**2 / 100**2)
    assert energy.std() / energy.mean() == pytest.approx(expected, rel=0.1)


def test_k0s_fills_both_layers_of_one_tower():
    particles = shot(K0S, 0, 100.0)
    together = reconstruct(particles, noise(particles), CARDS["delphes-3.3"]).p4
    apart = reconstruct(particles, noise(particles), CARDS["delphes-3.5"]).p4
    still_p4 = reconstruct(particles, still(particles)).p4
    np.testing.assert_allclose(still_p4[:, 0] / particles.p4[0, 0], [0.3, 0.7], rtol=0.02)
    direction = together[:, 1:] / together[:, :1]
    np.testing.assert_allclose(direction[0], direction[1])
    assert np.abs(apart[0, 1:] / apart[0, 0] - apart[1, 1:] / apart[1, 0]).max() > 1e-3


@pytest.mark.parametrize(
    ("card", "eta", "phi"), [("delphes-3.3", (0.2, 0.3), 10), ("delphes-3.5", (0.2262, 0.2436), 1)]
)
def test_neutral_objects_fill_the_cell(card, eta, phi):
    particles = shot(PHOTON, 0, 100.0, 0.23, np.radians(0.5), copies=2000)
    p4 = reconstruct(particles, noise(particles), CARDS[card]).p4
    found_eta = np.arcsinh(p4[:, 3] / pt_of(p4))
    found_phi = np.degrees(np.arctan2(p4[:, 2], p4[:, 1]))
    for values, low, high in ((found_eta, *eta), (found_phi, 0, phi)):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high >= values.max() > high - 0.01 * (high - low)


def test_charged_particles_hit_where_the_field_bends_them():
    particles = shot(PION, 1, 0.5, phi=0.0, mass=0.14)._replace(p4=np.array([[20.0, 0.5, 0.0, 0.0]]))
    missed = reconstruct(particles, still(particles, uniform=0.999))  # no track: a neutral object
    bend = np.arcsin(1.15 / 2 * 0.299792458 * 2 / 0.5)
    assert abs(np.arctan2(missed.p4[0, 2], missed.p4[0, 1]) + bend) < np.radians(10)


def test_no_particles():
    empty = Particles(*(np.empty((0, *shape)) for shape in ((), (), (), (4,), (3,))))
    empty = empty._replace(event=np.empty(0, int), pdg=np.empty(0, int))
    assert reconstruct(empty, draw_noise([], (0,))).p4.shape == (0, 4)


def test_noise_belongs_to_the_event():
    whole, rest = draw_noise([2, 3, 4], (7,)), draw_noise([3, 4], (7,), first_event=1)
    np.testing.assert_array_equal(whole.normal[2:], rest.normal)
    np.testing.assert_array_equal(whole.uniform[2:], rest.uniform)
    assert (draw_noise([5], (7, 1)).normal != draw_noise([5], (7, 2)).normal).all()
