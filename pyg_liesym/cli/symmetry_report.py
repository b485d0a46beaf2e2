"""The page of a discovery: answers with their evidence, matrices, forms, what was refuted, what stayed open."""

from __future__ import annotations

from collections.abc import Sequence

from pyg_liesym.cli.page import Page
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Finding, Findings
from pyg_liesym.discovery.evidence.claim import Breaking, Claim

_ASKED = {"law": "Law: y given x", "support": "Support: where the data lie", "density": "Density: how they are spread"}
_ROWS = 14


def report_findings(page: Page, findings: Findings, coordinates: Sequence[str] | None = None, name: str = "") -> None:
    """Add all answers to a page: in words, in a table, and a section for each question.

    Args:
        page: The page.
        findings: The answers.
        coordinates: Names of the coordinates.
        name: What the names of its pictures begin with.
    """
    said = findings.verdict
    for text in (said.confidence, said.advice, *findings.reading.splitlines()):
        page.text(text)
    page.table(
        ("question", "answer", "broken, in % of what random maps break", "p", "level"), [*map(_row, findings.findings)]
    )
    for finding in findings.findings:
        _question(page, finding, coordinates, f"{name}{finding.claim.question}")
    open_questions = [line for finding in findings.findings for line in _open(finding)]
    if open_questions:
        page.heading("What these data could not decide")
        for text in open_questions:
            page.text(text)


def describe(
    page: Page, found: DiscoveredSymmetry, findings: Findings, name: str, coordinates: Sequence[str] | None = None
) -> None:
    """Add a candidate to a page: what samples kept aside say about it, the basis, the metric.

    Args:
        page: The page.
        found: The candidate.
        findings: Its certificate.
        name: What its pictures are called.
        coordinates: Names of the coordinates.
    """
    report_findings(page, findings, coordinates, f"{name}-")
    page.heading("The candidate")
    pictures(page, found, name, coordinates)
    page.folded(f"All numbers of the fit with seed {found.seed}", found.report())


def pictures(page: Page, found: DiscoveredSymmetry, name: str, coordinates: Sequence[str] | None = None) -> None:
    """Add the matrices and the metric of a result."""
    from pyg_liesym.plot.basis import plot_basis
    from pyg_liesym.plot.metric import plot_metric

    page.figure(
        f"{name}-basis",
        plot_basis(found.algebra, coordinates=coordinates, columns=3),
        "The matrices, one a panel: exponentials of their combinations are the transformations. Equal and opposite "
        "entries across the diagonal are a rotation, equal ones a boost.",
    )
    if found.discrete:
        return
    if found.metric.null_dim > 1:
        page.figure(
            f"{name}-metric",
            plot_basis(found.metric.solutions, coordinates=coordinates, columns=3),
            "The metrics J that these matrices keep, a basis of them: vᵀJv of a vector v does not change.",
        )
        return
    page.figure(
        f"{name}-metric",
        plot_metric(found.metric, coordinates=coordinates),
        "The metric J that these matrices keep, at norm 1: the squared length vᵀJv of a vector v does not change.",
    )


def _question(page: Page, finding: Finding, coordinates: Sequence[str] | None, name: str) -> None:
    from pyg_liesym.plot.ladder import plot_breakings, plot_ladders

    claim = finding.claim
    page.heading(_ASKED[claim.question])
    for text in str(finding).splitlines():
        page.text(text)
    if claim.breaking is not None and not claim.given:
        page.figure(
            f"{name}-ladder",
            plot_ladders({claim.question: (finding.ladder.tolist(), claim.dim)}),
            "How far every direction of matrices is from a symmetry, best first, on the samples that were fitted. "
            "Filled: certified on those kept aside.",
        )
    rows = _candidates(finding)
    if rows:
        page.figure(
            f"{name}-breakings",
            plot_breakings(rows, claim.margin),
            "What the candidates break of what random maps break that move samples as far, with 90 % intervals: "
            "green is certified, red refuted, grey open. Left of the dashed line is a symmetry; at 1 there is none.",
        )
    if claim.dim:
        pictures(page, finding.symmetry, name, coordinates)
        page.folded(f"All numbers of the {claim.question}", finding.symmetry.report())


def _candidates(finding: Finding) -> list[tuple[str, tuple[float, float, float], str]]:
    """What was judged, with its interval and its status: the span, one direction more, single transformations."""
    claim = finding.claim
    rows: list[tuple[str, Breaking | None, str]] = []
    if claim.dim:
        rows.append((f"{claim.dim} certified direction{'s' * (claim.dim > 1)}", claim.breaking, claim.status))
        rows.append(("one direction more", claim.next, "refuted" if claim.next is not None else ""))
    else:
        rows.append(("the worst direction" if claim.given else "the best direction", claim.breaking, claim.status))
    single = sorted(
        (one for one in finding.elements if one.claim.breaking is not None and not one.follows),
        key=lambda one: one.claim.breaking.size if one.claim.breaking is not None else 0.0,
    )
    rows += [(one.element.name, one.claim.breaking, one.claim.status) for one in single[:_ROWS]]
    return [
        (name, (breaking.low, breaking.size, breaking.high), status)
        for name, breaking, status in rows
        if breaking is not None
    ]


def _row(finding: Finding) -> tuple[str, str, str, str, str]:
    claim = finding.claim
    dimension = f", {claim.dim} direction{'s' * (claim.dim > 1)}" if claim.dim else ""
    p = "" if claim.p is None else f"{claim.p:.2g}"
    return claim.question, f"{claim.status}{dimension}", interval(claim.breaking), p, f"{claim.level:.2g}"


def interval(breaking: Breaking | None) -> str:
    """A breaking in per cent with its bounds, or nothing."""
    if breaking is None:
        return ""
    return f"{100 * breaking.size:.2g} ({100 * breaking.low:.2g} … {100 * breaking.high:.2g})"


def _open(finding: Finding) -> list[str]:
    claim: Claim = finding.claim
    lines = []
    if claim.status == "no evidence":
        lines.append(f"{_ASKED[claim.question]}: {claim.reason}.")
    undecided = [one.element.name for one in finding.elements if one.claim.status == "no evidence"]
    if undecided:
        lines.append(f"Single transformations ({claim.question}): {', '.join(undecided)}.")
    return lines
