"""Single transformations that data may keep where no continuous group is kept, or beside one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import torch
from torch import Tensor

from pyg_liesym.lie.finite import FiniteTurn

_LARGEST_ORDER = 8
_FEW_COORDINATES = 4
_FEW_VECTORS = 4
_MANY = 10


@dataclass(frozen=True, eq=False)
class Element:
    """One transformation to ask about.

    Attributes:
        name: What to call it.
        matrix: ``[n, n]``, moving every vector alike, or ``[V n, V n]``, moving the V vectors of a sample, those of x
            and then those of y, together.
    """

    name: str
    matrix: Tensor

    def mixes(self, num_inputs: int, n: int) -> bool:
        """Whether it exchanges vectors of x and of y, which no law y = f(x) can tell."""
        cut = num_inputs * n
        apart = self.matrix[:cut, cut:].any() | self.matrix[cut:, :cut].any()
        return len(self.matrix) > n and bool(apart)


def own_elements(matrices: Sequence[Tensor], n: int, num_vectors: int) -> list[Element]:
    """Transformations of the user's own.

    Raises:
        ValueError: If one is neither ``[n, n]`` nor ``[V n, V n]``, not finite, or singular.
    """
    elements = []
    for number, matrix in enumerate(matrices):
        matrix, sizes = torch.as_tensor(matrix).double(), sorted({n, num_vectors * n})
        if matrix.ndim != 2 or matrix.size(0) != matrix.size(1) or len(matrix) not in sizes:
            expected = " or ".join(f"[{size}, {size}]" for size in sizes)
            raise ValueError(f"transformation {number} must be {expected}, got {list(matrix.shape)}")
        if not bool(matrix.isfinite().all()) or int(torch.linalg.matrix_rank(matrix)) < len(matrix):
            raise ValueError(f"transformation {number} must be a finite and invertible matrix")
        turn = FiniteTurn.of(matrix) if len(matrix) == n else None
        elements.append(Element(f"matrix {number}" if turn is None else f"matrix {number}, {turn}", matrix))
    return elements


def usual_elements(n: int, num_inputs: int, num_outputs: int) -> list[Element]:
    """What is asked of data without being told.

    In the coordinates as they are: turns C2 … C8 in every plane and exchanges of two coordinates (up to four of them),
    reflections of one coordinate, parity. Of several vectors: exchanges of two, or of two pairs (up to four vectors;
    of more, of bodies whose positions come first and momenta after), and other signs for some of them, which with the
    opposite signs for y, or with x and y exchanged, is the reversal of time.

    Args:
        n: Components of a vector.
        num_inputs: Vectors of x.
        num_outputs: Vectors of y; if there are as many as of x, they are moved as those are.

    Example:
        >>> [element.name for element in usual_elements(2, 1, 0)][4:8]
        ['C4', 'C3', 'C2', 'reflection of coordinate 0']
    """
    one = [*_turns(n), *_reflections(n)]
    if num_inputs < 2:
        return [*one, *_reversals(n, num_inputs, num_outputs)]
    together = [
        Element(name, _block(vectors, n, num_inputs, num_outputs, vectors))
        for name, vectors in [*_exchanges(num_inputs), *_signs(num_inputs)]
    ]
    return [*one, *together, *_reversals(n, num_inputs, num_outputs)]


def _turns(n: int) -> Iterator[Element]:
    if n > _FEW_COORDINATES:
        return
    for plane in combinations(range(n), 2):
        for order in range(_LARGEST_ORDER, 1, -1):  # the powers of a turn come after it
            matrix, angle = _one(n), 2 * math.pi / order
            i, j = plane
            matrix[i, i] = matrix[j, j] = math.cos(angle)
            matrix[j, i], matrix[i, j] = math.sin(angle), -math.sin(angle)
            yield Element(f"C{order}{f' in the plane {plane}' if n > 2 else ''}", matrix)


def _reflections(n: int) -> Iterator[Element]:
    one = _one(n)
    if n != 2:  # where it is C2
        yield Element("parity", -one)
    for i in range(n if 1 < n <= _MANY else 0):
        yield Element(f"reflection of coordinate {i}", one - 2 * torch.outer(one[i], one[i]))
    for i, j in combinations(range(n if n <= _FEW_COORDINATES else 0), 2):
        yield Element(f"exchange of coordinates {i}↔{j}", _swap(n, [(i, j)]))


def _exchanges(count: int) -> Iterator[tuple[str, Tensor]]:
    """Exchanges of vectors, as permutations of them."""
    for i, j in combinations(range(count), 2):
        if count <= _FEW_VECTORS:
            yield f"exchange of vectors {i}↔{j}", _swap(count, [(i, j)])
    half = count // 2
    if count == _FEW_VECTORS:
        for pairs in ([(0, 1), (2, 3)], [(0, 2), (1, 3)], [(0, 3), (1, 2)]):
            yield f"exchange of vectors {' with '.join(f'{i}↔{j}' for i, j in pairs)}", _swap(count, pairs)
    elif count > _FEW_VECTORS and count % 2 == 0 and count <= 2 * _MANY:
        for i, j in combinations(range(half), 2):
            pairs = [(i, j), (half + i, half + j)]
            yield f"exchange of vectors {i}↔{j} with {half + i}↔{half + j}", _swap(count, pairs)


def _signs(count: int) -> Iterator[tuple[str, Tensor]]:
    """Other signs for some vectors: of up to four any, of more the second half."""
    patterns = product((1, -1), repeat=count) if count <= _FEW_VECTORS else iter(_time_signs(count))
    for signs in patterns:
        if 0 < signs.count(-1) < count:
            yield f"signs {_written(signs)} of the vectors", torch.diag(torch.tensor(signs, dtype=torch.float64))


def _reversals(n: int, num_inputs: int, num_outputs: int) -> Iterator[Element]:
    """Time reversal: of y the opposite signs (rates of change), or x and y exchanged (now and then)."""
    for signs in _time_signs(num_inputs):
        pattern, written = torch.diag(torch.tensor(signs, dtype=torch.float64)), _written(signs)
        if num_outputs == num_inputs:
            if num_inputs > 1:
                matrix = _block(pattern, n, num_inputs, num_outputs, -pattern)
                yield Element(f"signs {written} of x and the opposite of y", matrix)
            matrix = torch.kron(torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64), pattern)
            yield Element(f"exchange of x and y with signs {written}", torch.kron(matrix, _one(n)))


def _time_signs(count: int) -> list[tuple[int, ...]]:
    """Signs of positions and momenta: none changed; the second half; every second one."""
    if count % 2 or count > 2 * _MANY:
        return [(1,) * count]
    half = count // 2
    return list(dict.fromkeys([(1,) * count, (1,) * half + (-1,) * half, (1, -1) * half]))


def _block(inputs: Tensor, n: int, num_inputs: int, num_outputs: int, outputs: Tensor) -> Tensor:
    """Maps among vectors of x and of y, as one matrix; other outputs than as many as inputs stay."""
    if num_outputs != num_inputs:
        outputs = _one(num_outputs)
    return torch.kron(torch.block_diag(inputs, outputs) if num_outputs else inputs, _one(n))


def _swap(count: int, pairs: list[tuple[int, int]]) -> Tensor:
    order = list(range(count))
    for i, j in pairs:
        order[i], order[j] = j, i
    return _one(count)[order]


def _one(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


def _written(signs: tuple[int, ...]) -> str:
    return "".join("+" if sign > 0 else "−" for sign in signs)
