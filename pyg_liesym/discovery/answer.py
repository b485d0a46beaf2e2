"""A discovered symmetry in three sentences: the answer, how sure it is, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from pyg_liesym.discovery.report import LARGEST_IDENTIFIED, Found, judged_algebra, least_visible, nothing_found


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


def answer(found: Found) -> Answer:
    """Say what was found, how sure it is, and what to do next.

    LieGAN finds what a discriminator could not tell apart, and no more is claimed: to a weak discriminator, or where y
    does not depend on x, everything looks symmetric.

    Example:
        >>> from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
        >>> from pyg_liesym.lie import LieAlgebra
        >>> answer(DiscoveredSymmetry.of(LieAlgebra.rotation(3))).headline
        'Closest to a symmetry: so(3)'
    """
    if found.algebra.rank() == 0 or nothing_found(found.diagnostics):
        return Answer(
            "No symmetry found",
            "The discriminator recognises the data once they are moved, whichever way.",
            "A plain network fits such data; a mask, more channels or another seed may still find something.",
        )
    return Answer(f"Closest to a symmetry: {_name(found)}", _confidence(found), _advice(found))


def _name(found: Found) -> str:
    if found.discrete:
        return "; ".join(map(str, found.turns))
    algebra = judged_algebra(found)
    if algebra.n > LARGEST_IDENTIFIED:
        return f"an algebra of dimension {algebra.rank(0.1)} on {algebra.n} coordinates"
    best = algebra.identify()[0]
    if best.relation == "none":
        return f"{best.dim} direction{'' if best.dim == 1 else 's'} without a name"
    return f"{best.name} and what was left out" if best.left_out else best.name


def _confidence(found: Found) -> str:
    caveat = (
        "That is what a discriminator could not tell apart, not a certificate: data on which nothing depends, or "
        "that a discriminator sees badly, look symmetric too."
    )
    if "visibility" not in found.diagnostics:
        return caveat
    area = (1 + least_visible(found.diagnostics)) / 2
    return (
        f"The discriminator tells data moved along the best direction from data left alone with an AUC of {area:.2f}, "
        f"where 0.50 is a guess and 1.00 is certainty. {caveat}"
    )


def _advice(found: Found) -> str:
    check = "First compare two or three seeds, and a network with the symmetry with one without, on data kept aside."
    if found.discrete:
        return f"{check} Use a layer for finite groups: a network of J-products obeys a continuous one."
    number = found.metric.null_dim
    if number == 1:
        return f"{check} Then LieGNN(…, metric=found.metric.scaled()) obeys it."
    if number == 0:
        return (
            f"{check} No metric is kept, so there is nothing that LieGNN could measure with; if a scaling is among the "
            "matrices, restrict them to the others."
        )
    return (
        f"{check} {number} metrics are kept: give a network all of them, metric=found.forms, as one alone imposes more "
        "than was found."
    )
