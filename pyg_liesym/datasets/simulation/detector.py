"""A fast detector after Delphes' ATLAS cards: stable particles in, massless energy-flow objects out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.simulation.calorimeter import Cells, Flow, Hits, Layer, log_normal
from pyg_liesym.datasets.simulation.propagation import propagate

Array = NDArray[np.float64]
Index = NDArray[np.int64]

VERSION = 1
"""Rises with every change of the detector's numbers or random numbers: jets of different versions are not mixed."""

_ELECTRON, _MUON, _PHOTON = 11, 13, 22
_INVISIBLE = (12, 13, 14, 16)
_SHARED = (310, 3122)  # K0s and Lambda
_SHARED_ECAL = 0.3
_TRACK_ETA = (0.5, 1.5, 2.5)
_TRACK_FLOOR, _TRACK_SLOPE = np.array([0.06, 0.10, 0.25]), np.array([1.3e-3, 1.7e-3, 3.1e-3])
_MIN_TRACK_PT, _SOFT_TRACK_PT, _HARD_ELECTRON_PT = 0.1, 1.0, 100.0


class Particles(NamedTuple):
    """Stable particles of many events.

    Shapes:
        - **event**, **pdg**, **charge**: :math:`(N)`, events rising from 0
        - **p4**: :math:`(N, 4)`, :math:`(E, p_x, p_y, p_z)`
        - **vertex**: :math:`(N, 3)`, where they were made

    Units:
        GeV, millimetres, charges of the positron.
    """

    event: Index
    pdg: Index
    charge: Array
    p4: Array
    vertex: Array


class Noise(NamedTuple):
    """Random numbers of every particle: three standard normal and five uniform ones, ``[N, 3]`` and ``[N, 5]``."""

    normal: Array
    uniform: Array


class EnergyFlow(NamedTuple):
    """Massless objects of many events, in the order of the events: ``event [M]`` and ``p4 [M, 4]``."""

    event: Index
    p4: Array


@dataclass(frozen=True)
class Card:
    """What differs between the detectors.

    Args:
        ecal: The electromagnetic layer.
        hcal: The hadronic layer.
        one_tower: Whether the layers are two depths of one tower: their neutral objects then are at the same place.
        electron_error: Error of an electron's track over that of a hadron's, at low momentum.
    """

    ecal: Layer
    hcal: Layer
    one_tower: bool
    electron_error: float


def draw_noise(counts: Sequence[int] | Index, key: tuple[int, ...], first_event: int = 0) -> Noise:
    """Draw the detector's random numbers, each event's from a stream of its own.

    Args:
        counts: Number of particles of every event.
        key: The seed: any integers.
        first_event: Number of the first event: with it, the same events have the same noise however they are batched.

    Example:
        >>> whole, rest = draw_noise([2, 3], (7,)), draw_noise([3], (7,), first_event=1)
        >>> bool((whole.normal[2:] == rest.normal).all())
        True
    """
    streams = [np.random.default_rng((*key, first_event + event)) for event in range(len(counts))]
    normal = [stream.standard_normal((count, 3)) for stream, count in zip(streams, counts, strict=True)]
    uniform = [stream.random((count, 5)) for stream, count in zip(streams, counts, strict=True)]
    return Noise(np.concatenate([np.empty((0, 3)), *normal]), np.concatenate([np.empty((0, 5)), *uniform]))


def reconstruct(particles: Particles, noise: Noise, card: Card | None = None) -> EnergyFlow:
    r"""See events as a detector with energy flow sees them.

    The numbers are those of ATLAS cards of `Delphes <https://arxiv.org/abs/1307.6346>`_ (de Favereau et al. 2014).

    - Charged particles fly on helices in 2 T to the calorimeter at 1.15 m.
    - Tracks of hadrons and electrons with :math:`\lvert\eta\rvert \le 2.5` and :math:`p_T > 0.1` GeV are found with
      efficiencies and their momenta smeared log-normally; their directions are exact.
    - Photons and electrons fill the ECAL, hadrons the HCAL, K⁰s and Λ both (30 and 70 %); muons and neutrinos leave
      nothing.
    - Energy flow (:meth:`~pyg_liesym.datasets.simulation.calorimeter.Layer.flow`): tracks, and neutral objects for
      the energy that tracks do not explain.

    Args:
        particles: What the generator gives.
        noise: From :func:`draw_noise`.
        card: One of :data:`CARDS`, by default ``"delphes-3.3"``.

    Units:
        GeV.

    Example:
        >>> photon = Particles(
        ...     np.zeros(1, np.int64), np.array([22]), np.zeros(1), np.array([[50.0, 50, 0, 0]]), np.zeros((1, 3))
        ... )
        >>> reconstruct(photon, Noise(np.zeros((1, 3)), np.full((1, 5), 0.5))).p4.round(1).tolist()
        [[50.0, 49.7, 4.4, -2.5]]
    """
    card = card or CARDS["delphes-3.3"]
    kind = np.abs(particles.pdg)
    eta, phi = propagate(particles.p4[:, 1:], particles.vertex, particles.charge)
    found, pt, error = _tracks(particles, eta, kind, noise, card.electron_error)
    momentum = particles.p4[found, 1:] * (pt / np.hypot(*particles.p4[found, 1:3].T))[:, None]
    electromagnetic = (kind == _ELECTRON) | (kind == _PHOTON)
    ecal = np.where(electromagnetic, 1.0, np.where(np.isin(kind, _SHARED), _SHARED_ECAL, 0.0))
    hcal = np.where(np.isin(kind, _INVISIBLE), 0.0, 1.0 - ecal)
    layers = [(card.ecal, ecal, 1, 1), (card.hcal, hcal, 2, 1 if card.one_tower else 3)]
    neutral = []
    scale = np.ones(len(found))
    for layer, share, column, place in layers:
        hit = np.flatnonzero((ecal + hcal if card.one_tower else share) > 0)
        hits = Hits(particles.event[hit], eta[hit], phi[hit], share[hit] * particles.p4[hit, 0])
        energy = share[found] * np.linalg.norm(momentum, axis=1)
        tracks = Hits(particles.event[found], eta[found], phi[found], energy)
        random = noise.normal[hit, column], noise.uniform[hit, place : place + 2]
        neutral.append(layer.flow(hits, tracks, error * energy, *random))
        scale *= neutral[-1].scale
    kept = scale > 0
    return _merge(particles.event[found[kept]], (momentum * scale[:, None])[kept], neutral)


