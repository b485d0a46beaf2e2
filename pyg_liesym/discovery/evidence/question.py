"""What a question about data has to answer before a claim can be made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.typing import OptTensor

_POOLS = 1000


class Question(ABC):
    """One sense in which a matrix can be a symmetry of data, fitted on one half of them and judged on the other.

    Attributes:
        directions: ``[R, n, n]``, every direction that was looked at, best first, each moving the data by their root
            mean square (`moving_directions`).
        ladder: ``[R]``: squared defects of the directions on the half that was fitted, ascending.
        yardsticks: ``[Y, n, n]``, the directions of which random combinations say how large a breaking is; all of them
            unless set.
        units: ``[S]``: the independent unit of every judged sample, or the pool of units (`pooled`), from 0.
        reason: Why the data cannot answer; empty if they can.
        degree: Of the polynomials that a support is made of.
        one_way: Whether it is about y given x, so that what mixes x and y cannot be asked.
        coarsest: The largest resolution, relative to what random maps break, with which anything is claimed.
    """

    name: str
    degree: int = 2
    one_way: bool = False
    coarsest: float = 0.3
    directions: Tensor
    yardsticks: OptTensor = None
    ladder: Tensor
    units: Tensor
    reason: str = ""

    def span(self, dim: int) -> Tensor:
        """The best span of a dimension, ``[dim, n, n]``."""
        return self.directions[:dim]

    @abstractmethod
    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        """By how much moving the judged samples with g breaks what the question is about, squared, above chance.

        Unbiased: around zero, of either sign, where g is a symmetry.

        Shapes:
            - **g**: :math:`(n, n)`, which moves every vector alike, or :math:`(V n, V n)`, which moves the V vectors
              of a sample together; **weights** of the units: :math:`(B, U)`; **output**: :math:`(B)`, NaN where too few
              of the moved samples can be judged
        """

    @abstractmethod
    def resolution(self, weights: Tensor) -> Tensor:
        """The squared defect below which these data resolve nothing, :math:`(B)`."""

    def by_unit(self, values: Tensor) -> Tensor:
        """Sums over the judged samples of every unit, ``[S, K]`` to ``[U, K]``."""
        sums = values.new_zeros(int(self.units.max()) + 1, values.size(1))
        return sums.index_add_(0, self.units, values)

    def average(self, values: Tensor, weights: Tensor) -> Tensor:
        """Means of a number of every judged sample ``[S]``, with weights of the units ``[B, U]``: ``[B]``."""
        sums, sizes = (weights @ self.by_unit(torch.stack([values, torch.ones_like(values)], 1))).unbind(1)
        return sums / sizes

    def margin(self, asked: float, resolution: float) -> float:
        """The largest relative breaking that still counts as symmetric."""
        return asked

    def remarks(self, basis: Tensor) -> dict[str, Any]:
        """What else is to be said of matrices that were found, plain Python values."""
        return {}

    def misfit(self, yardstick: float) -> float:
        """What the fit is seen to miss, relative to random maps; a claim within the margin cannot rest on it."""
        return 0.0

    def unit(self) -> float | None:
        """The squared size of what moved samples are off, such as that of a law; None where it has none."""
        return None

    def blind(self, yardstick: float) -> float:
        """The relative breaking that may be an artefact of the fit, if random maps have the squared defect given."""
        return 0.0

    def undecided(self) -> bool:
        """Whether the best direction is known so badly that its own error may be what breaks."""
        return False


def moved(values: Tensor, g: Tensor, columns: int) -> Tensor:
    """Samples with their first columns, which are vectors one after the other, moved: each alike, or all together.

    Shapes:
        - **values**: :math:`(S, d)`; **g**: :math:`(m, m)`, m a divisor of the number of columns; **output**: as values

    Example:
        >>> swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> moved(torch.tensor([[1.0, 2.0, 3.0]]), swap, 2).tolist()
        [[2.0, 1.0, 3.0]]
    """
    if columns == 0:
        return values
    vectors = (values[:, :columns].reshape(-1, len(g)) @ g.mT).view(len(values), columns)
    return torch.cat([vectors, values[:, columns:]], 1)


def halves(
    units: Tensor, generator: torch.Generator, most: tuple[int | None, int | None] = (None, None)
) -> tuple[Tensor, Tensor]:
    """Two sets of samples with no independent unit in common, drawn at random.

    Args:
        units: Unit of every sample, from 0.
        generator: Source of randomness.
        most: Use at most this many samples of the first half, and of the second: any of them, whatever their order.

    Shapes:
        - **units**: :math:`(S)`; **output**: positions, ascending

    Raises:
        ValueError: If there is one unit alone.

    Example:
        >>> first, second = halves(torch.tensor([0, 0, 1, 1]), torch.Generator().manual_seed(0))
        >>> sorted([first.tolist(), second.tolist()])
        [[0, 1], [2, 3]]
    """
    count = int(units.max()) + 1
    if count < 2:
        raise ValueError("all samples belong to one group: nothing independent is left to judge a claim on")
    chosen = torch.zeros(count, dtype=torch.bool)
    chosen[torch.randperm(count, generator=generator)[: count // 2]] = True
    inside = chosen[units]
    first, second = (
        some(torch.nonzero(side).flatten(), limit, generator)
        for side, limit in zip((inside, ~inside), most, strict=True)
    )
    return first, second


def pooled(units: Tensor, generator: torch.Generator, most: int = _POOLS) -> Tensor:
    """Units numbered from 0; of more than so many, pools of equally many that are drawn at random.

    A bootstrap over 1000 of them knows a width to 1 part in √2000, 2 %, which is less than the chance of its own draws.

    Example:
        >>> pooled(torch.tensor([7, 7, 9]), torch.Generator()).tolist()
        [0, 0, 1]
    """
    numbers: Tensor = torch.unique(units, return_inverse=True)[1]
    count = int(numbers.max()) + 1
    return numbers if count <= most else torch.randperm(count, generator=generator)[numbers] % most


def some(index: Tensor, most: int | None, generator: torch.Generator) -> Tensor:
    """At most so many of some positions, drawn at random, ascending."""
    if most is None or len(index) <= most:
        return index
    return index[torch.randperm(len(index), generator=generator)[:most]].sort().values
