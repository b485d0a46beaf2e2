"""The rows of layers and networks of plain vectors and tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import Module
from torch_geometric.nn import MLP

from contract.graphs import LORENTZ, ROTATION3, ROTATION4, SHEAR3, drawn
from contract.row import Element, Points, Row
from pyg_liesym.lie import LieAlgebra, TensorType
from pyg_liesym.nn import dense

ALL, SPACE = LieAlgebra.lorentz(), LieAlgebra.rotation(3)
SQUEEZE = torch.tensor([[2.0, 0.3, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]], dtype=torch.float64)
PLANE = LieAlgebra.rotation(2).repeat(4)


def tensors(kind: str, out: str, g: Tensor) -> Element:
    """An element of a group on features and answers of some types."""
    inputs, outputs = (TensorType.of(text).matrix(g) for text in (kind, out))
    return Element({"x": inputs}, (outputs,))


def row(name: str, build: Callable[[], Module], types: tuple[str, str], kept: Tensor, broken: Tensor) -> Row:
    """A layer or network that keeps one element and not another."""
    channels = TensorType.of(types[0]).channels(kept.size(-1))
    elements = (tensors(*types, g) for g in (kept, broken))
    without = {"tiles": "has no edges"}
    if name.startswith("EquivariantMLP, ") and not name.endswith("so(1,3)"):
        without["compile"] = "the network's own row, with another algebra"
    return Row(name, build, Points({"x": channels}, takes=()), *elements, without=without)


def linear(algebra: LieAlgebra, *types: str, relaxed: bool = False) -> Callable[[], Module]:
    return lambda: dense.EquivariantLinear(algebra, *types, relaxed=relaxed)


def perceptron(algebra: LieAlgebra, *types: str, relaxed: bool = False) -> Callable[[], Module]:
    return lambda: dense.EquivariantMLP(algebra, *types, num_products=3, relaxed=relaxed)


def hamiltonian() -> Module:
    # An energy has no constant that matters.
    energy = MLP([4, 6, 6, 1], norm=None, act="tanh", bias=[True, True, False])
    return dense.HamiltonianNetwork(energy, dt=0.1)


TENSORS, PRODUCTS, MOMENTA = ("3 + 2V + VV*", "2 + V + V*"), ("2V + V*", "2 + VV*"), ("3V", "2 + V")
SKEW, SYMPLECTIC = SPACE.conjugate(SQUEEZE), LieAlgebra.symplectic(4)
PAIR, LONGER = ("2V", "V"), torch.diag(torch.tensor([5.0, 5.0, 1.0, 1.0], dtype=torch.float64))
CYCLE = torch.eye(8, dtype=torch.float64).roll(1, 0)

ROWS = [
    row("EquivariantLinear", linear(SPACE, *TENSORS), TENSORS, ROTATION3, SHEAR3),
    row("EquivariantLinear, relaxed", linear(SPACE, *TENSORS, relaxed=True), TENSORS, ROTATION3, SHEAR3),
    row("EquivariantLinear, so(1,3)", linear(ALL, *TENSORS), TENSORS, LORENTZ, ROTATION4),
    row("EquivariantLinear, four planes", linear(PLANE, "V", "2V"), ("V", "2V"), drawn(PLANE), CYCLE),
    row("EquivariantBilinear", lambda: dense.EquivariantBilinear(ALL, *PRODUCTS), PRODUCTS, LORENTZ, ROTATION4),
    row("EquivariantMLP, so(1,3)", perceptron(ALL, *MOMENTA, "5 + 4V"), MOMENTA, LORENTZ, ROTATION4),
    row("EquivariantMLP, conjugate", perceptron(SKEW, "2V", "V", "4 + 3V"), ("2V", "V"), drawn(SKEW), ROTATION3),
    row("EquivariantMLP, sp(4)", perceptron(SYMPLECTIC, *MOMENTA, "4 + 3V"), MOMENTA, drawn(SYMPLECTIC), LONGER),
    row("EquivariantMLP, relaxed", perceptron(SPACE, *PAIR, "4 + 3V", relaxed=True), PAIR, ROTATION3, SHEAR3),
    Row(
        "HamiltonianNetwork",
        hamiltonian,
        Points({"x": 4}, takes=()),
        without={"tiles": "has no edges", "equivariance": "keeps no group, as its energy does not"},
    ),
]
