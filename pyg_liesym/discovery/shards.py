"""Samples in many files: what is a sum over samples is added up over them, wherever they are read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.crew.crew import Crew, Here
from pyg_liesym.discovery.evidence.asking import Asking
from pyg_liesym.discovery.evidence.moments import CannotTell, Moments, frame_of
from pyg_liesym.discovery.evidence.question import Question, pooled
from pyg_liesym.discovery.evidence.support import Support, support_halves
from pyg_liesym.discovery.samples import MIN_SAMPLES, OutputKind, Samples
from pyg_liesym.discovery.shard_sums import Sums, in_words, name_of, products_of, sums_of

_NO_SUM = (
    "it is no sum over samples, and was not asked of files that are added up: ask it of as many samples as fit into "
    "memory"
)


@dataclass(frozen=True, eq=False)
class Shards:
    """Samples in parts, each of which fits into memory, while all of them need not.

    `find_symmetry` takes them in place of x and y, and asks where they lie: the quadrics that hold them follow from
    moments, which are sums. The law and the density do not, and are not asked.

    Args:
        load: Reads a part: ``load(*part)`` is x and y of some samples, as `find_symmetry` takes them, or x and None.
        parts: The arguments for each, in the order of the samples.
        crew: Who reads them (:func:`~pyg_liesym.crew.hire`); every part is read twice.

    Example:
        >>> from pyg_liesym.discovery import find_symmetry
        >>> def load(seed):
        ...     x = torch.randn(500, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        ...     return x / x.norm(dim=1, keepdim=True), None
        >>> print(find_symmetry(Shards(load, [(0,), (1,), (2,)])).verdict.headline)
        FOUND  so(2): it keeps the quadrics on which the data lie.
    """

    load: Callable[..., tuple[Any, Any]]
    parts: Sequence[tuple[Any, ...]]
    crew: Crew = field(default_factory=Here)

    def samples(self, output: OutputKind = "auto") -> ShardedSamples:
        """What is known of all samples after they were read once.

        Raises:
            TypeError: As `find_symmetry`.
            ValueError: As `find_symmetry`, and where parts have samples of different kinds.
        """
        sums = self._each(partial(sums_of, load=self.load, output=output), [(part,) for part in self.parts])
        for part, one in zip(self.parts, sums, strict=True):
            if one.kind != sums[0].kind:
                raise ValueError(
                    f"{name_of(part)}: expected samples as in {name_of(self.parts[0])} ({in_words(sums[0].kind)}), got "
                    f"{in_words(one.kind)}"
                )
        whole = sums[0]
        for one in sums[1:]:
            whole += one
        return ShardedSamples.of_sums(whole, self, tuple(one.count for one in sums), output)

    def _each(self, work: Callable[..., Any], tasks: list[tuple[Any, ...]]) -> list[Any]:
        """What the work returns of every task, in their order; the first error ends it."""
        found: dict[int, Any] = {}
        for outcome in self.crew.do(work, tasks):
            found[outcome.index] = outcome.result()
        return [found[index] for index in range(len(tasks))]


@dataclass(frozen=True, eq=False, kw_only=True)
class ShardedSamples(Samples):
    """Samples that are in parts; `vectors` and `scalars` have none of them, only their shapes.

    Attributes:
        shards: The parts.
        counts: How many samples each has.
        mean: Of the vectors, divided by `scale`, and the scalars, ``[D]``.
        covariance: The same, ``[D, D]``.
        labelled: Whether y are labels.
        output: As what y is read.
    """

    shards: Shards
    counts: tuple[int, ...]
    mean: Tensor
    covariance: Tensor
    labelled: bool
    output: OutputKind

    @classmethod
    def of_sums(cls, sums: Sums, shards: Shards, counts: tuple[int, ...], output: OutputKind) -> ShardedSamples:
        """From sums over all samples.

        Raises:
            ValueError: If they are too few or do not vary.
        """
        num_vectors, n, num_inputs, num_scalars, labelled = sums.kind
        if sums.count < MIN_SAMPLES:
            raise ValueError(f"x holds {sums.count} samples; at least {MIN_SAMPLES} are needed")
        moved, covariance = num_vectors * n, torch.from_numpy(sums.scatter / sums.count)
        if not bool(covariance[: num_inputs * n, : num_inputs * n].any()):
            raise ValueError(f"x is the same in all {sums.count} samples: nothing can be learned from one point")
        mean = torch.from_numpy(sums.mean)
        scale = float((covariance.diagonal()[:moved] + mean[:moved].square()).mean().sqrt())
        unit = torch.cat([torch.full((moved,), scale, dtype=mean.dtype), torch.ones_like(mean[moved:])])
        return cls(
            vectors=mean.new_zeros(0, num_vectors, n),
            scalars=mean.new_zeros(0, num_scalars),
            labels=None,
            num_classes=0,
            scale=scale,
            reading=f"x: {sums.count} samples {sums.reading}",
            num_inputs=num_inputs,
            shards=shards,
            counts=counts,
            mean=mean / unit,
            covariance=covariance / unit / unit[:, None],
            labelled=labelled,
            output=output,
        )

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def has_output(self) -> bool:
        """Whether there is a y."""
        return self.labelled or super().has_output

    def second_moments(self) -> Tensor:
        """See :meth:`Samples.second_moments`."""
        blocks = self._second().unflatten(0, (-1, self.vectors.size(2))).unflatten(2, (-1, self.vectors.size(2)))
        moments: Tensor = blocks.diagonal(dim1=0, dim2=2).mean(-1)
        return moments

    def displacement(self, matrix: Tensor) -> float:
        """See :meth:`Samples.displacement`."""
        second = self.second_moments() if len(matrix) == self.vectors.size(2) else self._second()
        off = matrix - torch.eye(len(matrix), dtype=matrix.dtype)
        return float(((off @ second @ off.mT).trace() / second.trace()).sqrt())

    def _second(self) -> Tensor:
        moved = self.vectors.size(1) * self.vectors.size(2)
        second: Tensor = (self.covariance + self.mean[:, None] * self.mean)[:moved, :moved]
        return second

    def questions(self, degree: int) -> list[Asking]:
        """Of the questions that such data allow, those that are sums; the others say why they are not asked."""
        names = ["law"] if self.has_output else []
        return [*(partial(_unasked, name=name) for name in names), partial(_support, degree=degree),
                partial(_unasked, name="density")]  # fmt: skip

    def support(self, span: Tensor, units: Tensor, generator: torch.Generator, degree: int) -> Support:
        """Where the samples lie, as if they were in memory: the same samples are fitted, and the same are judged."""
        fitted, judged = support_halves(units, len(self.mean), degree, generator)
        own = pooled(units[judged], generator)
        num_vectors, n = self.vectors.shape[1:]
        try:
            frame = frame_of(self.mean, self.covariance, num_vectors, n, degree)
        except CannotTell as error:
            return Support(partial(_raise, error), self.mean.new_zeros(0, len(self.mean)), own[:0], len(self), span)
        inside = torch.zeros(len(units), dtype=torch.bool)
        inside[fitted] = True
        edges = [0, *itertools.accumulate(self.counts)]
        tasks = [
            (part, b - a, np.packbits(inside[a:b].numpy()), judged[(judged >= a) & (judged < b)].numpy() - a)
            for part, (a, b) in zip(self.shards.parts, itertools.pairwise(edges), strict=True)
        ]
        work = partial(
            products_of, load=self.shards.load, output=self.output, scale=self.scale, center=frame.center.numpy(),
            inverse=frame.inverse.numpy(), degree=degree,
        )  # fmt: skip
        found = self.shards._each(work, tasks)
        total = torch.from_numpy(np.sum([one for one, _ in found], 0))
        kept = torch.from_numpy(np.concatenate([rows for _, rows in found]))
        moments = Moments.summed(total, num_vectors, n, frame)
        return Support(lambda: moments, kept, own, len(self), span, self.noise, degree)


class _Unasked(Question):
    """A question that is not a sum over samples."""

    def __init__(self, name: str, span: Tensor) -> None:
        self.name, self.reason = name, _NO_SUM
        self.directions, self.ladder = span, span.new_zeros(len(span))
        self.units = torch.zeros(0, dtype=torch.long)

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        raise NotImplementedError

    def resolution(self, weights: Tensor) -> Tensor:
        raise NotImplementedError


def _unasked(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator, *, name: str) -> Question:
    return _Unasked(name, span)


def _support(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator, *, degree: int) -> Question:
    assert isinstance(samples, ShardedSamples)
    return samples.support(span, units, generator, degree)


def _raise(error: Exception) -> Moments:
    raise error
