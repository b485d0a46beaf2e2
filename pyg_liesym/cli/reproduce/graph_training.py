"""One training and test of a network on graphs, with what is asked of its symmetry afterwards."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor, nn
from tqdm import tqdm

from pyg_liesym.cli.files import write_json

Twin: TypeAlias = Literal["strict", "relaxed", "free"]


class Budget(NamedTuple):
    """What all twins of an experiment get alike.

    Args:
        epochs: Passes over the training data.
        lr: First learning rate of Adam, which falls to zero along a cosine.
        penalty: Weight of the relaxation penalty beside a loss that begins near one.
    """

    epochs: int
    lr: float
    penalty: float


class GraphTask(Protocol):
    """Data of an experiment, at one level and seed, and what is asked of a network."""

    budget: Budget

    def network(self, twin: Twin) -> nn.Module:
        """A network with fresh weights."""

    def batches(self, epoch: int) -> Iterable[Any]:
        """The training batches of an epoch, in an order of its own."""

    def loss(self, net: nn.Module, batch: Any) -> Tensor:
        """The loss of a batch."""

    def validate(self, net: nn.Module) -> float:
        """A number by which the best epoch is chosen, the smaller the better."""

    def test(self, net: nn.Module) -> dict[str, float]:
        """The scores."""


def run_twin(
    folder: Path, task: GraphTask, twin: Twin, settings: dict[str, Any], *, seed: int, progress: bool = True
) -> dict[str, Any]:
    """Train and test a network, or read the result that is there.

    Args:
        folder: Of ``result.json``.
        task: Data and questions.
        twin: Which of the networks.
        settings: What identifies the run; a result of other settings is not taken for it.
        seed: Seed of the weights.
        progress: Whether to show a bar.

    Raises:
        ValueError: If there is a result of other settings.
    """
    done = folder / "result.json"
    settings = json.loads(json.dumps({**settings, "twin": twin, "seed": seed}, default=str))
    if twin != "relaxed":
        settings.pop("penalty", None)
    if done.exists():
        result: dict[str, Any] = json.loads(done.read_text())
        different = [name for name, value in settings.items() if result["settings"].get(name) != value]
        if different:
            raise ValueError(
                f"{done} is of a run with another {', '.join(different)}: choose another `out` or remove it"
            )
        return result
    started = time.monotonic()
    net, epoch = _train(task, twin, seed, f"{folder.name}" if progress else None)
    result = {"settings": settings, "parameters": sum(p.numel() for p in net.parameters()), "best_epoch": epoch}
    result |= {"scores": task.test(net)}
    if twin == "relaxed":
        result["relaxation"] = float(net.relaxation())  # type: ignore[operator]
        net.make_strict()  # type: ignore[operator]
        result["made_strict"] = {"relaxation": float(net.relaxation()), **task.test(net)}  # type: ignore[operator]
    result["seconds"] = time.monotonic() - started
    write_json(done, result)
    return result


def _train(task: GraphTask, twin: Twin, seed: int, name: str | None) -> tuple[nn.Module, int]:
    """The network of the best epoch, and which that was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = task.network(twin)
    parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=task.budget.lr)
    best, state, chosen = math.inf, copy.deepcopy(net.state_dict()), 0
    for epoch in (bar := tqdm(range(task.budget.epochs), desc=name, unit="epoch", disable=name is None)):
        batches = list(task.batches(epoch))
        for number, batch in enumerate(batches):
            done = (epoch + number / len(batches)) / task.budget.epochs
            optimizer.param_groups[0]["lr"] = 0.5 * task.budget.lr * (1 + math.cos(math.pi * done))
            optimizer.zero_grad()
            loss = task.loss(net.train(), batch)
            if twin == "relaxed":
                loss = loss + task.budget.penalty * net.relaxation_penalty()  # type: ignore[operator]
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            value = task.validate(net.eval())
        bar.set_postfix(validation=f"{value:.4g}")
        if value < best:
            best, state, chosen = value, copy.deepcopy(net.state_dict()), epoch
    net.load_state_dict(state)
    return net.eval(), chosen
