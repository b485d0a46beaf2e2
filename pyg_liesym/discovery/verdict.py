"""The answers to three questions, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyg_liesym.discovery.evidence.claim import Breaking, Claim
from pyg_liesym.discovery.report import LARGEST_IDENTIFIED, Found

_NEARLY = 0.35
_KEPT = {
    "law": "the law keeps it",
    "support": "it keeps the set on which the data lie",
    "density": "it leaves the distribution of the data alone",
}
_ASKED = {
    "law": "Law (y given x)",
    "support": "Support (where the data lie)",
    "density": "Density (how they are spread)",
}


@dataclass(frozen=True)
class Answer:
    """What a reader wants to know first.

    Attributes:
        headline: What was found.
        confidence: How sure that is.
        advice: What to do next.
    """

    headline: str
    confidence: str
    advice: str


def verdict(answers: Sequence[tuple[Claim, Found]]) -> Answer:
    """Say what was found, how sure it is, and what to do next.

    Args:
        answers: Claims and what they are about, the most telling question first.
    """
    for claim, symmetry in answers:
        if claim.dim and claim.breaking is not None:
            headline = f"FOUND  {_name(symmetry)}: {_KEPT[claim.question]}."
            return Answer(headline, _sure(claim.breaking, claim.next), _advice(symmetry))
    for claim, _ in answers:
        if claim.status == "refuted" and claim.breaking is not None and claim.breaking.size < _NEARLY:
            return Answer(
                f"NEARLY  {_which(claim)} is broken by {_percent(claim.breaking.size)} of what a random linear map "
                "breaks.",
                f"That is more than the {_percent(claim.margin)} that would count as a symmetry, and not by chance.",
                "A relaxed network fits such data (RelaxedLieGNN, or layers with relaxed=True).",
            )
    refuted = [claim.question for claim, _ in answers if claim.status == "refuted"]
    undecided = [claim for claim, _ in answers if claim.status == "no evidence" and claim.question != "support"]
    if refuted and not undecided:
        return Answer(
            "NOTHING  it is no symmetry." if answers[0][0].given else "NOTHING  no linear map is a symmetry.",
            f"Refuted for the {' and the '.join(refuted)} on samples kept aside.",
            "A plain network fits such data.",
        )
    return Answer(
        "NOTHING  these data do not show a symmetry.",
        "Nor do they rule one out: each question below says why.",
        "More samples, or matrices to look among (`among`), may decide.",
    )


def line(claim: Claim, symmetry: Found) -> str:
    """The answer to one question in a line."""
    asked = _ASKED[claim.question]
    if claim.dim and claim.breaking is not None:
        return f"{asked}: certified {_name(symmetry)}. {_sure(claim.breaking, claim.next)}"
    if claim.breaking is None:
        return f"{asked}: no evidence, {claim.reason}."
    found = f"{_which(claim)} is broken by {claim.breaking}"
    if claim.status == "refuted":
        return f"{asked}: refuted, {found}."
    return f"{asked}: no evidence, {claim.reason}; {found}."


def _which(claim: Claim) -> str:
    return "its worst direction" if claim.given else "the best direction"


def _sure(breaking: Breaking, following: Breaking | None) -> str:
    text = f"Samples kept aside break it by at most {_percent(breaking.high)} of what random linear maps break (95 %)"
    return f"{text}; one direction more by {_percent(following.size)}." if following else f"{text}."


def _advice(symmetry: Found) -> str:
    number = symmetry.metric.null_dim
    if number == 1:
        return "Next: LieGNN(…, metric=found.symmetry.metric.scaled()) obeys it."
    if number == 0:
        return (
            "It keeps no metric, so there is nothing that LieGNN could measure with; if a scaling is among the "
            "matrices, look among the others (`among`)."
        )
    return f"It keeps {number} metrics; give a network all of them, metric=found.symmetry.forms."


def _name(symmetry: Found) -> str:
    algebra = symmetry.algebra
    if algebra.n > LARGEST_IDENTIFIED:
        return f"an algebra of dimension {algebra.dim} on {algebra.n} coordinates"
    best = algebra.identify()[0]
    return f"an algebra of dimension {best.dim} without a name" if best.relation == "none" else best.name


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"
