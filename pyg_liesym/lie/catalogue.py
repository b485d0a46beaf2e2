"""The named algebras that `identify` compares with, as entries that build their basis only when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pyg_liesym.lie import named


@dataclass(frozen=True)
class Entry:
    """A named algebra on ``R^n``.

    Attributes:
        name: What to call it.
        family: Its class up to change of basis: entries that differ only in the order of the axes share it.
        dim: Its dimension.
        build: Makes the basis ``[dim, n, n]``.
        kind: ``"form"`` if it is all of the algebra of one non-degenerate symmetric form, ``"rigid"`` if
            every change of basis maps it to itself, ``"other"`` otherwise.
    """

    name: str
    family: str
    dim: int
    build: Callable[[], Tensor]
    kind: str = "other"

    @property
    def preserves_form(self) -> bool:
        """Whether it is an orthogonal or symplectic algebra, or copies of one."""
        return self.family.startswith(("so", "sp")) and "scaling" not in self.family


def catalogue(n: int) -> list[Entry]:
    """All entries that act on ``R^n``: linear ones, copies of smaller ones, and homogeneous ones of size n.

    Example:
        >>> [entry.name for entry in catalogue(2)]
        ['so(2)', 'so(1,1)', 'sl(2)', 'gl(2)', 'scaling(2)', 'so(2) + scaling', 'so(1,1) + scaling', 'e(1)']
    """
    copied = [_repeated(entry, n // m) for m in range(2, n) if n % m == 0 for entry in (*_rotations(m), *_linear(m))]
    return [*_rotations(n), *_linear(n), *copied, *_with_scaling(n), *_homogeneous(n)]


def embedded(n: int, coordinates: list[int], label: str) -> list[Entry]:
    """The entries of a smaller space, acting on some coordinates of ``R^n`` and leaving the others alone.

    Example:
        >>> [entry.name for entry in embedded(3, [0, 1], "on coordinates (0, 1)")][:1]
        ['so(2) on coordinates (0, 1)']
    """
    family = f"on {len(coordinates)}"
    return [
        Entry(f"{e.name} {label}", f"{e.family} {family}", e.dim, partial(_embed, e, n, coordinates))
        for e in catalogue(len(coordinates))
    ]


def _embed(entry: Entry, n: int, coordinates: list[int]) -> Tensor:
    index = torch.tensor(coordinates)
    basis = torch.zeros(entry.dim, n, n, dtype=torch.float64)
    basis[:, index[:, None], index] = entry.build()
    return basis


def _rotations(n: int) -> Iterator[Entry]:
    for p in (n, *range(1, n)):
        q = n - p
        dim = n * (n - 1) // 2
        family = f"so({max(p, q)},{min(p, q)})"
        if dim:
            yield Entry(
                f"so({p},{q})" if q else f"so({p})",
                family,
                dim,
                partial(named.indefinite_rotation, p, q),
                "form",
            )


def _linear(n: int) -> Iterator[Entry]:
    if n >= 4 and n % 2 == 0:  # sp(2) is sl(2)
        yield Entry(f"sp({n})", f"sp({n})", n * (n + 1) // 2, partial(named.symplectic, n))
    if n >= 2:
        yield Entry(f"sl({n})", f"sl({n})", n * n - 1, partial(named.special_linear, n), "rigid")
        yield Entry(f"gl({n})", f"gl({n})", n * n, partial(named.general_linear, n), "rigid")


def _with_scaling(n: int) -> Iterator[Entry]:
    yield Entry(f"scaling({n})", f"scaling({n})", 1, partial(named.scaling, n), "rigid")
    for e in _rotations(n):
        yield Entry(
            f"{e.name} + scaling",
            f"{e.family} + scaling",
            e.dim + 1,
            partial(_add_scaling, e, n),
        )


def _add_scaling(entry: Entry, n: int) -> Tensor:
    return torch.cat([entry.build(), named.scaling(n)])


def _homogeneous(n: int) -> Iterator[Entry]:
    if n >= 2:
        yield Entry(f"e({n - 1})", f"e({n - 1})", n * (n - 1) // 2, partial(named.euclidean, n - 1))
    if n >= 3:
        dim = (n - 2) * (n - 3) // 2 + 2 * (n - 2) + 1
        yield Entry(f"galilei({n - 2})", f"galilei({n - 2})", dim, partial(named.galilei, n - 2))
    if n == 5:
        yield Entry("poincare", "poincare", 10, named.poincare)


def _repeated(entry: Entry, copies: int) -> Entry:
    name, family = f"{entry.name} × {copies} copies", f"{entry.family} × {copies}"
    return Entry(name, family, entry.dim, partial(_copy, entry, copies))


def _copy(entry: Entry, copies: int) -> Tensor:
    return named.repeated(entry.build(), copies)
