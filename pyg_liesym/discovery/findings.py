"""Find the symmetry in data by linear algebra: three questions, each with its evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.discovery.answer import Answer
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.evidence.claim import Claim, judge
from pyg_liesym.discovery.evidence.density import Density
from pyg_liesym.discovery.evidence.law import Law
from pyg_liesym.discovery.evidence.question import Question
from pyg_liesym.discovery.evidence.support import Support
from pyg_liesym.discovery.report import reading
from pyg_liesym.discovery.samples import OutputKind, Samples
from pyg_liesym.discovery.verdict import line, verdict
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.typing import OptTensor


@dataclass(frozen=True, eq=False)
class Finding:
    """The answer to one question.

    Attributes:
        claim: What may be said, and what it rests on.
        symmetry: The certified algebra, with its metric; of dimension 0 where nothing is certified.
        ladder: ``[R]``: squared defects of all directions on the samples that were fitted, ascending.
    """

    claim: Claim
    symmetry: DiscoveredSymmetry
    ladder: Tensor

    def __str__(self) -> str:
        return line(self.claim, self.symmetry)


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found in data: one answer for each question that they allow.

    Attributes:
        reading: How x and y were read, a sentence or two.
        findings: The answers: the law first, if there is a y, then where the data lie, then how they are spread.
    """

    reading: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Answer:
        """The answer in three sentences: what was found, how sure that is, what to do next."""
        return verdict([(finding.claim, finding.symmetry) for finding in self.findings])

    @property
    def symmetry(self) -> DiscoveredSymmetry | None:
        """What the verdict is about: the first certified answer; None without one."""
        return next((finding.symmetry for finding in self.findings if finding.claim.dim), None)

    def report(self) -> str:
        """The verdict, then every answer in a line.

        Example:
            >>> angle = 6.283 * torch.rand(1000, generator=torch.Generator().manual_seed(0))
            >>> print(find_symmetry(torch.stack([angle.cos(), angle.sin()], 1)).report())
            x: 1000 samples of 1 vector in R²; no y: how x is spread is all there is.
            FOUND  so(2): it keeps the set on which the data lie.
            ...
        """
        said = self.verdict
        answers = [str(finding) for finding in self.findings]
        return "\n".join([self.reading, said.headline, said.confidence, said.advice, "", *answers])

    def __str__(self) -> str:
        return self.report()


def find_symmetry(
    x: Any,
    y: Any = None,
    *,
    output: OutputKind = "auto",
    among: LieAlgebra | None = None,
    groups: Sequence[int] | OptTensor = None,
    margin: float = 0.05,
    seed: int = 0,
) -> Findings:
    r"""Find the matrices that leave data alone, by linear algebra, and say how sure that is.

    "Symmetry of data" can mean three things, and the answers may differ:

    - **law**: y given x, :math:`f(g x) = g f(x)`: what an equivariant network assumes (`Law`);
    - **support**: where the data lie, such as mass shells; g maps that set to itself (`Support`);
    - **density**: how the data are spread, which is LieGAN's question; g leaves the distribution alone (`Density`).

    One half of the samples finds the matrices, the other judges them (`pyg_liesym.discovery.evidence.claim.judge`):
    *certified* is an algebra of which the samples kept aside show that moving along any of its directions breaks at
    most ``margin`` of what random linear maps break that move the data as far. What could merely not be rejected is
    not certified.

    Args:
        x: Vectors ``[S, n]`` or ``[S, v, n]``, on which a matrix acts alike.
        y: Vectors of the same n, class labels ``[S]`` (integers), invariant numbers, or None.
        output: What y is, where its dtype and shape do not tell.
        among: The matrices to look among; all of gl(n) if not given. Of vectors with a last component of one,
            `LieAlgebra.euclidean`, `galilei` or `poincare` have translations.
        groups: A number for every sample; those of one group (an orbit, an event, a molecule) depend on each other and
            stay on one side.
        margin: The breaking up to which a symmetry counts as one.
        seed: Everything random follows from it.

    Raises:
        TypeError: If x or y is not numeric.
        ValueError: On wrong shapes, NaN, too few samples, too large matrices, or a margin outside (0, 1).

    Example:
        >>> x = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))
        >>> found = find_symmetry(x, x * x.norm(dim=1, keepdim=True))
        >>> print(found.verdict.headline)
        FOUND  so(2): the law keeps it.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin must lie between 0 and 1, got {margin}")
    samples = Samples.of(x, y, output=output, dtype=torch.float64)
    n = samples.vectors.size(-1)
    if among is None:
        among = LieAlgebra.general_linear(n)
    if among.n != n:
        raise ValueError(f"the vectors have {n} components, but the matrices to look among are {among.n} × {among.n}")
    units = _units(groups, len(samples))
    span = among.basis.double()
    findings = []
    for question in _questions(y is not None):
        begun = time.perf_counter()
        generator = torch.Generator().manual_seed(seed)
        asked = question(samples, span, units, generator)
        claim = judge(asked, margin, generator)
        basis = asked.span(claim.dim) if claim.dim else span[:0]
        diagnostics = {
            "claim": claim.to_dict(),
            "seconds": round(time.perf_counter() - begun, 3),
            "num_samples": len(samples),
            "data_rank": samples.data_rank(),
            "second_moments": (samples.second_moments() * samples.scale**2).tolist(),
            "reading": samples.reading,
            "other_reading": samples.other_reading,
        }
        settings = {"method": f"find_symmetry ({asked.name})", "margin": margin}
        symmetry = DiscoveredSymmetry.of(LieAlgebra(basis), diagnostics=diagnostics, settings=settings, seed=seed)
        findings.append(Finding(claim, symmetry, asked.ladder))
    return Findings("\n".join(reading(samples.reading, samples.other_reading)), tuple(findings))


_Asking: TypeAlias = Callable[[Samples, Tensor, Tensor, torch.Generator], Question]


def _questions(has_output: bool) -> list[_Asking]:
    return [_law, _support, _density] if has_output else [_support, _density]


def _law(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    inputs, outputs = samples.vectors[:, : samples.num_inputs], samples.vectors[:, samples.num_inputs :]
    return Law(inputs, outputs, _invariants(samples), span, units, generator)


def _support(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    return Support(samples.vectors, samples.scalars, span, units, generator)


def _density(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    return Density(samples.vectors, _invariants(samples), span, units, generator)


def _invariants(samples: Samples) -> Tensor:
    """Numbers that nothing moves, labels as a column a class."""
    if samples.labels is None:
        return samples.scalars
    return torch.nn.functional.one_hot(samples.labels, samples.num_classes).double()


def _units(groups: Sequence[int] | OptTensor, count: int) -> Tensor:
    if groups is None:
        return torch.arange(count)
    numbers = torch.as_tensor(groups)
    if numbers.shape != (count,):
        raise ValueError(f"groups must hold a number for each of the {count} samples, got {list(numbers.shape)}")
    units: Tensor = torch.unique(numbers, return_inverse=True)[1]
    return units
