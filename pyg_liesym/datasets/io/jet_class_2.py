"""The names of the 188 classes of JetClass-II, whose files have their numbers alone."""

from __future__ import annotations

_LEPTON_PAIRS = ("ee", "mm", "tauhtaue", "tauhtaum", "tauhtauh")
_QUARK_PAIRS = ("bc", "cs", "bq", "cq", "sq", "qq")


def _two_prongs() -> list[str]:
    quarks = ["bb", "cc", "ss", "qq", "bc", "cs", "bq", "cq", "sq", "gg"]
    return [f"X_{name}" for name in (*quarks, *_LEPTON_PAIRS)]


def _four_and_three_prongs() -> list[str]:
    flavours = "bcsqg"
    names: list[str] = []
    for index, first in enumerate(flavours):
        pairs = [2 * second for second in flavours[index:]]
        names += [2 * first + rest for rest in (*pairs, *_LEPTON_PAIRS, *flavours, "e", "m")]
    names += [quark + leptons for leptons in _LEPTON_PAIRS for quark in flavours]
    names += ["qqqb", "qqqc", "qqqs", "bbcq", "ccbs", "ccbq", "ccsq", "sscq", "qqbc", "qqbs", "qqcs", "bcsq"]
    names += ["bcs", "bcq", "bsq", "csq"]
    names += [quarks + lepton for lepton in ("ev", "mv", "tauev", "taumv", "tauhv") for quarks in _QUARK_PAIRS]
    return [f"X_YY_{name}" for name in names]


def _qcd() -> list[str]:
    content = [b + c + s for b in ("bb", "b", "") for c in ("cc", "c", "") for s in ("ss", "s", "")]
    return [f"QCD_{name or 'light'}" for name in content]


JET_CLASS_2: tuple[str, ...] = (*_two_prongs(), *_four_and_three_prongs(), *_qcd())
"""The class of every value of ``jet_label``, 0 to 187: ``X_bb`` is a resonance that decays to a pair of b quarks,
``X_YY_bbcq`` one that decays to two others and these to the quarks, ``QCD_bs`` a QCD jet with one b and one s quark.

q is u or d, e and m are electron and muon, v a neutrino, ``taue``, ``taum``, ``tauh`` a tau lepton that decays to an
electron, a muon or hadrons. Of three prongs of a pair of pairs one is lost. The order is that of the n-tuples of
`JetClass-II <https://github.com/jet-universe/jetclass2_generation>`_ (Li et al., `arXiv:2405.12972
<https://arxiv.org/abs/2405.12972>`_).
"""
