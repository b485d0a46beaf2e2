"""What is added up of samples in many files, a part at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyg_liesym.discovery.evidence.lift import one_and_monomials
from pyg_liesym.discovery.evidence.moments import products
from pyg_liesym.discovery.samples import OutputKind, Samples

Kind: TypeAlias = tuple[int, int, int, int, bool]


@dataclass(frozen=True, eq=False)
class Sums:
    """First and second moments of samples, and what kind they are.

    Attributes:
        kind: Vectors, their components, vectors of x, numbers that nothing moves, and whether y are labels.
        count: How many samples.
        mean: Of vectors, one after the other, then numbers, ``[D]``.
        scatter: Their squared deviations from the mean, added up, ``[D, D]``.
        reading: How they were read, but for their number.
    """

    kind: Kind
    count: int
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]
    reading: str

    def __add__(self, other: Sums) -> Sums:
        """Of the samples of both, about their common mean (Chan, Golub and LeVeque, 1979)."""
        count, apart = self.count + other.count, other.mean - self.mean
        scatter = self.scatter + other.scatter + np.outer(apart, apart) * (self.count * other.count / count)
        mean = self.mean + apart * (other.count / count)
        return Sums(self.kind, count, mean, scatter, self.reading)


def _read(load: Callable[..., tuple[Any, Any]], part: tuple[Any, ...], output: OutputKind) -> Samples:
    return Samples.of(*load(*part), output=output, dtype=torch.float64, part=True)


def _values(samples: Samples, scale: float) -> Tensor:
    """Vectors in the unit of all samples, one after the other, then the scalars."""
    return torch.cat([samples.vectors.flatten(1) * (samples.scale / scale), samples.scalars], 1)


def sums_of(part: tuple[Any, ...], *, load: Any, output: OutputKind, report: Callable[[int], Any]) -> Sums:
    """What the first pass adds up of a part."""
    samples = _read(load, part, output)
    values = _values(samples, 1.0)
    mean = values.mean(0)
    centred = values - mean
    _, num_vectors, n = samples.vectors.shape
    kind = num_vectors, n, samples.num_inputs, samples.scalars.size(1), samples.labels is not None
    reading = samples.reading.partition(" samples ")[2]
    return Sums(kind, len(samples), mean.numpy(), (centred.mT @ centred).numpy(), reading)


def products_of(
    part: tuple[Any, ...],
    count: int,
    fitted: NDArray[np.uint8],
    judged: NDArray[np.int64],
    *,
    load: Any,
    output: OutputKind,
    scale: float,
    center: NDArray[np.float64],
    inverse: NDArray[np.float64],
    degree: int,
    report: Callable[[int], Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""What the second pass takes of a part: products of monomials of samples that are fitted; those that are judged.

    Args:
        part: Which part.
        count: How many samples it has.
        fitted: Which of them are fitted, in bits.
        judged: The numbers of those that are judged.
        load: Reads it.
        output: As what y is read.
        scale: What vectors are divided by.
        center: Of the coordinates of the monomials, which are handed over: machines may choose other signs for them.
        inverse: From samples less the centre to these coordinates.
        degree: Of the monomials.
        report: Not used.

    Shapes:
        - **fitted**: :math:`(\lceil S / 8 \rceil)`; **judged**: :math:`(J)`; **center**: :math:`(D)`; **inverse**:
          :math:`(d, D)`; **output**: :math:`(M, M)`, :math:`(J, D)`

    Raises:
        ValueError: If the part has another number of samples than it had.
    """
    samples = _read(load, part, output)
    if len(samples) != count:
        raise ValueError(
            f"{name_of(part)}: expected {count} samples, as when it was first read, got {len(samples)}: it has changed"
        )
    values = _values(samples, scale)
    inside = torch.from_numpy(np.unpackbits(fitted, count=count).astype(bool))
    mu, to_coordinates = torch.from_numpy(center), torch.from_numpy(inverse).mT
    total = products(values[inside], lambda rows: one_and_monomials((rows - mu) @ to_coordinates, degree))
    return total.numpy(), values[torch.from_numpy(judged)].numpy()


def name_of(part: Any) -> str:
    """The first file of a part, or whatever tells it."""
    while isinstance(part, list | tuple) and part:
        part = part[0]
    return str(part)


def in_words(kind: Kind) -> str:
    """The kind of samples."""
    num_vectors, n, num_inputs, num_scalars, labelled = kind
    said = f"{num_inputs} vectors of {n} in x, {num_vectors - num_inputs} vectors and {num_scalars} numbers in y"
    return said + (", labels" if labelled else "")
