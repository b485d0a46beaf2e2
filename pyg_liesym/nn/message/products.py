"""Products of many rows with one small matrix, the bulk of the arithmetic of a tile."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.typing import OptTensor

aten = torch.ops.aten
_FEW = 2048
"""Rows below which a convolution's gradient takes longer than the product."""

# oneDNN's inner product, which PyTorch itself takes for float32 in compiled models alone. On processors that are not
# Intel's it is twice as fast as the product of MKL behind torch.mm, and the bias costs nothing (decision 0009).
_ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None


def linear(values: Tensor, weight: Tensor, bias: OptTensor, room: Tensor) -> Tensor:
    r"""Return :math:`V W^\top + b`, in ``room`` or in memory of its own.

    Shapes:
        - **values**: :math:`(E, K)`; **weight**: :math:`(H, K)`; **bias**: :math:`(H)`;
          **room** and **output**: :math:`(E, H)`
    """
    if _onednn_takes(values):
        product: Tensor = _ONEDNN(values, weight, bias, "none", [], "")  # type: ignore[misc]
        return product
    torch.mm(values, weight.t(), out=room)
    return room if bias is None else room.add_(bias)


def add_product(base: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    r"""Return :math:`B + V W^\top`, in place of ``base`` or in memory of its own.

    Shapes:
        - **base** and **output**: :math:`(E, H)`; **values**: :math:`(E, K)`; **weight**: :math:`(H, K)`
    """
    if _onednn_takes(values):
        total: Tensor = _ONEDNN.binary(values, base, weight, None, "add")  # type: ignore[union-attr]
        return total
    return base.addmm_(values, weight.t())


def add_outer_products(total: Tensor, left: Tensor, right: Tensor) -> None:
    r"""Add :math:`L^\top R`, the sum over rows of their outer products, such as the gradient of a weight.

    MKL gains nothing from a second thread for so small a product of such long factors (decision 0009). To oneDNN it is
    the gradient of the weight of a convolution with one point over an image of E points, which it shares out among all.

    Shapes:
        - **total**: :math:`(H, K)`; **left**: :math:`(E, H)`; **right**: :math:`(E, K)`
    """
    if left.size(0) < _FEW or not _onednn_takes(left):
        total.addmm_(left.t(), right)
        return
    # An image of one row, whose channels come last in memory: nothing is copied.
    grad, image = (values[None, None].permute(0, 3, 1, 2) for values in (left, right))
    weight, once = total[:, :, None, None], [1, 1]
    gradients = aten.convolution_backward(
        grad, image, weight, None, once, [0, 0], once, False, [0, 0], 1, [False, True, False]
    )  # fmt: skip
    total += gradients[1].view_as(total)


def _onednn_takes(values: Tensor) -> bool:
    if _ONEDNN is None or values.dtype is not torch.float32 or not values.is_cpu or values.size(0) == 0:
        return False
    return bool(torch.backends.mkldnn.enabled)
