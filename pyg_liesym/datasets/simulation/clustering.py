"""Jets from events: clustering, selection, matching to tops."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyg_liesym.datasets.io.jet_arrays import JetArrays

RADIUS = 0.8
PT_RANGE = (550.0, 650.0)
ETA_MAX = 2.0


def select_jets(objects: Any, particles: Any | None, label: int, max_constituents: int) -> JetArrays:
    """Cluster events with anti-kT and pack the jets in the window.

    Args:
        objects: What is clustered: event by event, records of ``px``, ``py``, ``pz``, ``E`` (awkward).
        particles: All particles of the events as Pythia gives them, to match jets to tops; None: no matching.
        label: The class of the jets.
        max_constituents: Keep the hardest constituents of a jet up to this number.
    """
    import awkward as ak
    import fastjet

    clusters = fastjet.ClusterSequence(objects, fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS))
    jets = _as_vectors(clusters.inclusive_jets(min_pt=PT_RANGE[0]))
    keep = (jets.pt > PT_RANGE[0]) & (jets.pt < PT_RANGE[1]) & (abs(jets.eta) < ETA_MAX)
    if particles is not None:
        keep = keep & (_holds_top(particles, jets, 1) | _holds_top(particles, jets, -1))
    constituents = _as_vectors(ak.flatten(clusters.constituents(min_pt=PT_RANGE[0])[keep], axis=1))
    constituents = constituents[ak.argsort(constituents.pt, axis=1, ascending=False)][:, :max_constituents]
    jets = ak.flatten(jets[keep], axis=1)
    side = np.where(jets.eta < 0, -1.0, 1.0)
    columns = [constituents.E, constituents.px, constituents.py, constituents.pz]
    plane = [(constituents.eta - jets.eta) * side, constituents.deltaphi(jets)]
    return JetArrays(
        p4=_stack([ak.flatten(column) for column in columns]),
        plane=_stack([ak.flatten(column) for column in plane]),
        offsets=np.concatenate([[0], np.cumsum(ak.to_numpy(ak.num(constituents)))]).astype(np.int64),
        axis=_stack([jets.pt, jets.eta, jets.phi, jets.E]),
        label=np.full(len(jets), label),
    )


def _holds_top(particles: Any, jets: Any, sign: int) -> Any:
    """Tell for every jet whether the top (sign 1) or antitop (-1) and its decay quarks are within ΔR < 0.8."""
    import awkward as ak

    mother = particles.id[ak.where(particles.mother1 < 0, 0, particles.mother1)]
    decay = (abs(particles.id) <= 5) & ((mother == 6 * sign) | (mother == 24 * sign))
    quarks = _as_vectors(particles.p[decay])
    top = ak.sum(quarks, axis=1)
    inside = jets.deltaR(top) < RADIUS
    near = jets[:, :, None].deltaR(quarks[:, None, :]) < RADIUS
    return inside & ak.all(near, axis=2) & (ak.num(quarks) == 3)


def _as_vectors(array: Any) -> Any:
    import vector

    energy = array["e" if "e" in array.fields else "E"]
    return vector.zip({"px": array["px"], "py": array["py"], "pz": array["pz"], "E": energy})


def _stack(columns: list[Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    import awkward as ak

    return np.stack([ak.to_numpy(column) for column in columns], axis=-1).astype(np.float32)
