"""Products of tensors, mapped back to tensors that a layer has."""

from __future__ import annotations

from itertools import combinations_with_replacement

import torch
from torch import Tensor, nn

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.equivariant import equivariant_maps
from pyg_liesym.lie.tensors import TensorType, rank
from pyg_liesym.nn.dense.equivariant_linear import EquivariantLinear


class EquivariantBilinear(nn.Module):
    r"""Products of equivariant linear maps of a feature, by channel, mapped to another type.

    .. math:: y = C\,(A x \otimes B x)

    A linear layer and a gate alone cannot make a number of two vectors, which is why EMLP has a bilinear layer (Finzi,
    Welling, Wilson, ICML 2021, Section 5). There it draws pairs of components at random; here A, B and C are
    :class:`EquivariantLinear`, a factorisation of all products by rank.

    **Law**: equivariant, because tensor products are and A, B, C are.

    Args:
        algebra: The algebra.
        in_type: Type of the input.
        out_type: Type of the output.
        num_products: Channels of every kind of product.
        relaxed: Whether A, B and C can leave the symmetry.

    Shapes:
        - **x**: :math:`(*, C_{in})`; **output**: :math:`(*, C_{out})`

    Raises:
        ValueError: If no product of two tensors of the input leads to the output.

    Example:
        >>> products = EquivariantBilinear(LieAlgebra.lorentz(), "2V", "3", num_products=4)
        >>> products(torch.randn(5, 8)).shape
        torch.Size([5, 3])
    """

    def __init__(
        self,
        algebra: LieAlgebra,
        in_type: str | TensorType,
        out_type: str | TensorType,
        *,
        num_products: int = 8,
        relaxed: bool = False,
    ) -> None:
        super().__init__()
        in_type, out_type = TensorType.of(in_type), TensorType.of(out_type)
        pairs = product_words(algebra, in_type, out_type)
        if not pairs:
            raise ValueError(
                f"no product of two tensors of {in_type} leads to {out_type} under {algebra}: expected words such as V "
                "and V*, or vectors with an invariant form"
            )
        self.num_products, self.n = num_products, algebra.n
        self.sizes = [[algebra.n ** rank(pair[side]) for pair in pairs] for side in (0, 1)]
        factors = [TensorType(tuple((num_products, pair[side]) for pair in pairs)) for side in (0, 1)]
        products = TensorType(tuple((num_products, first + second) for first, second in pairs))
        self.left, self.right = (EquivariantLinear(algebra, in_type, kind, relaxed=relaxed) for kind in factors)
        self.out = EquivariantLinear(algebra, products, out_type, bias=False, relaxed=relaxed)

    def reset_parameters(self) -> None:
        """Draw new weights."""
        for layer in (self.left, self.right, self.out):
            layer.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Multiply and map."""
        sides = [
            side.split([self.num_products * size for size in sizes], -1)
            for side, sizes in zip((self.left(x), self.right(x)), self.sizes, strict=True)
        ]
        products = []
        for first, second, *sizes in zip(*sides, *self.sizes, strict=True):
            a, b = (t.unflatten(-1, (self.num_products, size)) for t, size in zip((first, second), sizes, strict=True))
            products.append((a[..., :, None] * b[..., None, :]).flatten(-3))
        out: Tensor = self.out(torch.cat(products, -1))
        return out


def product_words(algebra: LieAlgebra, in_type: TensorType, out_type: TensorType) -> list[tuple[str, str]]:
    """The pairs of words of a type whose products lead to another type, numbers left out and rank two at most.

    Example:
        >>> product_words(LieAlgebra.general_linear(2), TensorType.of("3 + V + V*"), TensorType.of("1"))
        [('V', 'V*')]
    """
    words = [word for word in dict.fromkeys(word for _, word in in_type.terms) if rank(word) == 1]
    targets = dict.fromkeys(word for _, word in out_type.terms)
    pairs = combinations_with_replacement(words, 2)
    return [(a, b) for a, b in pairs if any(equivariant_maps(algebra, a + b, target).count for target in targets)]
