"""What every discovery method returns, and what data say about it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.agreement import shown
from pyg_liesym.discovery.evidence.asking import Answered, Tried, answers
from pyg_liesym.discovery.evidence.claim import Claim
from pyg_liesym.discovery.folder import read_folder, write_folder
from pyg_liesym.discovery.record import finding_record, read_finding
from pyg_liesym.discovery.report import judged_algebra, reading, report
from pyg_liesym.discovery.samples import OutputKind, Samples
from pyg_liesym.discovery.verdict import Answer, elements_line, line, verdict
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.finite import FiniteTurn
from pyg_liesym.lie.invariant import InvariantMetric
from pyg_liesym.typing import OptTensor
from pyg_liesym.writing import write_whole

_FILES = "symmetry"
_FINDINGS = "findings.json"
_FORMAT = 1
_WEAK = 0.1
"""Strength, relative to the strongest, below which a direction of a learned basis is left out: as in `identify`."""


@dataclass(frozen=True, eq=False)
class DiscoveredSymmetry:
    """A candidate: a Lie algebra from a discovery method or from elsewhere, and its invariant metric.

    It is a symmetry of data only where `certify` says so, on samples that it was not fitted to.

    Attributes:
        algebra: The matrices, one per channel, in the coordinates and units of the data.
        diagnostics: Numbers about the fit, plain Python values; for `LieGAN` those of `LieGAN.fit`.
        settings: How the method was set, plain Python values.
        seed: Seed of the run.

    Example:
        A metric from a paper, wrapped, identified, and certified against data:

        >>> found = DiscoveredSymmetry.of(torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0])))
        >>> print(found.algebra.identify()[0])
        so(1,3), same subspace, largest angle 0.0°
        >>> p = torch.randn(2000, 4, generator=torch.Generator().manual_seed(0))
        >>> print(found.certify(p, p[:, 0] ** 2 - p[:, 1:].square().sum(1)).verdict.headline)
        FOUND  so(1,3): the law keeps it.
    """

    algebra: LieAlgebra
    diagnostics: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def of(
        cls,
        algebra: LieAlgebra | Tensor,
        *,
        diagnostics: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> DiscoveredSymmetry:
        """The result for an algebra, with dictionaries of its own.

        Args:
            algebra: The algebra; or its basis ``[K, n, n]``; or a metric ``[n, n]``, for all matrices that keep it.
            diagnostics: As in the class.
            settings: As in the class.
            seed: As in the class.

        Raises:
            TypeError: If a tensor does not hold floating-point numbers.
            ValueError: If its shape is neither ``[K, n, n]`` nor ``[n, n]``, or it holds NaN.
        """
        if isinstance(algebra, Tensor):
            algebra = LieAlgebra.preserving(algebra) if algebra.ndim == 2 else LieAlgebra(algebra)
        return cls(algebra, dict(diagnostics or {}), dict(settings or {}), seed)

    @cached_property
    def metric(self) -> InvariantMetric:
        """The best symmetric invariant form J of the algebra (LieGAN, Proposition 1).

        Raises:
            ValueError: If the result is discrete: many forms are invariant under a finite group.
        """
        if self.discrete:
            found = "; ".join(map(str, self.turns)) or "nothing"
            raise ValueError(
                f"the result is discrete ({found}) and determines no metric: a network of J-products obeys a "
                "continuous group, which was not found. Use a layer for finite groups, or discover with normal "
                "coefficients"
            )
        whitening = self.diagnostics.get("whitening")
        if whitening is None:
            return self.algebra.invariant_metric()
        matrix = torch.tensor(whitening, dtype=torch.float64)
        return self.algebra.conjugate(matrix).invariant_metric().in_coordinates(matrix)

    @property
    def discrete(self) -> bool:
        """Whether powers of single transformations were looked for, not combinations of matrices.

        The matrices are then logarithms: `algebra` is that of a continuous group for which there is no evidence, and
        `turns` is what was found.
        """
        return bool(self.settings.get("coefficients") == "integer")

    @property
    def turns(self) -> list[FiniteTurn]:
        """The transformations of a discrete result as turns of some order."""
        return [FiniteTurn.of(matrix) for matrix in self.transformations]

    @property
    def transformations(self) -> Tensor:
        """The transformations of a discrete result, ``[K, n, n]``: ``exp(Lᵢ)``, or those learned as such; else none."""
        if not self.discrete:
            return self.algebra.basis[:0]
        if (learned := self.diagnostics.get("transformations")) is not None:
            return torch.tensor(learned, dtype=torch.float64)
        relative = self.algebra.basis.flatten(1).norm(dim=1)
        elements: Tensor = torch.linalg.matrix_exp(self.algebra.basis[relative > _WEAK * relative.max()])
        return elements

    @property
    def forms(self) -> Tensor:
        """The forms that a network may use, ``[F, n, n]``; see `InvariantMetric.forms`.

        Raises:
            ValueError: If no form is kept, or the result is discrete.
        """
        return self.metric.scaled().forms

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a folder with the basis (safetensors) and everything else (JSON).

        Args:
            path: The folder; made if missing. What is there is replaced once all of it is written.
        """
        description = {
            "name": self.algebra.name,
            "seed": self.seed,
            "settings": self.settings,
            "diagnostics": self.diagnostics,
        }
        return write_folder(path, _FILES, _FORMAT, {"basis": self.algebra.basis}, description)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> DiscoveredSymmetry:
        """Read what `save` wrote; the metric is computed anew.

        Raises:
            FileNotFoundError: If the folder or one of its files is missing.
            ValueError: If the files are damaged or do not belong together.
        """
        tensors, description = read_folder(path, _FILES, _FORMAT)
        return cls.of(
            LieAlgebra(tensors["basis"], description["name"]),
            diagnostics=description["diagnostics"],
            settings=description["settings"],
            seed=description["seed"],
        )

    def certify(
        self,
        x: Any,
        y: Any = None,
        *,
        output: OutputKind = "auto",
        groups: Sequence[int] | OptTensor = None,
        margin: float = 0.05,
        seed: int = 0,
    ) -> Findings:
        """Ask of data whether they have this symmetry, whatever it comes from: a method, a paper, one's own mind.

        The three questions of `find_symmetry`, with the same yardstick, about all directions of the algebra together;
        of a learned basis those with a strength of at least a tenth, as they are named; of a discrete result about its
        transformations. Give data that it was not fitted to.

        Args:
            x: As in `find_symmetry`.
            y: As in `find_symmetry`.
            output: As in `find_symmetry`.
            groups: As in `find_symmetry`.
            margin: As in `find_symmetry`.
            seed: As in `find_symmetry`.

        Raises:
            TypeError: If x or y is not numeric.
            ValueError: As `find_symmetry`, and on a result without matrices.
        """
        samples = Samples.of(x, y, output=output, dtype=torch.float64)
        if self.discrete:
            single = list(self.transformations)
            answered = answers(samples, algebras=False, discrete=single, groups=groups, margin=margin, seed=seed)
            return Findings.of(samples, answered, method="certify", margin=margin, seed=seed)
        strong = judged_algebra(self).orthonormal(_WEAK)
        if (whitening := self.diagnostics.get("whitening")) is not None:
            strong = strong.conjugate(torch.linalg.inv(torch.tensor(whitening, dtype=torch.float64)))
        answered = answers(samples, given=strong, discrete=False, groups=groups, margin=margin, seed=seed)
        return Findings.of(samples, answered, method="certify", margin=margin, seed=seed)

    def report(self) -> str:
        """What was found, what it is called, which forms it keeps, and what could not be decided."""
        return report(self)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        found = "; ".join(map(str, self.turns)) if self.discrete else self.metric
        return f"DiscoveredSymmetry({self.algebra!r}, {found}, seed={self.seed})"


