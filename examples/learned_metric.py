"""Train the metric with the task, and read the symmetry off it.

Each sample is two massive particles as four-vectors (E, px, py, pz), and the answer is their invariant mass, which only
Minkowski products can tell. `LieGNN(metric="learned")` does not know that: its symmetric form J starts at random and is
trained like any weight. A random form often has the wrong signature and can get stuck, so several networks are started
and the one with the lowest training loss goes on; nothing else is looked at. In the end J should be Minkowski's up to
sign, which no task can tell, and `LieAlgebra.preserving(J)` the Lorentz algebra.

    python examples/learned_metric.py [--steps 500] [--starts 8]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pyg_liesym import LieAlgebra, LieGNN
from pyg_liesym.lie import minkowski

SAMPLES = 128


def particles(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Four-momenta of pairs of particles, ``[samples, 2, 4]``, and log(1 + m²) of every pair, ``[samples, 1]``."""
    momentum = torch.randn(SAMPLES, 2, 3, generator=generator)
    mass = torch.rand(SAMPLES, 2, 1, generator=generator)
    energy = (momentum.square().sum(-1, keepdim=True) + mass.square()).sqrt()
    p4 = torch.cat([energy, momentum], dim=-1)
    total = p4.sum(dim=1)
    return p4, (total[:, :1].square() - total[:, 1:].square().sum(-1, keepdim=True)).log1p()


def train(network: LieGNN, steps: int, generator: torch.Generator, *, decay: bool) -> float:
    """Train on fresh samples; returns the mean loss of the last 20 steps."""
    metric = list(network.metric.parameters())
    others = [weight for name, weight in network.named_parameters() if not name.endswith("metric.weight")]
    # J has ten numbers and all messages behind it: it may move faster than the rest.
    optimizer = torch.optim.Adam([{"params": metric, "lr": 3e-2}, {"params": others, "lr": 5e-3}])
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01 if decay else 1.0, total_iters=steps)
    batch = torch.arange(SAMPLES).repeat_interleave(2)
    losses = []
    for _ in range(steps):
        p4, answer = particles(generator)
        loss = torch.nn.functional.mse_loss(network(None, p4.flatten(0, 1), batch=batch, batch_size=SAMPLES), answer)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return sum(losses[-20:]) / len(losses[-20:])


def main(args: Sequence[str] | None = None) -> dict[str, Any]:
    """Start, choose, train on; returns the form, its algebra's name and its cosine to Minkowski's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=8, help="networks that are started")
    parser.add_argument("--first-steps", type=int, default=200, help="training steps of each")
    parser.add_argument("--steps", type=int, default=500, help="further steps of the best of them")
    options = parser.parse_args(args)

    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    candidates = []
    for start in range(options.starts):
        network = LieGNN(0, 16, 1, num_layers=1, metric="learned", dim=4, readout="mean")
        loss = train(network, options.first_steps, generator, decay=False)
        print(f"start {start + 1}: loss {loss:.4f}")
        candidates.append((loss, network))
    _, network = min(candidates, key=lambda candidate: candidate[0])
    loss = train(network, options.steps, generator, decay=True)

    J = network.metric.J.detach().double()
    cosine = float((J * minkowski()).sum() / (J.norm() * minkowski().norm()))
    algebra = LieAlgebra.preserving(J)
    name = algebra.identify()[0]
    print(f"the best of them, trained on: loss {loss:.5f}\nJ = {J}")
    print(f"cosine to Minkowski's metric {cosine:+.5f} (the sign is free)")
    print(f"the algebra that keeps J: {name}")
    return {"J": J, "loss": loss, "cosine": cosine, "name": name}


if __name__ == "__main__":
    main()
