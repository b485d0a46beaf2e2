from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pyg_liesym.cli.reproduce.known_elements import SINGLE, judged, keeps
from pyg_liesym.cli.reproduce.known_symmetries import KNOWN, drawn
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Finding
from pyg_liesym.discovery.evidence.asking import Tried
from pyg_liesym.discovery.evidence.claim import Claim
from pyg_liesym.discovery.evidence.element import usual_elements
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.lie.algebra import LieAlgebra

_PLANE = ("C2", "reflection of coordinate 0", "reflection of coordinate 1", "exchange of coordinates 0↔1")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("square", {"C4", *_PLANE}),
        ("corners of a square", {"C4", *_PLANE}),
        ("corners of a heptagon", {"C7", "reflection of coordinate 1"}),
        ("squares of normals", {"exchange of coordinates 0↔1"}),
        ("cubes by component", {"C4", *_PLANE}),
        ("kept by a reflection", {"reflection of coordinate 1"}),
        ("kept by an exchange", {"exchange of coordinates 0↔1", "exchange of vectors 0↔1"}),
        ("kept by parity", {"parity"}),
        ("kept by the reversal of time", {"signs +− of x and the opposite of y"}),
        ("broken by 30 %", {"reflection of coordinate 1"}),
        ("labels of a disc", {f"C{order}" for order in range(3, 9)} | {*_PLANE}),
        ("function of a difference", set()),
    ],
)
def test_what_is_kept_follows_from_what_the_data_are(name: str, kept: set[str]) -> None:
    known, x, y = drawn(name, 500, 3)
    samples = Samples.of(x, y, dtype=torch.float64)
    assert known.exact is not None
    elements = usual_elements(x.size(-1), samples.num_inputs, samples.vectors.size(1) - samples.num_inputs)
    assert {e.name for e in elements if keeps(e, known.exact, x, samples)} == kept


def _certified(name: str, elements: set[str], span: LieAlgebra | None = None) -> dict[str, int]:
    """What is counted if just some transformations are certified."""
    known, x, y = drawn(name, 200, 0)
    samples = Samples.of(x, y, dtype=torch.float64)
    claim = Claim(known.question, "refuted", 0, None, None, 0.05, 0.0, "", 100, given=True)
    asked = usual_elements(x.size(-1), samples.num_inputs, 0)
    assert elements <= {e.name for e in asked}
    tried = tuple(Tried(e, replace(claim, status="certified") if e.name in elements else claim, False) for e in asked)
    basis = torch.zeros(0, x.size(-1), x.size(-1)) if span is None else span.basis
    found = DiscoveredSymmetry.of(LieAlgebra(basis))
    return judged(Finding(claim, found, torch.zeros(1), tried), known.exact, x, samples)


@pytest.mark.parametrize(
    ("certified", "outcome"),
    [
        (set(), "single_none"),
        ({"C2"}, "single_partly"),
        ({"C4"}, "single_partly"),
        ({"C4", "reflection of coordinate 0"}, "single_right"),
        ({"reflection of coordinate 0", "exchange of coordinates 0↔1"}, "single_right"),
        ({"C4", "reflection of coordinate 0", "C8"}, "single_wrong"),
        ({"C8"}, "single_wrong"),
    ],
)
def test_certified_transformations_are_scored_up_to_what_follows(certified: set[str], outcome: str) -> None:
    counts = _certified("square", certified)
    assert {name for name in SINGLE if counts[name]} == {outcome}
    assert counts["single_false"] == ("C8" in certified)
    assert (counts["single_kept"], counts["single_broken"]) == (5, 5)


def test_turns_follow_from_their_algebra_and_reflections_do_not() -> None:
    turns = LieAlgebra.rotation(2)
    assert _certified("circle", {"C4"}, turns)["single_partly"] == 1
    assert _certified("circle", {"C4", "reflection of coordinate 0"}, turns)["single_right"] == 1
    assert _certified("circle", {"C4", "reflection of coordinate 0"})["single_partly"] == 1


def test_nothing_is_kept_where_nothing_is_known_to_be() -> None:
    assert KNOWN["random number"].exact is None
    assert _certified("random number", {"C2"}) == {
        "single_right": 0, "single_partly": 0, "single_wrong": 1, "single_none": 0,
        "single_kept": 0, "single_broken": 10, "single_false": 1,
    }  # fmt: skip
