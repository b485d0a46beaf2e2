"""How the weights of a linear layer are shared, and what of it the moments of many tasks say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_FLOOR = 1e-10


@dataclass(frozen=True, eq=False)
class SharedWeights:
    r"""How the weights of a linear layer are shared: :math:`\mathrm{vec}(W) = U v`, with U for all tasks, v for each.

    Attributes:
        basis: ``[r, m, n]``: the columns of U, as maps.
        start: ``[r]``: v before a task is known.
        spectrum: Eigenvalues of the tasks' second moments of W, descending, where they were computed; else empty.

    Example:
        A convolution of three taps has three columns, whatever its length:

        >>> basis = torch.stack([torch.eye(6, 8).roll(tap, 1) for tap in range(3)])
        >>> sharing = SharedWeights(basis, torch.zeros(3), torch.zeros(0))
        >>> x, filt = torch.randn(1, 1, 8), torch.tensor([[1.0, -2.0, 0.5]])
        >>> torch.allclose(sharing.adapt(x, x @ sharing.weights(filt).mT), sharing.weights(filt), atol=1e-4)
        True
    """

    basis: Tensor
    start: Tensor
    spectrum: Tensor

    @property
    def rank(self) -> int:
        """Number of free weights r."""
        return len(self.basis)

    def weights(self, v: Tensor) -> Tensor:
        """W of tasks with free weights ``[T, r]``, ``[T, m, n]``."""
        found: Tensor = torch.einsum("tr,rmn->tmn", v, self.basis)
        return found

    def adapt(self, x: Tensor, y: Tensor) -> Tensor:
        """W of tasks from a few examples ``[T, S, n]`` and ``[T, S, m]``: least squares over v, nearest to `start`."""
        design = torch.einsum("tsn,rmn->tsmr", x, self.basis).flatten(1, 2)
        residual = y.flatten(1) - design @ self.start
        change = (torch.linalg.pinv(design) @ residual.unsqueeze(2)).squeeze(2)
        return self.weights(self.start + change)

    def angle(self, other: SharedWeights) -> float:
        """Largest principal angle between two spans of U, in radians; a right angle where their ranks differ."""
        if self.rank != other.rank:
            return torch.pi / 2
        ours, theirs = (torch.linalg.qr(one.basis.flatten(1).T.double())[0] for one in (self, other))
        # the sine is accurate where the cosine is one
        away = theirs - ours @ (ours.T @ theirs)
        return float(torch.linalg.matrix_norm(away, 2).clamp(max=1.0).asin())


def shared_weights(
    x: Tensor, y: Tensor, *, rank: int | None = None, max_rank: int = 32, rounds: int = 8
) -> SharedWeights:
    r"""The sharing of weights by linear algebra, from the moments of the tasks.

    With :math:`C_t = \sum y x^\top` and :math:`A_t = \sum x x^\top` of every task, :math:`C_t \bar A^{-1}` is W up to
    noise without bias, and its leading singular vectors over the tasks span U. Alternating least squares make them
    exact: v of every task given U, and U given all v, both linear in the same moments. The rank is where the spectrum
    of W falls by the largest factor, asked again with each rank until it stays.

    Args:
        x: Inputs of T tasks, ``[T, S, n]``.
        y: Outputs, ``[T, S, m]``.
        rank: Number of free weights; None to choose it.
        max_rank: Most that are considered.
        rounds: Of least squares.

    Raises:
        ValueError: On data of other shapes, or a rank that they cannot tell.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> x, scale = torch.randn(60, 9, 4, generator=generator), torch.randn(60, 1, 1, generator=generator)
        >>> shared_weights(x, scale * x).rank  # all that the tasks differ in is a factor
        1
    """
    check_tasks(x, y)
    x, y = x.double(), y.double()
    inputs, outputs = torch.einsum("tsi,tsj->tij", x, x), torch.einsum("tsm,tsn->tmn", y, x)
    limit = min(max_rank, len(x) - 1, outputs[0].numel())
    if rank is not None and not 1 <= rank <= limit:
        raise ValueError(f"rank must lie between 1 and {limit} for {len(x)} tasks, got {rank}")
    rough = outputs @ torch.linalg.pinv(inputs.mean(0))
    basis = _leading(rough.flatten(1), limit if rank is None else rank).unflatten(1, y.shape[2:] + x.shape[2:])
    basis, v = _alternate(basis, inputs, outputs, rounds)
    basis, spectrum, v = _principal(basis, v)
    chosen = _gap(spectrum) if rank is None else rank
    while chosen < len(basis):
        basis, v = _alternate(basis[:chosen], inputs, outputs, rounds)
        basis, within, v = _principal(basis, v)
        chosen = _gap(within)
    return SharedWeights(basis, v.mean(0), spectrum)


def check_tasks(x: Tensor, y: Tensor) -> None:
    """Refuse what is not the examples of tasks.

    Raises:
        ValueError: On wrong shapes, a single task, or NaN.
    """
    if x.ndim != 3 or y.ndim != 3 or x.shape[:2] != y.shape[:2] or len(x) < 2:
        raise ValueError(
            "x and y must be examples of at least two tasks, [T, S, n] and [T, S, m], "
            f"got shapes {list(x.shape)} and {list(y.shape)}"
        )
    if not bool(torch.isfinite(x).all() and torch.isfinite(y).all()):
        raise ValueError("x and y must be finite: they hold NaN or infinite values")


def _gap(spectrum: Tensor) -> int:
    """How many eigenvalues there are before the largest fall, the last of which may be that to zero."""
    floor = _FLOOR * spectrum[:1]
    kept = torch.cat([spectrum, floor]).clamp(min=float(floor))
    return int((kept[:-1] / kept[1:]).argmax()) + 1


def _leading(rows: Tensor, count: int) -> Tensor:
    """The leading right singular vectors of ``[T, D]``, ``[count, D]``, through the smaller Gram matrix."""
    if len(rows) >= rows.shape[1]:
        leading: Tensor = torch.linalg.eigh(rows.T @ rows)[1].flip(1)[:, :count].T
        return leading
    _, left = torch.linalg.eigh(rows @ rows.T)
    leading = torch.linalg.qr(rows.T @ left.flip(1)[:, :count])[0].T
    return leading


def _alternate(basis: Tensor, inputs: Tensor, outputs: Tensor, rounds: int) -> tuple[Tensor, Tensor]:
    """Least squares for v of every task given U, then for U given all v, some rounds; ends with v."""
    v = _solve_v(basis, inputs, outputs)
    for _ in range(rounds):
        rank, n = v.shape[1], inputs.shape[1]
        left = torch.einsum("tkl,tij->kilj", v.unsqueeze(2) * v.unsqueeze(1), inputs).reshape(rank * n, rank * n)
        right = torch.einsum("tk,tmi->kim", v, outputs).reshape(rank * n, -1)
        ridge = 1e-12 * left.diagonal().mean() * torch.eye(rank * n, dtype=left.dtype)
        basis = torch.linalg.solve(left + ridge, right).unflatten(0, (rank, n)).mT
        v = _solve_v(basis, inputs, outputs)
    return basis, v


def _solve_v(basis: Tensor, inputs: Tensor, outputs: Tensor) -> Tensor:
    products = torch.einsum("kmi,lmj->klij", basis, basis).flatten(2)
    left = torch.einsum("td,kld->tkl", inputs.flatten(1), products)
    right = outputs.flatten(1) @ basis.flatten(1).T
    ridge = 1e-12 * left.diagonal(dim1=1, dim2=2).mean() * torch.eye(len(basis), dtype=left.dtype)
    v: Tensor = torch.linalg.solve(left + ridge, right)
    return v


def _principal(basis: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same W with orthonormal U, in the order of how much of W each column holds."""
    q, r = torch.linalg.qr(basis.flatten(1).T)
    w = v @ r.T
    values, axes = torch.linalg.eigh(w.T @ w / len(w))
    axes = axes.flip(1)
    return (q @ axes).T.unflatten(1, basis.shape[1:]), values.flip(0).clamp(min=0.0), w @ axes
