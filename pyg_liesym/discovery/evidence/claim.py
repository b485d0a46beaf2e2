"""What may be claimed about a symmetry, and what may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["certified", "refuted", "no evidence"]

SPANS, ELEMENTS = 0.04, 0.01
"""The share of what is certified in one call that may be false: of algebras, and of single transformations; 5 % in all.
"""


@dataclass(frozen=True)
class Breaking:
    """How much a symmetry is broken, relative to what there is to break.

    Of a question to samples that is what random linear maps break that move the data as far, of the law of a flow all
    that can be told of it.

    Attributes:
        size: The estimate: 0 for an exact symmetry, about 1 for none.
        low: Lower bound, of 95 %.
        high: Upper bound, of 95 %.
    """

    size: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.size:.2g} % (at most {100 * self.high:.2g} %)"


def surfaces(degree: int) -> str:
    """What the zeros of polynomials of a degree are called."""
    return {2: "quadrics", 3: "cubics"}.get(degree, f"surfaces of degree {degree}")


@dataclass(frozen=True)
class Claim:
    """One answer to one question, with what it rests on.

    Attributes:
        question: ``"support"``, ``"density"`` or ``"law"``.
        status: ``"certified"``, ``"refuted"`` (every direction is broken by more than the margin) or ``"no evidence"``.
        dim: Dimension of the certified span; 0 without one.
        breaking: Of the worst direction of the certified span; of the best direction there is without one.
        next: Of the span that has one dimension more.
        margin: The breaking up to which a span is certified.
        resolution: The breaking below which these data resolve nothing.
        reason: Why nothing could be said; empty otherwise.
        samples: How many samples were judged, none of which was used to find the span.
        given: Whether the span was given, and judged as a whole; the breaking is then always its worst direction's.
        p: How likely samples are that break so little, if the truth is the margin; of the span that was judged last
            without a certified one.
        level: The largest p that certifies. It is lower the more is claimed at once (`step_up`).
        scale: Error of the law on samples that random maps moved, over its root mean square: times a breaking this is
            a relative error of the law. None for other questions.
        degree: Of the polynomials that a support is made of.
    """

    question: str
    status: Status
    dim: int
    breaking: Breaking | None
    next: Breaking | None
    margin: float
    resolution: float
    reason: str
    samples: int
    given: bool = False
    p: float | None = None
    level: float = SPANS
    scale: float | None = None
    degree: int = 2

    def to_dict(self) -> dict[str, Any]:
        """The claim as plain Python values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Claim:
        """The claim that `to_dict` wrote."""
        sizes = {name: None if values[name] is None else Breaking(**values[name]) for name in ("breaking", "next")}
        return cls(**{**values, **sizes})


def step_up(passes: Sequence[Callable[[float], bool]], share: float) -> float:
    r"""The level at which claims made at once hold a share of false ones, by the step-up of Benjamini and Hochberg.

    Of m claims, r pass at :math:`a = r/m` of the share; the largest such r is taken (J. R. Stat. Soc. B 57 (1995) 289).
    The expected share of false claims among those made is then at most the one asked for, if the claims are
    independent or depend on each other positively. Where nothing is true that is the chance of any claim at all.

    Args:
        passes: Of each claim, whether it is made at a level.
        share: The share of false claims.

    Example:
        >>> step_up([lambda level: 0.001 <= level, lambda level: 0.02 <= level, lambda level: 0.9 <= level], 0.06)
        0.04
    """
    total = max(len(passes), 1)
    levels = [share * count / total for count in range(total, 0, -1)]
    made = (level for count, level in zip(range(total, 0, -1), levels, strict=True) if _number(passes, level) >= count)
    return next(made, levels[-1])


def _number(passes: Sequence[Callable[[float], bool]], level: float) -> int:
    return sum(one(level) for one in passes)