def _tracks(
    particles: Particles, eta: Array, kind: Index, noise: Noise, electron_error: float
) -> tuple[Index, Array, Array]:
    """Rows of the particles whose track is found, its transverse momentum, and the relative error of that."""
    pt = np.hypot(particles.p4[:, 1], particles.p4[:, 2])
    region = np.searchsorted(_TRACK_ETA, np.abs(eta))  # NaN comes last
    rows = np.flatnonzero((particles.charge != 0) & (kind != _MUON) & (pt > _MIN_TRACK_PT) & (region < len(_TRACK_ETA)))
    pt, region, electron = pt[rows], region[rows], kind[rows] == _ELECTRON
    outer, soft, hard = region == 2, pt <= _SOFT_TRACK_PT, pt > _HARD_ELECTRON_PT
    hadrons = np.where(outer, np.where(soft, 0.60, 0.85), np.where(soft, 0.70, 0.95))
    inner_electrons = np.where(soft, 0.73, np.where(hard, 0.99, 0.95))
    outer_electrons = np.where(soft, 0.50, np.where(hard, 0.90, 0.83))
    efficiency = np.where(electron, np.where(outer, outer_electrons, inner_electrons), hadrons)
    found = noise.uniform[rows, 0] < efficiency
    rows, pt, region, electron = rows[found], pt[found], region[found], electron[found]
    floor = _TRACK_FLOOR[region] * np.where(electron, electron_error, 1.0)
    error = np.minimum(np.hypot(floor, _TRACK_SLOPE[region] * pt), 1.0)
    return rows, log_normal(pt, error * pt, noise.normal[rows, 0]), error


def _merge(event: Index, momentum: Array, neutral: Sequence[Flow]) -> EnergyFlow:
    """Tracks and neutral objects as massless four-vectors, sorted by event."""
    parts = [momentum]
    for flow in neutral:
        pt = flow.energy / np.cosh(flow.eta)
        parts.append(np.stack([pt * np.cos(flow.phi), pt * np.sin(flow.phi), pt * np.sinh(flow.eta)], axis=-1))
    together = np.concatenate(parts)
    events = np.concatenate([event, *(flow.event for flow in neutral)])
    order = np.argsort(events, kind="stable")
    p4 = np.concatenate([np.linalg.norm(together, axis=1, keepdims=True), together], axis=1)
    return EnergyFlow(events[order], p4[order])


def _ecal_resolution(energy: Array, eta: Array) -> Array:
    return np.asarray(np.sqrt((0.0017 * energy) ** 2 + 0.101**2 * energy))


def _hcal_resolution(energy: Array, eta: Array) -> Array:
    barrel = np.sqrt((0.0302 * energy) ** 2 + 0.5205**2 * energy + 1.59**2)
    return np.where(np.abs(eta) <= 1.7, barrel, np.sqrt((0.05 * energy) ** 2 + 0.706**2 * energy))


_FINE = Cells(0.0174 * np.arange(-170.0, 171.0), np.ones(340))
_COARSE = Cells(
    np.concatenate([[-3.0, -2.8], 0.1 * np.arange(-26, 27), [2.8, 3.0]]),
    np.where(np.abs(np.arange(-27.5, 28.0)) > 26, 20.0, 10.0),
)
CARDS = {
    "delphes-3.3": Card(
        Layer(_COARSE, _ecal_resolution, min_energy=0.5, min_significance=1.0, rule="better"),
        Layer(_COARSE, _hcal_resolution, min_energy=1.0, min_significance=1.0, rule="better"),
        one_tower=True,
        electron_error=1.0,
    ),
    "delphes-3.5": Card(
        Layer(_FINE, _ecal_resolution, min_energy=0.5, min_significance=2.0, rule="combined"),
        Layer(_COARSE, _hcal_resolution, min_energy=1.0, min_significance=2.0, rule="combined"),
        one_tower=False,
        electron_error=0.5,
    ),
}
"""The ATLAS cards of Delphes by version; 3.3 is that of the Top Quark Tagging Reference Dataset (see the data card)."""
