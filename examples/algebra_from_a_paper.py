"""Take a basis from a paper, ask what it is, and build a network on it.

The matrices below are the Lorentz algebra in light-cone coordinates (E + pz, E − pz, px, py), with a percent of noise
on them as if they had been learned or read off a figure. `identify()` names them up to a change of basis,
`invariant_metric()` finds the form that they keep, and one line puts that form into a network. Two certificates at
the end: the network obeys what it was given to rounding, and the true Lorentz group on random momenta to about the
noise of the basis.

    python examples/algebra_from_a_paper.py [--noise 0.01] [--out basis.png]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from pyg_liesym import LieAlgebra, LieGNN
from pyg_liesym.lie import minkowski
from pyg_liesym.metrics import equivariance_error
from pyg_liesym.plot import plot_basis
from pyg_liesym.testing import assert_invariant, randomize_parameters

LIGHT_CONE = torch.tensor([[1.0, 0, 0, 1], [1, 0, 0, -1], [0, 1, 0, 0], [0, 0, 1, 0]], dtype=torch.float64)
"""Takes (E, px, py, pz) to (E + pz, E − pz, px, py)."""


def paper_basis(noise: float, generator: torch.Generator) -> torch.Tensor:
    """What a paper might print: six 4 × 4 matrices, rounded or learned."""
    exact = LieAlgebra.lorentz().conjugate(LIGHT_CONE).basis
    return exact + noise * torch.randn(exact.shape, dtype=exact.dtype, generator=generator)


def main(args: Sequence[str] | None = None) -> dict[str, Any]:
    """Identify, draw, build, certify; returns what was found and the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noise", type=float, default=0.01, help="standard deviation of the noise on every entry")
    parser.add_argument("--out", type=Path, default=Path("basis.png"), help="the heatmap")
    options = parser.parse_args(args)
    generator = torch.Generator().manual_seed(0)

    algebra = LieAlgebra(paper_basis(options.noise, generator))
    name = algebra.identify()[0]
    metric = algebra.invariant_metric()
    truth = torch.linalg.inv(LIGHT_CONE).T @ minkowski() @ torch.linalg.inv(LIGHT_CONE)
    print(f"what is it?          {name}")
    print(f"does it close?       closure error {algebra.closure_error():.3f} (0: an algebra, at most 1)")
    print(f"what does it keep?   {metric}")
    print(f"cosine of J to the light-cone form of Minkowski's: {metric.cosine(truth):+.5f}")
    print(metric.J)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    plot_basis(algebra, coordinates=("E+pz", "E-pz", "px", "py")).savefig(options.out, dpi=130)
    print(f"heatmap: {options.out}")

    model = LieGNN(0, 16, 2, num_layers=2, metric=metric, readout="mean")  # the one line

    model = randomize_parameters(model.double(), generator=generator)
    momenta = torch.randn(12, 3, dtype=torch.float64, generator=generator)
    p4 = torch.cat([momenta.norm(dim=1, keepdim=True), momenta], dim=1) @ LIGHT_CONE.T
    kept = LieAlgebra.preserving(metric.J).sample(1, scale=0.3, generator=generator)[0]
    exact = assert_invariant(lambda p4: model(None, p4), [p4], [kept])
    true = LieAlgebra.lorentz().conjugate(LIGHT_CONE).sample(1, scale=0.3, generator=generator)[0]
    data = equivariance_error(lambda p4: model(None, p4), [p4], [true], [None])
    print(
        f"change of the answer under a transformation that keeps J: {exact:.0e}; under a true Lorentz one: {data:.0e}"
    )
    return {"name": name, "metric": metric, "cosine": metric.cosine(truth), "exact": exact, "data": data}


if __name__ == "__main__":
    main()
