"""EGNN's n-body benchmark with a textbook EGNN beside LieGNN: the same first weights, systems and order.

python benchmarks/charged_particles.py --models '[liegnn, egnn]' --seeds '[1]' --epochs 10000
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from jsonargparse import auto_cli
from textbook_egnn import TextbookEGNN
from torch import nn

from pyg_liesym.cli.reproduce.charged_particles import EDGE_DIM, HIDDEN, LAYERS, ChargedParticlesForecast
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment


@dataclass(frozen=True)
class WithTextbook(ChargedParticlesForecast):
    """The experiment of the package, and the textbook EGNN as ``egnn``."""

    known: ClassVar[tuple[str, ...]] = ("liegnn", "egnn", "linear")
    models: tuple[str, ...] = ("liegnn", "egnn", "linear")

    def network(self, model: str) -> nn.Module:
        """LieGNN, or the textbook that draws the same weights."""
        return TextbookEGNN(1, HIDDEN, LAYERS, edge_dim=EDGE_DIM) if model == "egnn" else super().network(model)


def main(
    models: tuple[str, ...] = ("liegnn", "egnn", "linear"),
    seeds: tuple[int, ...] = (1,),
    epochs: int = 10_000,
    sitting: Sitting = Sitting(),  # noqa: B008
) -> None:
    """Train and test the networks; a run that was stopped goes on.

    Args:
        models: ``liegnn``, ``egnn``, ``linear``.
        seeds: Seeds of the weights and of the order.
        epochs: Passes over the training systems.
        sitting: Where and how long.
    """
    run_experiment(WithTextbook(models, seeds, epochs), sitting, "python benchmarks/charged_particles.py")


if __name__ == "__main__":
    auto_cli(main)
