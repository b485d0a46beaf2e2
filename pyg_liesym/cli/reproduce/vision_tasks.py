"""Pictures to be told apart, and what is asked of a network that does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from pyg_liesym.cli.reproduce.relaxed_twins import Twin

_AT_ONCE = 128


class Pictures(NamedTuple):
    """Pictures ``[S, C, H, W]`` and their classes ``[S]``."""

    x: Tensor
    y: Tensor


class Classify:
    """Tell pictures apart, as they are seen in training and turned by any angle.

    Args:
        train: What is learned from.
        val: What the best epoch is chosen by.
        tests: Test sets by name.
        build: Makes a network for a number of channels and of classes.
        batch_size: Pictures in a batch.
        seed: Of their order.
        pairs: Classes that a turn may carry into each other, whose errors among themselves are told apart.
    """

    def __init__(
        self,
        train: Pictures,
        val: Pictures,
        tests: dict[str, Pictures],
        build: Callable[[Twin, int, int], nn.Module],
        *,
        batch_size: int,
        seed: int,
        pairs: tuple[int, ...] = (),
    ) -> None:
        self.train, self.val, self.tests, self.build = train, val, tests, build
        self.batch_size, self.seed, self.pairs = batch_size, seed, pairs
        self.classes = int(train.y.max()) + 1

    def network(self, twin: Twin) -> nn.Module:
        """Channels in, logits out."""
        return self.build(twin, self.train.x.size(1), self.classes)

    def batches(self, epoch: int) -> Iterable[Sequence[Tensor]]:
        """All pictures in the order of an epoch, but for what does not fill a batch."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.train.y), generator=generator)
        return DataLoader(TensorDataset(self.train.x[order], self.train.y[order]), self.batch_size, drop_last=True)

    def loss(self, net: nn.Module, batch: Sequence[Tensor]) -> Tensor:
        """The cross-entropy, over that of a guess."""
        x, y = batch
        return cross_entropy(net(x), y) / math.log(self.classes)

    def validate(self, net: nn.Module) -> float:
        """The loss of other pictures."""
        return float(cross_entropy(_logits(net, self.val.x), self.val.y) / math.log(self.classes))

    @torch.no_grad()
    def test(self, net: nn.Module) -> dict[str, float]:
        """The share of wrong answers in each test set, in per cent."""
        numbers = {}
        for name, pictures in self.tests.items():
            answer = _logits(net, pictures.x).argmax(1)
            wrong = (answer != pictures.y).double()
            numbers[name] = 100 * float(wrong.mean())
            numbers[f"{name}_error"] = 100 * float(wrong.std() / len(wrong) ** 0.5)
            if self.pairs:
                among = torch.isin(pictures.y, torch.tensor(self.pairs))
                numbers[f"{name}_pair"] = 100 * float(wrong[among].mean())
        return numbers


def _logits(net: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([net(part) for part in x.split(_AT_ONCE)])
