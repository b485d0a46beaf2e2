"""How a kernel on a stencil is applied to a field on a square lattice."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor
from torch.nn.functional import conv2d, pad

Padding: TypeAlias = Literal["zeros", "circular"]
"""What is outside a lattice: nothing, or the lattice again."""


def check_padding(padding: str) -> None:
    """Refuse what is no :data:`Padding`.

    Raises:
        ValueError: If it is none.
    """
    if padding not in ("zeros", "circular"):
        raise ValueError(f"expected `padding` to be 'zeros' or 'circular', got {padding!r}")


def lattice_conv(field: Tensor, kernel: Tensor, bias: Tensor | None, padding: Padding) -> Tensor:
    r"""Convolve a field, :math:`(K f)(x) = \sum_o K(o)\, f(x + o) + b`, at as many places as it has.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **kernel**: :math:`(C_{out}, C_{in}, k, k)` with an odd k
        - **output**: :math:`(B, C_{out}, H, W)`
    """
    half = kernel.size(-1) // 2
    if padding == "circular":
        field, half = pad(field, (half, half, half, half), mode="circular"), 0
    return conv2d(field, kernel, bias, padding=half)
