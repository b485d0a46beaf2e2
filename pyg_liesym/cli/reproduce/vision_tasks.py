"""What is asked of networks that look at pictures and at winds: on data as in training, and turned by any angle."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from pyg_liesym.cli.twins import Twin

Build: TypeAlias = Callable[[Twin, tuple[int, int], tuple[int, int], Literal["max"] | None], nn.Module]
"""Makes a network for so many scalars and vectors of the input and of the answer, and a readout."""

_AT_ONCE = 128


class Seen(NamedTuple):
    """What networks see ``[S, C, H, W]``, and what they are asked: classes ``[S]``, or vectors ``[S, 2]``."""

    x: Tensor
    y: Tensor


class VisionTask:
    """Training, validation and test data, one loss.

    Args:
        parts: ``train``, ``val`` and test sets by name.
        build: Makes a network.
        batch_size: Examples in a batch.
        seed: Of their order.
    """

    def __init__(self, parts: Mapping[str, Seen], build: Build, batch_size: int, seed: int) -> None:
        self.train, self.val = parts["train"], parts["val"]
        self.tests = {name: part for name, part in parts.items() if name not in ("train", "val")}
        self.build, self.batch_size, self.seed = build, batch_size, seed

    @abstractmethod
    def network(self, twin: Twin) -> nn.Module:
        """A network with fresh weights."""

    @abstractmethod
    def cost(self, answer: Tensor, y: Tensor) -> Tensor:
        """The loss of answers, near one for a guess."""

    @abstractmethod
    def scores(self, name: str, answer: Tensor, y: Tensor) -> dict[str, float]:
        """The scores of a test set, and the errors that its size leaves them."""

    def batches(self, epoch: int) -> Iterable[Sequence[Tensor]]:
        """All examples in the order of an epoch, but for what does not fill a batch."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.train.y), generator=generator)
        return DataLoader(TensorDataset(self.train.x[order], self.train.y[order]), self.batch_size, drop_last=True)

    def loss(self, net: nn.Module, batch: Sequence[Tensor]) -> Tensor:
        """The loss of a batch."""
        x, y = batch
        return self.cost(net(x), y)

    def validate(self, net: nn.Module) -> float:
        """The loss of other examples."""
        return float(self.cost(_answers(net, self.val.x), self.val.y))

    @torch.no_grad()
    def test(self, net: nn.Module) -> dict[str, float]:
        """The scores of all test sets."""
        numbers: dict[str, float] = {}
        for name, part in self.tests.items():
            numbers |= self.scores(name, _answers(net, part.x), part.y)
        return numbers


class Classify(VisionTask):
    """Tell pictures apart; scores are shares of wrong answers, in per cent.

    Args:
        parts: As above.
        build: As above.
        batch_size: As above.
        seed: As above.
        pair: Two classes that a turn may carry into each other, whose errors are told apart.
    """

    def __init__(
        self, parts: Mapping[str, Seen], build: Build, batch_size: int, seed: int, pair: tuple[int, ...] = ()
    ) -> None:
        super().__init__(parts, build, batch_size, seed)
        self.pair, self.classes = pair, int(self.train.y.max()) + 1

    def network(self, twin: Twin) -> nn.Module:
        """Grey levels in, logits out."""
        return self.build(twin, (self.train.x.size(1), 0), (self.classes, 0), "max")

    def cost(self, answer: Tensor, y: Tensor) -> Tensor:
        """The cross-entropy, over that of a guess."""
        return cross_entropy(answer, y) / math.log(self.classes)

    def scores(self, name: str, answer: Tensor, y: Tensor) -> dict[str, float]:
        """The share of wrong answers, and that among the pair."""
        wrong = (answer.argmax(1) != y).double()
        numbers = {name: 100 * float(wrong.mean()), f"{name}_error": 100 * float(wrong.std() / len(wrong) ** 0.5)}
        if self.pair:
            numbers[f"{name}_pair"] = 100 * float(wrong[torch.isin(y, torch.tensor(self.pair))].mean())
        return numbers


class Answer(VisionTask):
    """Say a vector at the middle of a window of vectors; scores are errors over the vectors' size, in per cent."""

    def network(self, twin: Twin) -> nn.Module:
        """Vectors in, a vector out."""
        return self.build(twin, (0, self.train.x.size(1) // 2), (0, 1), None)

    def cost(self, answer: Tensor, y: Tensor) -> Tensor:
        """The mean squared error over the mean square of what is to be said in training."""
        return (answer - y).square().mean() / self.train.y.square().mean()

    def scores(self, name: str, answer: Tensor, y: Tensor) -> dict[str, float]:
        """The root mean squared error over the root mean square."""
        return {name: 100 * float(((answer - y).square().mean() / y.square().mean()).sqrt())}


def _answers(net: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([net(part) for part in x.split(_AT_ONCE)])
