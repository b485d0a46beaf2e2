"""MSR: learn from many tasks which weights of a linear layer are shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from pyg_liesym.discovery.training import train

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


class MSR:
    r"""Meta-learns the sharing of weights by gradients, from many linear tasks.

    Zhou, Knowles, Finn, *Meta-Learning Symmetries by Reparameterization*, ICLR 2021, arXiv:2007.02933, section 4 and
    algorithm 1: a layer's weights are :math:`\mathrm{vec}(W) = U v`. In the inner loop a task changes v by gradient
    steps on its support examples; in the outer loop U, the start of v and the inner learning rates follow the gradient
    of the error on its other examples. If all tasks are equivariant to a group, U becomes its sharing (Proposition 1).

    Its data are tasks and not samples, and its result is no algebra, so it is not a `DiscoveryMethod`.

    Args:
        rank: Columns of U; too many cost accuracy, too few cannot hold the tasks.
        num_support: Examples of a task in the inner loop; the rest are those of the outer loop.
        num_inner_steps: Steps of the inner loop.
        lr: Learning rate of the outer loop, which falls to zero.
        max_steps: Steps of the outer loop.
        tasks_per_step: Tasks of a step.
        progress: Whether to show a progress bar.
        accelerator: Where to compute, as in Lightning's trainer.

    Raises:
        ValueError: If a setting is not positive; in `fit`, on data of other shapes, or too few examples.

    Example:
        >>> x = torch.randn(50, 8, 3)
        >>> MSR(2, max_steps=5, progress=False).fit(x, x[:, :, :2]).basis.shape
        torch.Size([2, 2, 3])
    """

    def __init__(
        self,
        rank: int,
        *,
        num_support: int = 5,
        num_inner_steps: int = 3,
        lr: float = 1e-2,
        max_steps: int = 2000,
        tasks_per_step: int = 32,
        progress: bool = True,
        accelerator: str = "cpu",
    ) -> None:
        sizes = {"rank": rank, "num_support": num_support, "num_inner_steps": num_inner_steps, "max_steps": max_steps}
        for name, value in (*sizes.items(), ("tasks_per_step", tasks_per_step), ("lr", lr)):
            if value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")
        self.rank, self.num_support, self.num_inner_steps = rank, num_support, num_inner_steps
        self.lr, self.max_steps, self.tasks_per_step = lr, max_steps, tasks_per_step
        self.progress, self.accelerator = progress, accelerator

    def fit(self, x: Tensor, y: Tensor, *, seed: int = 0) -> SharedWeights:
        """Learn the sharing from the examples of T tasks.

        Args:
            x: Inputs, ``[T, S, n]``.
            y: Outputs, ``[T, S, m]``.
            seed: Everything random follows from it.
        """
        check_tasks(x, y)
        if x.shape[1] <= self.num_support:
            raise ValueError(f"x must have more than num_support = {self.num_support} examples, got {x.shape[1]}")
        generator = torch.Generator().manual_seed(seed)
        module = MSRModule(self, y.shape[2], x.shape[2], generator)
        batches = _TaskBatches(x.float(), y.float(), self.tasks_per_step, self.max_steps, generator)
        train(module, batches, progress=self.progress, accelerator=self.accelerator)
        basis, start = (value.detach().double().cpu() for value in (module.basis, module.start))
        return SharedWeights(basis, start, torch.zeros(0, dtype=torch.float64))


class MSRModule(lightning.LightningModule):
    """The outer loop of `MSR`.

    Args:
        method: How it is set.
        num_outputs: m.
        num_inputs: n.
        generator: Of the start.
    """

    def __init__(self, method: MSR, num_outputs: int, num_inputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.method = method
        drawn = torch.randn(method.rank, num_outputs, num_inputs, generator=generator)
        self.basis = nn.Parameter(drawn / num_inputs**0.5)
        self.start = nn.Parameter(torch.zeros(method.rank))
        self.log_rates = nn.Parameter(torch.full((method.rank,), -1.0))

    def adapted(self, x: Tensor, y: Tensor) -> Tensor:
        """W of every task after the inner loop, ``[T, m, n]``; the gradient in v is written out."""
        design = torch.einsum("tsn,rmn->tsmr", x, self.basis).flatten(1, 2)
        v = self.start.expand(len(x), -1)
        for _ in range(self.method.num_inner_steps):
            residual = (design @ v.unsqueeze(2)).squeeze(2) - y.flatten(1)
            slope = (design.mT @ residual.unsqueeze(2)).squeeze(2) / design.shape[1]
            v = v - self.log_rates.exp() * slope
        w: Tensor = torch.einsum("tr,rmn->tmn", v, self.basis)
        return w

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """The error on the examples that the inner loop did not see."""
        x, y = batch
        support = self.method.num_support
        w = self.adapted(x[:, :support], y[:, :support])
        loss: Tensor = (x[:, support:] @ w.mT - y[:, support:]).square().mean()
        return loss

    def configure_optimizers(self) -> Any:
        """Adam, with a cosine to zero."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.method.lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.method.max_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


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


@dataclass(frozen=True)
class _TaskBatches:
    x: Tensor
    y: Tensor
    size: int
    count: int
    generator: torch.Generator

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(self.count):
            index = torch.randint(len(self.x), (self.size,), generator=self.generator)
            yield self.x[index], self.y[index]
