"""Ending hopeless events early, which is most of the speed of the simulation of jets."""

from __future__ import annotations

from typing import Any

# Most events have no jet in the window. They are ended when the parton shower has come down to emissions of this pT,
# or before hadronisation, if no jet of partons is in these (pT from, pT to, |η| below): what follows shifts a jet's
# pT by less than these margins, except that a very energetic neutrino or muon may be lost to the jet.
_EARLY_SCALE, _EARLY_RANGE = 25.0, (500.0, 900.0, 2.6)
_PARTON_RANGE = (515.0, 850.0, 2.4)
_TOP_RADIUS = 1.0


def parton_jet_veto(radius: float, *, match_top: bool) -> Any:
    """Make Pythia's hook that ends events without a jet of partons near the window.

    Args:
        radius: R of anti-kT.
        match_top: Whether the jet must be near all decay quarks of a top.
    """
    import pythia8mc

    class Finder:
        def __init__(self, low: float, high: float, eta_max: float) -> None:
            self.high, self.finder = high, pythia8mc.SlowJet(-1, radius, low, eta_max, 2, 1)

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
    """Tell whether all decay quarks of one top are near one jet: looser than the final matching."""
    import pythia8mc

    def decay(index: int) -> list[int]:
        last = event[event[index].iBotCopyId()]
        products = range(last.daughter1(), last.daughter2() + 1)
        return [quark for i in products for quark in (decay(i) if event[i].idAbs() == 24 else [i])]

    first_top, first_antitop = 5, 6
    quarks = [[event[i].p() for i in decay(top)] for top in (first_top, first_antitop)] if jets else []
    return any(all(pythia8mc.RRapPhi(jet, quark) < _TOP_RADIUS for quark in of) for jet in jets for of in quarks)
