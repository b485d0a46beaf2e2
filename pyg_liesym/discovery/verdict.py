"""The answers to three questions, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pyg_liesym.discovery.agreement import angle, kept_by, shown
from pyg_liesym.discovery.evidence.asking import UNASKED, Tried
from pyg_liesym.discovery.evidence.claim import Breaking, Claim, surfaces
from pyg_liesym.discovery.report import LARGEST_IDENTIFIED, Found

_NEARLY = 0.15
_SMALL = 0.001
_KEPT = {
    "law": "the law keeps it",
    "support": "it keeps the {} on which the data lie",
    "density": "it leaves the distribution of the data alone",
}
_KEPT_ALL = {
    "law": "the law keeps them",
    "support": "they keep the {} on which the data lie",
    "density": "they leave the distribution of the data alone",
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


def verdict(answers: Sequence[tuple[Claim, Found]], elements: Sequence[Sequence[Tried]]) -> Answer:
    """Say what was found, how sure it is, and what to do next.

    Args:
        answers: Claims and what they are about, the most telling question first.
        elements: Of each answer, what is claimed about single transformations.
    """
    best = shown(answers)
    if best is not None:
        return _found(answers, best)
    for (claim, _), tried in zip(answers, elements, strict=True):
        certified = [one for one in tried if one.claim.status == "certified"]
        if certified:
            highs = [one.claim.breaking.high for one in certified if one.claim.breaking is not None]
            own = [one for one in certified if not one.follows]
            kept = (_KEPT if len(own) == 1 else _KEPT_ALL)[claim.question].format(surfaces(claim.degree))
            return Answer(
                f"FOUND  {_listed(own)}: {kept}.",
                f"Samples kept aside break each of them by at most {_percent(max(highs))} of what random linear maps "
                f"break that move them as far (95 %). {_nearly(claim)}",
                "Layers for finite groups obey them; so does a network trained on data that are moved by them.",
            )
    return _nothing([claim for claim, _ in answers], [one.claim for tried in elements for one in tried])


def _nearly(claim: Claim) -> str:
    if claim.status == "refuted" and claim.breaking is not None and claim.breaking.size < _NEARLY:
        size = _percent(claim.breaking.size)
        return f"Nearly: {_which(claim)} is broken by {size}, and a relaxed network fits a continuous group so broken."
    return "No continuous group is certified."


def _found(answers: Sequence[tuple[Claim, Found]], best: int) -> Answer:
    first = next(index for index, (claim, _) in enumerate(answers) if claim.dim)
    claim, symmetry = answers[first]
    fine = answers[best][1]
    said = [] if claim.breaking is None else [_sure(claim.breaking, claim.next)]
    if best != first:
        said.append(
            f"The {answers[best][0].question} agrees, and its finer matrices are the ones shown, "
            f"{_degrees(angle(symmetry, fine))} from those of the {claim.question}."
        )
    for index, (other, its) in enumerate(answers):
        if other.dim and index not in (first, best):
            agrees = other.question in kept_by(fine) and other.dim == claim.dim
            said.append(f"The {other.question} agrees." if agrees else _differs(claim, fine, other, its))
    headline = f"FOUND  {_name(symmetry)}: {_KEPT[claim.question].format(surfaces(claim.degree))}."
    return Answer(headline, " ".join(said), _advice(fine))


def _differs(claim: Claim, symmetry: Found, other: Claim, its: Found) -> str:
    """A certified answer that is another, since it answers another question."""
    apart = _degrees(angle(symmetry, its))
    relation = f"of dimension {other.dim}, {apart} from it at most"
    if other.dim > claim.dim:
        relation = f"of dimension {other.dim}, which holds it to {apart}"
    elif other.dim < claim.dim:
        relation = f"of dimension {other.dim}, a part of it to {apart}"
    return f"The {other.question} keeps {_name(its)}, {relation}: the questions differ, choose by yours."


def _nothing(claims: Sequence[Claim], elements: Sequence[Claim]) -> Answer:
    single = any(claim.reason == UNASKED for claim in claims)
    if single:
        claims = elements
    for claim in claims:
        if claim.status == "refuted" and claim.breaking is not None and claim.breaking.size < _NEARLY:
            which = "a transformation" if single else _which(claim)
            return Answer(
                f"NEARLY  {which} is broken by {_percent(claim.breaking.size)} of what a random linear map breaks.",
                f"That is more than the {_percent(claim.margin)} that would count as a symmetry, and not by chance.",
                "A relaxed network fits such data (RelaxedLieGNN, or layers with relaxed=True).",
            )
    refuted = [claim.question for claim in claims if claim.status == "refuted"]
    undecided = [claim for claim in claims if claim.status == "no evidence" and claim.question != "support"]
    if refuted and not undecided:
        tried = ", nor is a single one that was tried certified" if elements else ""
        return Answer(
            "NOTHING  it is no symmetry."
            if claims[0].given
            else f"NOTHING  no continuous group of linear maps is a symmetry{tried}.",
            f"Refuted for the {' and the '.join(dict.fromkeys(refuted))} on samples kept aside.",
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
        return f"{asked}: certified {_name(symmetry)}. {_sure(claim.breaking, claim.next)}{_in_units(claim)}"
    if claim.breaking is None:
        return f"{asked}: no evidence, {claim.reason}."
    found = f"{_which(claim)} is broken by {claim.breaking}"
    if claim.status == "refuted":
        return f"{asked}: refuted, {found}.{_in_units(claim)}"
    return f"{asked}: no evidence, {claim.reason}; {found}."


def elements_line(question: str, tried: Sequence[Tried]) -> str:
    """What one question says of single transformations, in a line; empty if none was asked about."""
    if not tried:
        return ""
    own = [one for one in tried if one.claim.status == "certified" and not one.follows]
    follow = sum(one.follows for one in tried)
    refuted = [one.claim.breaking for one in tried if one.claim.status == "refuted"]
    sizes = [breaking.size for breaking in refuted if breaking is not None]
    undecided = sum(one.claim.status == "no evidence" for one in tried)
    parts = [f"certified {_listed(own)}" if own else "none certified"]
    if follow:
        parts.append(f"{follow} that follow from them" if own else f"{follow} that belong to the algebra")
    if sizes:
        parts.append(f"{len(sizes)} refuted, broken by {_percent(min(sizes))} or more")
    if undecided:
        parts.append(f"{undecided} undecided")
    return f"Single transformations ({question}): {'; '.join(parts)}."


def _listed(tried: Sequence[Tried]) -> str:
    return ", ".join(one.element.name for one in tried)


def _which(claim: Claim) -> str:
    return "its worst direction" if claim.given else "the best direction"


def _sure(breaking: Breaking, following: Breaking | None) -> str:
    text = f"Samples kept aside break it by at most {_percent(breaking.high)} of what random linear maps break (95 %)"
    return f"{text}; one direction more by {_percent(following.size)}." if following else f"{text}."


def _in_units(claim: Claim) -> str:
    """A breaking in the question's own terms: the error of a law, the thickness of a set."""
    if claim.breaking is None:
        return ""
    if claim.scale is not None:
        error = _percent(claim.scale * claim.breaking.size)
        return f" On moved samples the law is off by {error} of its own size."
    if claim.question == "support" and claim.resolution > 0:
        return f" Moved samples are off by {claim.breaking.size / claim.resolution:.2g} times the data's own thickness."
    return ""


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


def _degrees(radians: float) -> str:
    degrees = math.degrees(radians)
    return f"{degrees:.2g}°" if degrees >= _SMALL else f"less than {_SMALL}°"