@dataclass(frozen=True, eq=False)
class Finding:
    """The answer to one question.

    Attributes:
        claim: What may be said, and what it rests on.
        symmetry: The certified algebra, with its metric; of dimension 0 where nothing is certified.
        ladder: ``[R]``: squared defects of all directions on the samples that were fitted, ascending.
        elements: What may be said about single transformations, such as turns of finite order and reflections.
    """

    claim: Claim
    symmetry: DiscoveredSymmetry
    ladder: Tensor
    elements: tuple[Tried, ...] = ()

    def __str__(self) -> str:
        lines = [line(self.claim, self.symmetry), elements_line(self.claim.question, self.elements)]
        return "\n".join(filter(None, lines))


@dataclass(frozen=True, eq=False)
class Findings:
    """What data say: one answer for each question that they allow.

    Attributes:
        reading: How x and y were read, a sentence or two.
        findings: The answers: the law first, if there is a y, then where the data lie, then how they are spread.
    """

    reading: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, samples: Samples, answered: Sequence[Answered], *, method: str, margin: float, seed: int) -> Findings:
        """The answers about some samples, each with an algebra of its own."""
        common = {
            "num_samples": len(samples),
            "data_rank": samples.data_rank(),
            "second_moments": (samples.second_moments() * samples.scale**2).tolist(),
            "reading": samples.reading,
            "other_reading": samples.other_reading,
        }
        findings = []
        for claim, basis, ladder, seconds, remarks, elements, kept_by in answered:
            own = {"claim": claim.to_dict(), "kept_by": kept_by, "seconds": round(seconds, 3)}
            diagnostics = {**own, **common, **remarks}
            settings = {"method": f"{method}, {claim.question}", "margin": margin}
            symmetry = DiscoveredSymmetry.of(LieAlgebra(basis), diagnostics=diagnostics, settings=settings, seed=seed)
            findings.append(Finding(claim, symmetry, ladder, elements))
        return cls("\n".join(reading(samples.reading, samples.other_reading)), tuple(findings))

    @property
    def verdict(self) -> Answer:
        """The answer in three sentences: what was found, how sure that is, what to do next."""
        return verdict(self._answers, [finding.elements for finding in self.findings])

    @property
    def symmetry(self) -> DiscoveredSymmetry | None:
        """What the verdict is about: the first certified answer, by the finest matrices that its question certifies.

        None where no algebra is certified.
        """
        best = shown(self._answers)
        return None if best is None else self.findings[best].symmetry

    @property
    def _answers(self) -> list[tuple[Claim, DiscoveredSymmetry]]:
        return [(finding.claim, finding.symmetry) for finding in self.findings]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write ``findings.json`` into a folder: claims, ladders, matrices, forms, single transformations, the verdict.

        Plain values, which nothing runs; what was there is replaced as a whole.

        Args:
            path: The folder; made if missing.
        """
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        records = [finding_record(one.claim, one.symmetry, one.ladder, one.elements) for one in self.findings]
        content = {
            "format": _FORMAT,
            "reading": self.reading,
            "verdict": asdict(self.verdict),
            "findings": records,
        }
        write_whole(folder / _FINDINGS, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False).encode())
        return folder

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Findings:
        """Read what `save` wrote; metrics and verdict are computed anew.

        Raises:
            FileNotFoundError: If the folder has no findings.
            ValueError: If the file is damaged or of another version.
        """
        file = Path(path) / _FINDINGS
        if not file.is_file():
            raise FileNotFoundError(f"{path} holds no {_FINDINGS}: expected a folder written by Findings.save()")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{file} is not valid JSON: {error}") from error
        if content.get("format") != _FORMAT:
            raise ValueError(f"{file} has format {content.get('format')!r}, this version reads {_FORMAT}")
        findings = []
        for record in content["findings"]:
            claim, basis, ladder, elements = read_finding(record)
            kept = {name: record[name] for name in ("diagnostics", "settings", "seed")}
            findings.append(Finding(claim, DiscoveredSymmetry.of(basis, **kept), ladder, elements))
        return cls(content["reading"], tuple(findings))

    def report(self) -> str:
        """The verdict, then every answer in a line.

        Example:
            >>> angle = 6.283 * torch.rand(1000, generator=torch.Generator().manual_seed(0))
            >>> circle = torch.stack([angle.cos(), angle.sin()], 1)
            >>> print(DiscoveredSymmetry.of(torch.eye(2)).certify(circle).report())
            x: 1000 samples of 1 vector in R²; no y: how x is spread is all there is.
            FOUND  so(2): it keeps the quadrics on which the data lie.
            ...
        """
        said = self.verdict
        lines = [self.reading, said.headline, said.confidence, said.advice, "", *map(str, self.findings)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.report()


def load_metric(path: str | os.PathLike[str]) -> Tensor:
    """The forms that a saved symmetry preserves, scaled to the norm of the identity, for the settings of a network.

    Args:
        path: A folder that `DiscoveredSymmetry.save` wrote.

    Shapes:
        - **output**: ``[n, n]``, or ``[F, n, n]`` if there are several

    Raises:
        FileNotFoundError: If there is no saved symmetry.
        ValueError: If it is damaged, keeps no form, or is of a discrete group.
    """
    return DiscoveredSymmetry.load(path).forms.squeeze(0)
