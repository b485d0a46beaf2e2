"""A perceptron that is equivariant to any matrix Lie algebra."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.equivariant import equivariant_maps
from pyg_liesym.lie.tensors import TensorType, rank
from pyg_liesym.nn.dense.equivariant_bilinear import EquivariantBilinear, product_words
from pyg_liesym.nn.dense.equivariant_linear import EquivariantLinear

PRODUCTS = 0.1
"""Weight of the products beside what they are products of. With one it takes several times as long to learn a map that
is nearly linear."""


class EquivariantMLP(nn.Module):
    r"""A perceptron between tensors of any matrix Lie algebra, EMLP (Finzi, Welling, Wilson, ICML 2021, Section 5).

    Each layer is :math:`z = A x`, then :math:`z + B(z, z) / 10` with products, then a gated nonlinearity (Weiler et
    al., *3D Steerable CNNs*, NeurIPS 2018): numbers go through SiLU, every tensor is multiplied by the sigmoid of a
    number of its own. The last layer is linear. Give it any algebra, a named one, a published one or one found in data:

    .. code-block:: python

        EquivariantMLP(found.algebra, "V", "V", "64 + 16V")

    **Law**: equivariant to :math:`g = \exp(\sum w_i L_i)`, as exactly as the maps of :class:`EquivariantLinear` are;
    relaxed at first only.

    Args:
        algebra: The algebra.
        in_type: Type of the input, e.g. ``"4V"``.
        out_type: Type of the output.
        hidden_type: Type of the hidden layers, e.g. ``"64 + 16V"``.
        num_layers: Number of linear layers, at least 2.
        num_products: Channels of the products in every layer.
        relaxed: Whether the layers can leave the symmetry.

    Shapes:
        - **x**: :math:`(*, C_{in})`; **output**: :math:`(*, C_{out})`

    Raises:
        ValueError: If there are fewer than two layers, or no equivariant map from one type to the next.

    Example:
        >>> lorentz = LieAlgebra.lorentz()
        >>> net = EquivariantMLP(lorentz, "3V", "1", "8 + 4V").double()  # a mass from three momenta
        >>> p, g = torch.randn(5, 3, 4).double(), lorentz.sample(1)[0]
        >>> bool(torch.allclose(net((p @ g.mT).flatten(1)), net(p.flatten(1))))
        True
    """

    def __init__(
        self,
        algebra: LieAlgebra,
        in_type: str | TensorType,
        out_type: str | TensorType,
        hidden_type: str | TensorType,
        num_layers: int = 3,
        *,
        num_products: int = 8,
        relaxed: bool = False,
    ) -> None:
        super().__init__()
        if num_layers < 2:
            raise ValueError(f"expected at least 2 layers, got num_layers={num_layers}")
        self.in_type, self.out_type = TensorType.of(in_type), TensorType.of(out_type)
        hidden = TensorType.of(hidden_type)
        numbers = sum(count for count, word in hidden.terms if not word)
        tensors = tuple((count, word) for count, word in hidden.terms if word)
        hidden = TensorType((*([(numbers, "")] if numbers else []), *tensors))
        # What the last layer cannot use is not computed before it.
        last = TensorType(tuple((count, word) for count, word in hidden.terms if _leads(algebra, word, self.out_type)))
        if not last.terms:
            raise ValueError(
                f"no linear map from {hidden} to {self.out_type} commutes with {algebra}: expected a hidden type with "
                "the words of the output"
            )
        kinds = [self.in_type, *[hidden] * (num_layers - 2), last]
        self.layers = nn.ModuleList(
            _GatedLayer(algebra, before, after, num_products, relaxed) for before, after in pairwise(kinds)
        )
        self.out = EquivariantLinear(algebra, last, self.out_type, relaxed=relaxed)

    def reset_parameters(self) -> None:
        """Draw new weights."""
        for layer in [*self.layers, self.out]:
            layer.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Run the layers."""
        for layer in self.layers:
            x = layer(x)
        out: Tensor = self.out(x)
        return out


class _GatedLayer(nn.Module):
    """Linear map, products, gates; numbers come first in its output."""

    def __init__(
        self, algebra: LieAlgebra, in_type: TensorType, out_type: TensorType, num_products: int, relaxed: bool
    ) -> None:
        super().__init__()
        self.numbers = sum(count for count, word in out_type.terms if not word)
        tensors = tuple((count, word) for count, word in out_type.terms if word)
        self.counts = [count for count, _ in tensors]
        self.sizes = [count * algebra.n ** rank(word) for count, word in tensors]
        before = TensorType(((self.numbers + sum(self.counts), ""), *tensors))
        self.linear = EquivariantLinear(algebra, in_type, before, relaxed=relaxed)
        self.bilinear = None
        if product_words(algebra, before, before):
            self.bilinear = EquivariantBilinear(algebra, before, before, num_products=num_products, relaxed=relaxed)

    def reset_parameters(self) -> None:
        self.linear.reset_parameters()
        if self.bilinear is not None:
            self.bilinear.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        z = self.linear(x)
        if self.bilinear is not None:
            z = z + PRODUCTS * self.bilinear(z)
        numbers, *gates_and_tensors = z.split([self.numbers, *self.counts, *self.sizes], -1)
        out = [nn.functional.silu(numbers)]
        half = len(self.counts)
        for gates, tensors in zip(gates_and_tensors[:half], gates_and_tensors[half:], strict=True):
            out.append((gates.sigmoid()[..., None] * tensors.unflatten(-1, (gates.size(-1), -1))).flatten(-2))
        return torch.cat(out, -1)


def _leads(algebra: LieAlgebra, word: str, out_type: TensorType) -> bool:
    return any(equivariant_maps(algebra, word, target).count for _, target in out_type.terms)
