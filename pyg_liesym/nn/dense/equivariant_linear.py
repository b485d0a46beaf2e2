"""A linear layer that commutes with a matrix Lie algebra, known or found."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.equivariant import STEP, EquivariantMaps, equivariant_maps
from pyg_liesym.lie.tensors import TensorType, rank
from pyg_liesym.nn.relaxable import Relaxable


class EquivariantLinear(Relaxable):
    r"""A linear layer between tensors of any matrix Lie algebra (Finzi, Welling, Wilson, ICML 2021, arXiv:2104.09459).

    Its weight is a combination of the maps W with :math:`\rho_{out}(L) W = W \rho_{in}(L)` for all L, its bias one of
    the invariant tensors of the output (Section 4 there):

    .. math:: y = \sum_b w_b W_b\, x + \sum_c v_c b_c

    Both are null spaces, solved once in float64 by :func:`~pyg_liesym.lie.equivariant_maps` and kept as buffers. Of an
    algebra found in data a gap in the singular values decides which maps are kept.

    A relaxed layer has the other directions too, with weights that start at zero and are scaled by
    :math:`1 / (1 + (\sigma / \sigma_1)^2)`: the more a direction breaks the algebra (by its singular value
    :math:`\sigma`, beside the smallest above the gap, :math:`\sigma_1`), the harder it is to reach. That is a soft
    threshold in place of the hard one, in the spirit of residual pathway priors (Finzi, Benton, Wilson, NeurIPS 2021).

    **Law**: :math:`f(\rho_{in}(g) x) = \rho_{out}(g) f(x)` for all :math:`g = \exp(\sum w_i L_i)`, because every map
    and every bias keeps the L's; as nearly as they do, if the algebra is found. Relaxed: at first, and once made
    strict.

    Args:
        algebra: The algebra.
        in_type: Type of the input, e.g. ``"4V"`` or ``"8 + 2V + VV*"``.
        out_type: Type of the output.
        bias: Whether to have biases where there are invariant tensors.
        relaxed: Whether the layer can leave the symmetry.

    Shapes:
        - **x**: :math:`(*, C_{in})`; **output**: :math:`(*, C_{out})`

    Raises:
        ValueError: If a type cannot be read, nothing equivariant leads from input to output, or the singular values
            have no gap: then the algebra is known too roughly to say which maps it keeps.

    Example:
        >>> turns = LieAlgebra.rotation(3)
        >>> layer = EquivariantLinear(turns, "4 + 2V", "V")
        >>> g = turns.sample(1)[0].float()
        >>> x, rho = torch.randn(5, 10), layer.in_type.matrix(g)
        >>> torch.allclose(layer(x @ rho.mT), layer(x) @ g.mT, atol=1e-5)
        True
    """

    def __init__(
        self,
        algebra: LieAlgebra,
        in_type: str | TensorType,
        out_type: str | TensorType,
        *,
        bias: bool = True,
        relaxed: bool = False,
    ) -> None:
        super().__init__()
        self.in_type, self.out_type, self.relaxed = TensorType.of(in_type), TensorType.of(out_type), relaxed
        self.in_channels, self.out_channels = (kind.channels(algebra.n) for kind in (self.in_type, self.out_type))
        self.bias, self.n = bias, algebra.n
        sources = (*self.in_type.terms, *([(1, "")] if bias else []))
        self.sizes = [count * algebra.n ** rank(word) for count, word in sources]
        self.blocks = nn.ModuleDict()
        for row, (outputs, target) in enumerate(self.out_type.terms):
            for column, (inputs, source) in enumerate(sources):
                block = _Block(_decided(algebra, source, target), inputs, outputs, relaxed)
                if sum(parameter.numel() for parameter in block.parameters()):
                    self.blocks[f"{row}_{column}"] = block
        if not any(int(name.split("_")[1]) < len(self.in_type.terms) for name in self.blocks):
            raise ValueError(
                f"no linear map from {self.in_type} to {self.out_type} commutes with {algebra}: expected types with an "
                "equivariant map between them, such as one word that both have"
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights that keep the variance; biases and what leaves the symmetry are zero."""
        last = len(self.in_type.terms)
        for row, (_, target) in enumerate(self.out_type.terms):
            own = [block for column in range(last) if (block := self._block(row, column)) is not None]
            fan = sum(block.weight[:, 0].numel() for block in own)
            for block in own:
                block.reset_parameters((3 * self.n ** rank(target) / max(fan, 1)) ** 0.5)
            constant = self._block(row, last)
            if constant is not None:
                constant.reset_parameters(0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the map."""
        matrix = self._matrix(strict=False)
        return nn.functional.linear(x, matrix[:, : self.in_channels], matrix[:, -1] if self.bias else None)

    def relaxation_penalty(self) -> Tensor:
        """Share of the squared weights that leaves the symmetry."""
        whole = self._matrix(strict=False)
        return (whole - self._matrix(strict=True)).square().sum() / whole.square().sum().clamp(min=1e-30)

    @torch.no_grad()
    def make_strict(self) -> None:
        """Set the weights that leave the symmetry to zero."""
        for block in self.blocks.values():
            cast(_Block, block).make_strict()

    def _block(self, row: int, column: int) -> _Block | None:
        """The maps between two terms, if there are any."""
        name = f"{row}_{column}"
        return cast(_Block, self.blocks[name]) if name in self.blocks else None

    def _matrix(self, strict: bool) -> Tensor:
        """Weight and bias, ``[out, in + 1]``."""
        rows, like = [], next(self.parameters())
        for row, (count, word) in enumerate(self.out_type.terms):
            height, blocks = count * self.n ** rank(word), []
            for column, width in enumerate(self.sizes):
                block = self._block(row, column)
                blocks.append(like.new_zeros(height, width) if block is None else block(strict))
            rows.append(torch.cat(blocks, 1))
        return torch.cat(rows)

    def extra_repr(self) -> str:
        """Describe the types."""
        return f"{self.in_type} -> {self.out_type}, n={self.n}, bias={self.bias}, relaxed={self.relaxed}"


class _Block(nn.Module):
    """The maps between all channels of two words."""

    basis: Tensor
    broken: Tensor

    def __init__(self, maps: EquivariantMaps, inputs: int, outputs: int, relaxed: bool) -> None:
        super().__init__()
        # In double precision, until the module is cast; the weights may have another.
        self.register_buffer("basis", maps.kept.clone())
        self.weight = nn.Parameter(torch.zeros(maps.count, outputs, inputs))
        if not relaxed:
            self.register_buffer("broken", None)
            return
        values = maps.singular_values[maps.count :]
        damping = 1 / (1 + (values / values[:1]).square())
        self.register_buffer("broken", damping[:, None, None] * maps.maps[maps.count :])
        self.leaving = nn.Parameter(torch.zeros(len(values), outputs, inputs))

    def reset_parameters(self, bound: float) -> None:
        nn.init.uniform_(self.weight, -bound, bound)
        self.make_strict()

    @torch.no_grad()
    def make_strict(self) -> None:
        if self.broken is not None:
            self.leaving.zero_()

    def forward(self, strict: bool) -> Tensor:
        """The matrix ``[outputs · out, inputs · in]``."""
        matrix = _combined(self.weight, self.basis)
        return matrix if strict or self.broken is None else matrix + _combined(self.leaving, self.broken)


def _combined(weight: Tensor, maps: Tensor) -> Tensor:
    _, outputs, inputs = weight.shape
    together = torch.einsum("bop,bij->oipj", weight, maps.to(weight.dtype))
    return together.reshape(outputs * maps.size(1), inputs * maps.size(2))


def _decided(algebra: LieAlgebra, source: str, target: str) -> EquivariantMaps:
    maps = equivariant_maps(algebra, source, target)
    if not maps.clear:
        values = ", ".join(f"{float(value):.1e}" for value in maps.singular_values[:8])
        raise ValueError(
            f"it is not clear which maps from {source or '1'} to {target or '1'} {algebra} keeps: expected a gap of "
            f"{STEP:g} in the singular values, got {values} …. Restrict the algebra to what is certified, or to the "
            "coordinates that the data span"
        )
    return maps
