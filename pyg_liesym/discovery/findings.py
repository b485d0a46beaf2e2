"""Find the symmetry in data by linear algebra: three questions, each with its evidence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.answer import Answer
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.evidence.asking import questions
from pyg_liesym.discovery.evidence.claim import Claim, judge
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
    samples, units = _read(x, y, output, groups, margin)
    n = samples.vectors.size(-1)
    if among is None:
        among = LieAlgebra.general_linear(n)
    _check_size(among, n)
    return _answered(samples, y is not None, among.basis.double(), units, margin, seed)


def certify(
    algebra: LieAlgebra,
    x: Any,
    y: Any = None,
    *,
    output: OutputKind = "auto",
    groups: Sequence[int] | OptTensor = None,
    margin: float = 0.05,
    seed: int = 0,
) -> Findings:
    """Ask of data whether an algebra from elsewhere is their symmetry: from a paper, LieGAN, or one's own mind.

    The same three questions as in `find_symmetry`, with the same yardstick, about all directions of the algebra
    together. Give data that the algebra was not fitted to.

    Args:
        algebra: The algebra; a published basis is ``LieAlgebra(basis)``, a metric J ``LieAlgebra.preserving(J)``.
        x: As in `find_symmetry`.
        y: As in `find_symmetry`.
        output: As in `find_symmetry`.
        groups: As in `find_symmetry`.
        margin: As in `find_symmetry`.
        seed: As in `find_symmetry`.

    Raises:
        TypeError: If x or y is not numeric.
        ValueError: As `find_symmetry`, and on an algebra without matrices.

    Example:
        >>> J = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))
        >>> p = torch.randn(2000, 4, generator=torch.Generator().manual_seed(0))
        >>> print(certify(LieAlgebra.preserving(J), p, ((p @ J) * p).sum(1)).verdict.headline)
        FOUND  so(1,3): the law keeps it.
    """
    samples, units = _read(x, y, output, groups, margin)
    _check_size(algebra, samples.vectors.size(-1))
    if algebra.rank() == 0:
        raise ValueError("there is nothing to certify: the algebra has no matrix that is not zero")
    everything = LieAlgebra.general_linear(algebra.n).basis
    return _answered(samples, y is not None, everything, units, margin, seed, algebra.basis.double())


def _answered(
    samples: Samples, has_output: bool, span: Tensor, units: Tensor, margin: float, seed: int, given: OptTensor = None
) -> Findings:
    """All questions, answered."""
    common = {
        "num_samples": len(samples),
        "data_rank": samples.data_rank(),
        "second_moments": (samples.second_moments() * samples.scale**2).tolist(),
        "reading": samples.reading,
        "other_reading": samples.other_reading,
    }
    findings = []
    for ask in questions(has_output):
        begun = time.perf_counter()
        generator = torch.Generator().manual_seed(seed)
        question = ask(samples, span, units, generator)
        claim = judge(question, margin, generator, given)
        basis = span[:0] if not claim.dim else question.span(claim.dim) if given is None else given
        diagnostics = {"claim": claim.to_dict(), "seconds": round(time.perf_counter() - begun, 3), **common}
        settings = {"method": f"{'find_symmetry' if given is None else 'certify'}, {question.name}", "margin": margin}
        symmetry = DiscoveredSymmetry.of(LieAlgebra(basis), diagnostics=diagnostics, settings=settings, seed=seed)
        findings.append(Finding(claim, symmetry, question.ladder))
    return Findings("\n".join(reading(samples.reading, samples.other_reading)), tuple(findings))


def _read(
    x: Any, y: Any, output: OutputKind, groups: Sequence[int] | OptTensor, margin: float
) -> tuple[Samples, Tensor]:
    if not 0 < margin < 1:
        raise ValueError(f"margin must lie between 0 and 1, got {margin}")
    samples = Samples.of(x, y, output=output, dtype=torch.float64)
    return samples, _units(groups, len(samples))


def _check_size(algebra: LieAlgebra, n: int) -> None:
    if algebra.n != n:
        raise ValueError(f"the vectors have {n} components, but the matrices are {algebra.n} × {algebra.n}")


def _units(groups: Sequence[int] | OptTensor, count: int) -> Tensor:
    if groups is None:
        return torch.arange(count)
    numbers = torch.as_tensor(groups)
    if numbers.shape != (count,):
        raise ValueError(f"groups must hold a number for each of the {count} samples, got {list(numbers.shape)}")
    units: Tensor = torch.unique(numbers, return_inverse=True)[1]
    return units
