"""MSR: learn from many tasks, by gradients, which weights of a linear layer are shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from pyg_liesym.discovery.training import train
from pyg_liesym.discovery.weight_sharing import SharedWeights, check_tasks


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
