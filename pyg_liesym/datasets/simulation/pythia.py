"""Top and QCD jets from Pythia 8, the detector and FastJet, as arrays."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.simulation.clustering import RADIUS, select_jets
from pyg_liesym.datasets.simulation.detector import CARDS, Particles, draw_noise, reconstruct
from pyg_liesym.datasets.simulation.veto import parton_jet_veto

CLASSES = ("QCD", "Tbqq")
Detector = Literal["delphes-3.3", "delphes-3.5", "none"]

_EVENTS_PER_BATCH = 256
_NEUTRINOS = (12, 14, 16)
_COMMON = (
    "Print:quiet = on",
    "Beams:eCM = 14000.",
    "PhaseSpace:pTHatMin = 300.",
    "Random:setSeed = on",
)
_SHORT_LIVED_ONLY = ("ParticleDecays:limitTau0 = on", "ParticleDecays:tau0Max = 10.")
_PROCESS = {
    "QCD": ("HardQCD:all = on",),
    "Tbqq": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"),
}


def generate_jets(
    num_jets: int,
    key: tuple[int, ...] = (0,),
    *,
    num_signal: int | None = None,
    detector: Detector = "delphes-3.3",
    multiple_interactions: bool = True,
    max_constituents: int = 200,
    report: Callable[[int], Any] = lambda _: None,
) -> JetArrays:
    r"""Simulate top and QCD jets in this process and return them as arrays.

    The jets follow the Top Quark Tagging Reference Dataset (https://doi.org/10.5281/zenodo.2603256; Butter et al.
    2018, https://arxiv.org/abs/1707.08966): proton-proton collisions at 14 TeV by Pythia 8, seen by a fast detector,
    whose massless energy-flow objects are clustered by anti-:math:`k_T` with R = 0.8.

    - ``Tbqq``: :math:`pp \to t\bar t`, both W bosons decaying to quarks. A jet is kept if a top (as it decays) and
      all its three decay quarks (before they radiate) are within ΔR < 0.8 of the jet's axis.
    - ``QCD``: ``HardQCD:all``: two-parton scattering of gluons and u, d, s, c, b quarks, charm and bottom pairs
      included.

    Every jet of an event with pT in 550-650 GeV and \|η\| < 2 that passes is kept. The description of the reference
    data has no multiple interactions, but its jets agree with ours only with them (see the card). The hard scattering
    is generated from a transverse momentum of 300 GeV upwards, without upper limit.

    Args:
        num_jets: Number of jets.
        key: The seed: any integers.
        num_signal: Top jets among them; None for half (of an odd number, one more QCD jet).
        detector: The ATLAS card of a version of Delphes, see :func:`~.detector.reconstruct`; ``"none"`` clusters the
            particles themselves, with their masses, without neutrinos; hadrons that fly more than 10 mm (K⁰s, Λ, …)
            then do not decay.
        multiple_interactions: Whether further partons of the protons collide.
        max_constituents: Keep the hardest constituents of a jet up to this number.
        report: Called with the number of new jets now and then.

    Shapes:
        See :class:`~pyg_liesym.datasets.io.jet_arrays.JetArrays`; labels index ``("QCD", "Tbqq")``; the jets are in
        random order.

    Units:
        GeV, radians.

    Raises:
        ImportError: If Pythia, FastJet or vector are not installed.
        ValueError: If there is no such detector, or ``num_signal`` is not between 0 and ``num_jets``.
    """
    if detector not in (*CARDS, "none"):
        raise ValueError(f"detector must be one of {[*CARDS, 'none']}, got {detector!r}")
    tops = num_jets // 2 if num_signal is None else num_signal
    if not 0 <= tops <= num_jets:
        raise ValueError(f"num_signal must be between 0 and num_jets={num_jets}, got {num_signal}")
    import_generators()
    _silence_banners()
    parts = [
        _Generator(label, (*key, label), detector, multiple_interactions).jets(count, max_constituents, report)
        for label, count in enumerate((num_jets - tops, tops))
    ]
    order = np.random.default_rng((*key, len(CLASSES))).permutation(num_jets)
    return concatenate_jets(parts).select(order)


def import_generators() -> None:
    """Make sure that the extra is installed.

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


class _Generator:
    """Pythia with the settings of a class, and the detector."""

    def __init__(self, label: int, key: tuple[int, ...], detector: str, multiple_interactions: bool) -> None:
        self.label, self.key, self.detector = label, key, detector
        self.match_top = CLASSES[label] == "Tbqq"
        seed = int(np.random.SeedSequence(key).generate_state(1)[0]) % 900_000_000 + 1
        self.settings = (
            *_COMMON,
            f"PartonLevel:MPI = {'on' if multiple_interactions else 'off'}",
            *(_SHORT_LIVED_ONLY if detector == "none" else ()),
            *_PROCESS[CLASSES[label]],
            f"Random:seed = {seed}",
        )

    def jets(self, count: int, max_constituents: int, report: Callable[[int], Any]) -> JetArrays:
        if count == 0:
            return _empty()
        pythia = self._start()
        parts: list[JetArrays] = []
        found = events_done = 0
        while found < count:
            events = pythia.nextBatch(min(2 * (count - found), _EVENTS_PER_BATCH))
            objects = self._objects(events.prt, pythia.particleData, events_done)
            jets = select_jets(objects, events.prt if self.match_top else None, self.label, max_constituents)
            jets = jets.select(np.arange(min(len(jets), count - found)))
            parts.append(jets)
            found += len(jets)
            events_done += len(events)
            report(len(jets))
        return concatenate_jets(parts)

    def _start(self) -> Any:
        import pythia8mc

        pythia = pythia8mc.Pythia("", False)
        for setting in self.settings:
            pythia.readString(setting)
        self.veto = parton_jet_veto(RADIUS, match_top=self.match_top)  # Pythia does not keep it alive
        pythia.setUserHooksPtr(self.veto)
        if not pythia.init():
            raise RuntimeError(f"Pythia could not be started for the process {CLASSES[self.label]}")
        return pythia

    def _objects(self, particles: Any, particle_data: Any, first_event: int) -> Any:
        """What is clustered: energy-flow objects, or the visible particles."""
        import awkward as ak

        stable = particles[particles.status > 0]
        if self.detector == "none":
            kind = abs(stable.id)
            p4 = stable.p[~functools.reduce(np.logical_or, (kind == n for n in _NEUTRINOS))]
            return ak.zip({"px": p4.px, "py": p4.py, "pz": p4.pz, "E": p4.e})
        counts = ak.to_numpy(ak.num(stable)).astype(np.int64)
        noise = draw_noise(counts, self.key, first_event)
        flow = reconstruct(_particles(ak.flatten(stable), counts, particle_data), noise, CARDS[self.detector])
        energy, px, py, pz = flow.p4.T
        sizes = np.bincount(flow.event, minlength=len(counts))
        return ak.unflatten(ak.zip({"px": px, "py": py, "pz": pz, "E": energy}), sizes)


def _particles(stable: Any, counts: np.ndarray[Any, np.dtype[np.int64]], particle_data: Any) -> Particles:
    import awkward as ak

    pdg = ak.to_numpy(stable.id).astype(np.int64)
    kinds, kind = np.unique(pdg, return_inverse=True)
    charge = np.array([particle_data.charge(int(k)) for k in kinds], np.float64)[kind]
    vertex = [ak.to_numpy(ak.fill_none(stable.vProd[axis], 0.0)) for axis in ("px", "py", "pz")]
    p4 = [ak.to_numpy(stable.p[component]) for component in ("e", "px", "py", "pz")]
    event = np.repeat(np.arange(len(counts)), counts)
    return Particles(event, pdg, charge, np.stack(p4, axis=-1), np.stack(vertex, axis=-1))


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
    """Let FastJet and Pythia's copy of it print their banners, once, where nobody sees them."""
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
