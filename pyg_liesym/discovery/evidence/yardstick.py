"""What random linear maps break, by which breakings are measured."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.directions import STEPS, combined
from pyg_liesym.discovery.evidence.question import Question

POWER = 0.3
"""What has to be broken for sure, of what random maps break: by the next direction (of large margins) and by them."""
_RESAMPLES = 200
_MAPS, _TRIED = 32, 4
_STRIDES = (0.7, 1.0, 1.4, 2.0)
"""Displacements of random maps beside which single transformations are put, which move data further than spans do."""
LEFT = "moved samples leave the region that the data cover, where nothing is known"


class Yardstick:
    """The squared defect of random maps that move the data as far, and whether these data could have told at all.

    Every defect comes as the estimate and the draws of one Bayesian bootstrap over independent units, so that
    quotients of two vary together. In each draw the random maps are drawn again, too, with replacement: which of them
    came up is a chance like the samples', of which bounds have to know.

    Args:
        question: What was fitted.
        generator: Draws the maps and the weights of the bootstrap.

    Attributes:
        weights: ``[1 + B, U]``: weights of the units, all one, then those of the bootstrap.
        step: The displacement by which spans are judged: the largest after which enough is known.
        size: What random maps break there, ``[1 + B]``; nothing without a step.
        reason: Why the data cannot tell; empty if they can.
        resolution: What they resolve, relative to what random maps break.
    """

    def __init__(self, question: Question, generator: torch.Generator) -> None:
        self.question = question
        self.weights = _weights(int(question.units.max()) + 1, generator)
        among = question.directions if question.yardsticks is None else question.yardsticks
        self._random = combined(among, _MAPS, generator)
        self._generator = generator
        self._sizes: dict[float, Tensor | None] = {}
        self._far: dict[float, Tensor] = {}
        self.resolution, self.size = 0.0, self.weights[:0, 0]
        self.reason = LEFT
        for self.step in STEPS:
            size = self.at(self.step)
            if size is not None:
                self.size = size
                self.reason, self.resolution = self.telling(size)
                break

    def at(self, step: float) -> Tensor | None:
        """The median of what random maps break at a displacement, ``[1 + B]``; None where few can be judged.

        Half of the first have to be; at the smallest displacement a quarter of all, which move what they move the least
        and so make the yardstick short rather than long.
        """
        if step not in self._sizes:
            found = self.broken(step, self._random[:_TRIED])
            self._sizes[step] = None
            if step == STEPS[-1] or int(found[:, 0].isnan().sum()) <= _TRIED // 2:
                found = torch.cat([found, self.broken(step, self._random[_TRIED:])])
                known = found[~found[:, 0].isnan()]
                self._sizes[step] = self._median(known) if len(known) >= _MAPS // 4 else None
        return self._sizes[step]

    def of(self, displacement: float) -> Tensor:
        """What random maps of a displacement break, ``[1 + B]``: of the largest of some that is not larger."""
        if displacement < _STRIDES[0]:
            return self.size * min(1.0, displacement / self.step) ** 2
        stride = max(stride for stride in _STRIDES if stride <= displacement)
        if stride not in self._far:
            random = self._random
            maps = torch.eye(random.size(-1), dtype=random.dtype) + stride * random
            broken = self.defects(maps)
            known = broken[~broken[:, 0].isnan()]
            self._far[stride] = self._median(known) if len(known) > _MAPS // 2 else self.size
        return self._far[stride]

    def telling(self, size: Tensor) -> tuple[str, float]:
        """Why data cannot tell, if random maps break so much, empty if they can; and what they resolve."""
        estimate = float(size[0])
        if estimate <= 0 or float(size[1:].quantile(0.05)) < POWER**2 * estimate:
            return "random maps break nothing that these data show: they could not have told", 0.0
        resolution = float((self.question.resolution(self.weights)[0].clamp(min=0) / estimate).sqrt())
        if resolution > self.question.coarsest:
            return "the data are spread too widely about what they keep to show that it is kept", resolution
        return "", resolution

    def broken(self, step: float, directions: Tensor) -> Tensor:
        """Defects after a displacement along directions, ``[D, 1 + B]``."""
        return self.defects(torch.linalg.matrix_exp(step * directions))

    def defects(self, elements: Tensor, draws: int = _RESAMPLES) -> Tensor:
        """Defects of some transformations, ``[D, 1 + B]``, of so many draws of the bootstrap."""
        return torch.stack([self.question.defect(g, self.weights[: 1 + draws]) for g in elements])

    def _median(self, defects: Tensor) -> Tensor:
        """The median over maps, ``[1 + B]``: of all of them, then of those drawn again."""
        count, columns = defects.shape
        again = torch.randint(count, (count, columns - 1), generator=self._generator)
        return torch.cat([defects[:, :1], defects[:, 1:].gather(0, again)], 1).median(0).values


def _weights(units: int, generator: torch.Generator) -> Tensor:
    """Weights of so many units: all one, then those of a Bayesian bootstrap, ``[1 + B, U]``."""
    drawn = -torch.rand(_RESAMPLES, units, generator=generator, dtype=torch.float64).clamp(min=1e-12).log()
    return torch.cat([torch.ones(1, units, dtype=torch.float64), drawn])
