"""Input and output of a task, brought into the form that a discovery method acts on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.typing import OptTensor

OutputKind: TypeAlias = Literal["auto", "vector", "scalar", "label"]
Noise: TypeAlias = float | Literal["estimate"]

MIN_SAMPLES = 100
_MANY_CLASSES = 100
_UNEVEN = 10.0  # the ratio of spreads from which on the data are whitened


@dataclass(frozen=True, eq=False)
class Samples:
    """Joint samples of input and output: what transforms, and what does not.

    Attributes:
        vectors: ``[S, V, n]``: the vectors of x, then those of y, divided by `scale`.
        scalars: ``[S, F]``: invariant numbers (F may be 0).
        labels: ``[S]``, classes in ``0 … num_classes − 1``, or None.
        num_classes: Number of classes; 0 without labels.
        scale: Root mean square of all vector entries of the data. One number for all coordinates, which
            commutes with every linear action.
        reading: How x and y were read, a sentence.
        other_reading: What else y could be, and how to say so; empty where nothing else fits.
        num_inputs: How many of the vectors are those of x.
        noise: Standard deviation of noise on every component of the vectors, divided by `scale`, or how to find it.
    """

    vectors: Tensor
    scalars: Tensor
    labels: OptTensor
    num_classes: int
    scale: float
    reading: str = ""
    other_reading: str = ""
    num_inputs: int = 1
    noise: Noise = 0.0

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def has_output(self) -> bool:
        """Whether there is a y."""
        return self.vectors.size(1) > self.num_inputs or self.scalars.size(1) > 0 or self.labels is not None

    def with_noise(self, noise: Noise) -> Samples:
        """The same, with independent noise of a standard deviation in the unit of the data, or ``"estimate"``.

        Raises:
            ValueError: If it is negative or not finite.
        """
        if noise == "estimate":
            return replace(self, noise=noise)
        if not 0 <= noise < math.inf:
            raise ValueError(f"noise must be a standard deviation, zero or more, or 'estimate'; got {noise}")
        return replace(self, noise=noise / self.scale)

    def take(self, index: Tensor) -> Samples:
        """The samples at some positions."""
        labels = None if self.labels is None else self.labels[index]
        return replace(self, vectors=self.vectors[index], scalars=self.scalars[index], labels=labels)

    def to(self, device: torch.device | str) -> Samples:
        """The samples on another device."""
        labels = None if self.labels is None else self.labels.to(device)
        vectors, scalars = self.vectors.to(device), self.scalars.to(device)
        return replace(self, vectors=vectors, scalars=scalars, labels=labels)

    def second_moments(self) -> Tensor:
        """Σ = mean(v vᵀ) over all vectors, ``[n, n]``, float64, in units of the square of `scale`."""
        flat = self.vectors.flatten(0, 1).double()
        return flat.T @ flat / len(flat)

    def displacement(self, matrix: Tensor) -> float:
        """By how much a matrix, ``[n, n]`` or ``[V n, V n]``, moves the vectors, over their root mean square."""
        flat = self.vectors.reshape(-1, len(matrix))
        return float((flat @ matrix.mT - flat).square().mean().sqrt() / flat.square().mean().sqrt())

    def data_rank(self, tol: float = 1e-5) -> int:
        """Number of dimensions that the vectors span: beyond them nothing can be learned.

        Args:
            tol: A direction counts when the data's root mean square along it, relative to the strongest,
                exceeds this.
        """
        eigenvalues = torch.linalg.eigvalsh(self.second_moments())
        return int((eigenvalues > tol**2 * eigenvalues[-1]).sum())

    def whitening(self, *, by_axis: bool = False, tol: float = 1e-5) -> OptTensor:
        """W, ``[n, n]``, float64, for which the vectors W v spread alike in all directions that they span.

        A direction in which data hardly spread hardly counts in a fit, nor in a residual: in raw units the metric of
        such data is rounding along it. Data that spread alike within a factor of ten are left in their units.

        Args:
            by_axis: Scale each coordinate by itself, which keeps zeros of matrices where they are.
            tol: As in `data_rank`; directions without data keep their unit.

        Returns:
            None where the units are good enough.
        """
        moments = self.second_moments()
        if by_axis:
            moments = moments.diagonal().diag()
        values, axes = torch.linalg.eigh(moments)
        spans = values > tol**2 * values[-1]
        spread = torch.where(spans, values, values[-1]).sqrt()
        if float(spread.max() / spread.min()) <= _UNEVEN:
            return None
        whitening: Tensor = (axes / spread) @ axes.mT
        return whitening

    @classmethod
    def of(
        cls,
        x: Any,
        y: Any = None,
        *,
        output: OutputKind = "auto",
        num_classes: int | None = None,
        dtype: torch.dtype = torch.float32,
        part: bool = False,
    ) -> Samples:
        """Read and check what a user gives.

        Args:
            x: Vectors ``[S, n]`` or ``[S, v, n]``; a tensor or array, copied.
            y: Output of the task or None. Integers ``[S]`` are class labels, numbers with last dimension n vectors of
                the same representation, all others scalars.
            output: What y is, where the rule above does not say it. As ``"vector"`` rows are cut into vectors of n.
            num_classes: Number of classes; by default the largest label plus one.
            dtype: Precision of the samples.
            part: Whether they are a part of all samples, so that they may be few and need not vary.

        Raises:
            TypeError: If x or y is not numeric.
            ValueError: On wrong shapes, NaN, too few samples, an x or a y that never varies, or a label outside its
                range.
        """
        vectors = _numbers("x", x)
        if vectors.ndim not in (2, 3) or 0 in vectors.shape[1:]:
            raise ValueError(f"x must be vectors [S, n] or [S, v, n], got shape {list(vectors.shape)}")
        if len(vectors) < MIN_SAMPLES and not part:
            raise ValueError(f"x holds {len(vectors)} samples; at least {MIN_SAMPLES} are needed")
        if not part:
            _check_varies("x", vectors, "nothing can be learned from one point")
        vectors = vectors.reshape(len(vectors), -1, vectors.shape[-1]).to(dtype)
        num_inputs = vectors.shape[1]
        scalars, labels = vectors.new_zeros(len(vectors), 0), None
        reading, other = _count(vectors.shape[1], vectors.shape[2], len(vectors)) + _constants(vectors), ""
        if y is None:
            reading += "; no y: how x is spread is all there is."
        else:
            out = _numbers("y", y)
            if out.ndim == 0 or len(out) != len(vectors):
                raise ValueError(f"y must have one row per sample of x ({len(vectors)}), got shape {list(out.shape)}")
            if not part:
                _check_varies("y", out, "it tells nothing about x; leave it out to ask about x alone")
            kind = _kind(out, vectors.shape[-1]) if output == "auto" else output
            if output == "auto":
                other = _other_reading(out, vectors.shape[1], vectors.shape[2], kind)
            if kind == "label":
                labels, num_classes = _labels(out, num_classes)
                reading += f"; y: labels of {num_classes} classes, which nothing moves."
            elif kind == "scalar":
                scalars = out.to(dtype).reshape(len(out), -1)
                reading += f"; y: {_plural(scalars.shape[1], 'invariant number')}, which nothing moves."
            elif out.ndim > 1 and out[0].numel() and out[0].numel() % vectors.shape[-1] == 0:
                moved = out.to(dtype).reshape(len(out), -1, vectors.shape[-1])
                reading += f"; y: {_plural(moved.shape[1], 'vector')}, moved with x."
                vectors = torch.cat([vectors, moved], dim=1)
            else:
                raise ValueError(
                    f"vectors in y must have the last dimension of x, n = {vectors.shape[-1]}, or rows of several such "
                    f"vectors, got shape {list(out.shape)}; use output='scalar' for invariant numbers"
                )
        scale = float(vectors.double().square().mean().sqrt())
        if scale == 0.0 and part:
            scale = 1.0
        if scale == 0.0:
            raise ValueError("all vectors are zero: there is nothing to transform")
        classes = (num_classes or 0) if labels is not None else 0
        return cls(vectors / scale, scalars, labels, classes, scale, reading, other, num_inputs)


def independent_units(groups: Sequence[int] | OptTensor, count: int) -> Tensor:
    """The independent unit of every sample, from 0: its group, or the sample itself.

    Raises:
        ValueError: If there is not a group for every sample.
    """
    if groups is None:
        return torch.arange(count)
    numbers = torch.as_tensor(groups)
    if numbers.shape != (count,):
        raise ValueError(f"groups must hold a number for each of the {count} samples, got {list(numbers.shape)}")
    units: Tensor = torch.unique(numbers, return_inverse=True)[1]
    return units


def _numbers(name: str, value: Any) -> Tensor:
    if isinstance(value, np.ndarray) and not value.flags.writeable:  # such as a file that is mapped, not read
        value = value.copy()
    try:
        tensor = torch.as_tensor(value).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} must be a tensor or an array of numbers, got {type(value).__name__}") from error
    if tensor.is_complex():
        raise TypeError(f"{name} must be real, got {tensor.dtype}: give real and imaginary parts as coordinates")
    finite = torch.isfinite(tensor)
    if not bool(finite.all()):
        rows = int((~finite).reshape(len(tensor), -1).any(dim=1).sum()) if tensor.ndim else 1
        raise ValueError(f"{name} holds NaN or infinite values in {rows} of {len(tensor)} samples: remove them first")
    if not bool(torch.isfinite(tensor.float()).all()):
        largest = float(tensor.double().abs().max())
        raise ValueError(
            f"{name} holds numbers up to {largest:.1g}, beyond single precision (3e38): choose other units"
        )
    return tensor


def _check_varies(name: str, values: Tensor, why: str) -> None:
    if bool((values == values[:1]).all()):
        raise ValueError(f"{name} is the same in all {len(values)} samples: {why}")


def _constants(vectors: Tensor) -> str:
    """Which components never vary: they are kept, as a column of ones is how translations are looked for."""
    flat = vectors.flatten(0, 1)
    constant = torch.nonzero((flat == flat[0]).all(0)).flatten().tolist()
    return "".join(f", component {index} always {float(flat[0, index]):.3g}" for index in constant)


def _kind(out: Tensor, n: int) -> OutputKind:
    if not out.is_floating_point() and out[0].numel() == 1:
        return "label"
    return "vector" if out.ndim in (2, 3) and out.shape[-1] == n else "scalar"


def _other_reading(out: Tensor, vectors: int, n: int, kind: OutputKind) -> str:
    """What else y may be, in words that end in what to say then."""
    size = out[0].numel()
    if kind == "vector":
        if out.ndim == 3 and out.is_floating_point():  # laid out as vectors
            return ""
        return f"{size} numbers that nothing moves (say output scalar)"
    if kind == "scalar" and out.ndim > 1 and n > 1 and size % n == 0:
        flat = " as x has" if size == vectors * n else ""
        return f"{_plural(size // n, 'vector')} in R{_power(n)}{flat}, moved with x (say output vector)"
    few = len(out.unique()) <= min(_MANY_CLASSES, len(out) // 10) if size == 1 else False
    if kind == "scalar" and few and bool((out == out.round()).all()) and float(out.min()) >= 0:
        return "labels of classes (say output label)"
    if kind == "label" and not few:
        return "a number that nothing moves, whole by chance (say output scalar)"
    return ""


def _count(vectors: int, n: int, samples: int) -> str:
    return f"x: {samples} samples of {_plural(vectors, 'vector')} in R{_power(n)}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _power(n: int) -> str:
    return "" if n == 1 else str(n).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _labels(out: Tensor, num_classes: int | None) -> tuple[Tensor, int]:
    if out.is_floating_point() and not bool((out == out.round()).all()):
        raise ValueError("labels in y must be whole numbers; use output='scalar' for continuous values")
    labels = out.long().reshape(len(out), -1)
    if labels.shape[1] != 1:
        raise ValueError(f"labels in y must have shape [S], got {list(out.shape)}; one-hot rows: use y.argmax(1)")
    low, high = int(labels.min()), int(labels.max())
    limit = high + 1 if num_classes is None else num_classes
    if low < 0 or high >= limit:
        raise ValueError(f"labels in y must lie in 0 … {limit - 1}, got values from {low} to {high}")
    return labels[:, 0], limit
