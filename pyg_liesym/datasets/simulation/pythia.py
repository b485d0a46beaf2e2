"""Top and QCD jets from Pythia 8 and FastJet, as arrays."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pyg_liesym.datasets.jet_arrays import JetArrays, concatenate_jets

CLASSES = ("QCD", "Tbqq")
RADIUS = 0.8
PT_RANGE = (550.0, 650.0)
ETA_MAX = 2.0

_EVENTS_PER_BATCH = 256
_NEUTRINOS = (12, 14, 16)
# Most events have no jet in the window. They are ended when the parton shower has come down to emissions of this pT,
# or before hadronisation, if no jet of partons is in these (pT from, pT to, |η| below): what follows shifts a jet's
# pT by less than these margins, except that a very energetic neutrino may be lost to the jet.
_EARLY_SCALE, _EARLY_RANGE = 25.0, (470.0, 950.0, ETA_MAX + 0.7)
_PARTON_RANGE = (520.0, 850.0, ETA_MAX + 0.5)
_COMMON = (
    "Print:quiet = on",
    "Beams:eCM = 14000.",
    "PartonLevel:MPI = off",
    "ParticleDecays:limitTau0 = on",
    "ParticleDecays:tau0Max = 10.",
    "PhaseSpace:pTHatMin = 300.",
    "Random:setSeed = on",
)
_PROCESS = {
    "QCD": ("HardQCD:all = on",),
    "Tbqq": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"),
}


def generate_jets(
    num_jets: int,
    key: tuple[int, ...] = (0,),
    *,
    max_constituents: int = 200,
    report: Callable[[int], Any] = lambda _: None,
) -> JetArrays:
    r"""Simulates top and QCD jets in this process and returns them as arrays.

    The jets follow the Top Quark Tagging Reference Dataset (https://doi.org/10.5281/zenodo.2603256; Butter et al.
    2018, https://arxiv.org/abs/1707.08966) before its detector simulation: proton-proton collisions at 14 TeV by
    Pythia 8 without multiple interactions, all visible final particles clustered by anti-:math:`k_T` with R = 0.8.

    - ``Tbqq``: :math:`pp \to t\bar t`, both W bosons decaying to quarks. A jet is kept if a top (as it decays) and
      all its three decay quarks (before they radiate) are within ΔR < 0.8 of the jet's axis.
    - ``QCD``: ``HardQCD:all``: two-parton scattering of gluons and u, d, s, c, b quarks, charm and bottom pairs
      included.

    Every jet of an event with pT in 550-650 GeV and \|η\| < 2 that passes is kept. Hadrons that fly more than
    10 mm (K⁰s, Λ, …) do not decay, neutrinos are invisible. Not simulated: detector, pile-up.

    The hard scattering is generated from a transverse momentum of 300 GeV upwards, without upper limit: jets from a
    softer scattering, lifted into the window by hard initial-state radiation, are missing (see the card).

    Args:
        num_jets: Number of jets, half of each class (of an odd number, one more QCD jet).
        key: The seed: any integers.
        max_constituents: Keep the hardest constituents of a jet up to this number.
        report: Called with the number of new jets now and then.

    Shapes:
        See :class:`~pyg_liesym.datasets.jet_arrays.JetArrays`; labels index ``("QCD", "Tbqq")``; the jets are in
        random order.

    Units:
        GeV, radians.

    Raises:
        ImportError: If Pythia, FastJet or vector are not installed.
    """
    import_generators()
    _silence_banners()
    halves = [
        _generate_class(label, name, (num_jets + 1 - label) // 2, (*key, label), max_constituents, report)
        for label, name in enumerate(CLASSES)
    ]
    order = np.random.default_rng((*key, len(CLASSES))).permutation(num_jets)
    return concatenate_jets(halves).select(order)


def import_generators() -> None:
    """Makes sure that the extra is installed.

    Raises:
        ImportError: If Pythia, FastJet or vector are not.
    """
    for name in ("pythia8mc", "fastjet", "vector"):
        try:
            __import__(name)
        except ImportError as error:
            raise ImportError(
                f"simulating jets needs {name}, which is not installed: run `pip install 'pyg-liesym[jets]'`"
            ) from error


def _generate_class(
    label: int, name: str, count: int, key: tuple[int, ...], max_constituents: int, report: Callable[[int], Any]
) -> JetArrays:
    import pythia8mc

    if count == 0:
        return _empty()
    pythia = pythia8mc.Pythia("", False)
    seed = int(np.random.SeedSequence(key).generate_state(1)[0]) % 900_000_000 + 1
    for setting in (*_COMMON, *_PROCESS[name], f"Random:seed = {seed}"):
        pythia.readString(setting)
    veto = _parton_jet_veto(match_top=name == "Tbqq")
    pythia.setUserHooksPtr(veto)
    if not pythia.init():
        raise RuntimeError(f"Pythia could not be started for the process {name}")
    parts: list[JetArrays] = []
    found = 0
    while found < count:
        events = pythia.nextBatch(min(2 * (count - found), _EVENTS_PER_BATCH))
        jets = _select_jets(events, label, name == "Tbqq", max_constituents)
        jets = jets.select(np.arange(min(len(jets), count - found)))
        parts.append(jets)
        found += len(jets)
        report(len(jets))
    return concatenate_jets(parts)


def _parton_jet_veto(*, match_top: bool) -> Any:
    """Makes the hook that ends hopeless events early, which is most of the speed."""
    import pythia8mc

    class Finder:
        def __init__(self, low: float, high: float, eta_max: float) -> None:
            self.high, self.finder = high, pythia8mc.SlowJet(-1, RADIUS, low, eta_max, 2, 1)

        def jets(self, event: Any) -> list[Any]:
            self.finder.analyze(event)
            return [self.finder.p(i) for i in range(self.finder.sizeJet()) if self.finder.pT(i) < self.high]

    class PartonJetVeto(pythia8mc.UserHooks):
        def __init__(self) -> None:
            super().__init__()
            self.early, self.final = Finder(*_EARLY_RANGE), Finder(*_PARTON_RANGE)

        def canVetoPT(self) -> bool:
            return True

        def scaleVetoPT(self) -> float:
            return _EARLY_SCALE

        def doVetoPT(self, position: int, event: Any) -> bool:
            in_resonance_decay = position == 5
            return not in_resonance_decay and not self.early.jets(event)

        def canVetoPartonLevel(self) -> bool:
            return True

        def doVetoPartonLevel(self, event: Any) -> bool:
            jets = self.final.jets(event)
            return not (_any_near_top(event, jets) if match_top else jets)

    return PartonJetVeto()


def _any_near_top(event: Any, jets: list[Any]) -> bool:
    """Tells whether all decay quarks of one top are within ΔR < 1 of one jet: looser than the final matching."""
    import pythia8mc

    def decay(index: int) -> list[int]:
        last = event[event[index].iBotCopyId()]
        products = range(last.daughter1(), last.daughter2() + 1)
        return [quark for i in products for quark in (decay(i) if event[i].idAbs() == 24 else [i])]

    first_top, first_antitop = 5, 6
    quarks = [[event[i].p() for i in decay(top)] for top in (first_top, first_antitop)] if jets else []
    return any(all(pythia8mc.RRapPhi(jet, quark) < 1.0 for quark in of) for jet in jets for of in quarks)


def _select_jets(events: Any, label: int, match_top: bool, max_constituents: int) -> JetArrays:
    """Clusters a batch of events and packs the jets that pass."""
    import awkward as ak
    import fastjet

    particles = events.prt
    kind = abs(particles.id)
    visible = particles.p[(particles.status > 0) & ~functools.reduce(np.logical_or, (kind == n for n in _NEUTRINOS))]
    visible = ak.zip({"px": visible.px, "py": visible.py, "pz": visible.pz, "E": visible.e})
    clusters = fastjet.ClusterSequence(visible, fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS))
    jets = _as_vectors(clusters.inclusive_jets(min_pt=PT_RANGE[0]))
    keep = (jets.pt > PT_RANGE[0]) & (jets.pt < PT_RANGE[1]) & (abs(jets.eta) < ETA_MAX)
    if match_top:
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
    """Tells for every jet whether the top (sign 1) or antitop (-1) and its decay quarks are within ΔR < 0.8."""
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


def _empty() -> JetArrays:
    return JetArrays(
        p4=np.empty((0, 4), np.float32),
        plane=np.empty((0, 2), np.float32),
        offsets=np.zeros(1, np.int64),
        axis=np.empty((0, 4), np.float32),
        label=np.empty(0, np.int64),
    )


@functools.cache
def _silence_banners() -> None:
    """Lets FastJet and Pythia's copy of it print their banners, once, where nobody sees them."""
    import fastjet
    import pythia8mc

    with _hidden_stdout():
        particle = fastjet.PseudoJet(1.0, 0.0, 0.0, 1.0)
        fastjet._swig.ClusterSequence([particle], fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS))
        event = pythia8mc.Event()
        event.append(21, 23, 0, 0, 1.0, 0.0, 0.0, 1.0, 0.0)
        pythia8mc.SlowJet(-1, RADIUS, 0.1, 5.0, 2, 1).analyze(event)


@contextlib.contextmanager
def _hidden_stdout() -> Iterator[None]:
    sys.stdout.flush()
    saved = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
