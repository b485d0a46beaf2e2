"""A network for the rate of change of a flow, without a row of scales."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from pyg_liesym.nn.field.lattice_conv import Padding
from pyg_liesym.nn.field.riesz_conv2d import RieszConv2d
from pyg_liesym.nn.field.soft_relu import SoftReLU


class RieszRateNet(nn.Module):
    r"""The rate of change of a flow in the form that scalings of the Navier–Stokes equations ask for.

    .. math:: \dot w = \sum_m a_m \odot |\nabla| b_m + \nabla^2 c + \dot p

    where a and b come from Riesz transforms of the last frame with activations between them, c is one of the frame
    itself, and :math:`\dot p` one of the changes from frame to frame before. With :math:`a = w`, a derivative of w, and
    what takes out the divergence these are the terms of the equations themselves, pressure included. The activation is
    :class:`~pyg_liesym.nn.field.SoftReLU`, since a lattice could not resolve the edge of a ReLU.

    **Law**: of :math:`T_\lambda w(x, t) = \lambda\, w(\lambda x, \lambda^2 t)` the rate is
    :math:`\lambda^3 \dot w(\lambda x)`, for every :math:`\lambda > 0`: Riesz transforms keep scalings of space,
    activations keep factors, each derivative brings one λ, and so does each factor of a product. On a lattice as nearly
    as what is fed to each layer is resolved and as the lattice is wide. Equivariant to translations of a periodic
    lattice.

    Args:
        history: Frames T that are given.
        hidden_channels: Channels of the layers.
        num_layers: Number of layers before the products.
        layers: What a and b are made of instead, from the last frame to ``hidden_channels``, such as a
            :class:`FieldResNet` of :class:`~pyg_liesym.nn.field.RieszConv2d` without bias; the law is then as good as
            theirs.
        num_products: Products M for each component.
        max_order: Highest order of the Riesz transforms.
        relaxed: Whether octaves have weights of their own in every layer.
        num_octaves: How many.
        padding: What is outside the lattice, ``"zeros"`` or ``"circular"``.

    Shapes:
        - **field**: :math:`(B, 2 T, H, W)`, both components of each frame, the last frame last
        - **output**: :math:`(B, 2, H, W)`, per frame

    Raises:
        ValueError: On fewer than one frame, layer or product.

    Example:
        >>> RieszRateNet(2, 8)(torch.ones(1, 4, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        history: int,
        hidden_channels: int,
        num_layers: int = 2,
        *,
        layers: nn.Module | None = None,
        num_products: int = 4,
        max_order: int = 3,
        relaxed: bool = False,
        num_octaves: int = 5,
        padding: Padding = "zeros",
    ) -> None:
        super().__init__()
        if min(history, num_layers, num_products) < 1:
            raise ValueError(
                f"expected one frame, layer and product or more, got history={history}, num_layers={num_layers} and "
                f"num_products={num_products}"
            )
        self.history, self.num_products = history, num_products
        options: dict[str, Any] = {
            "max_order": max_order, "relaxed": relaxed, "num_octaves": num_octaves, "padding": padding, "bias": False,
        }  # fmt: skip
        if layers is None:
            pairs = itertools.pairwise([2, *[hidden_channels] * num_layers])
            layers = nn.Sequential(
                *(part for before, after in pairs for part in (RieszConv2d(before, after, **options), SoftReLU()))
            )
        self.layers = layers
        seen = hidden_channels + 2
        self.carrying = RieszConv2d(seen, 2 * num_products, **options)
        self.carried = RieszConv2d(seen, 2 * num_products, degree=1, **options)
        self.spreading = RieszConv2d(2, 2, degree=2, **options)
        self.before = RieszConv2d(2 * (history - 1), 2, **options) if history > 1 else None

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)

    def forward(self, field: Tensor) -> Tensor:
        """Give the rate of change."""
        if field.dim() != 4 or field.size(1) != 2 * self.history:
            raise ValueError(f"expected a field [B, {2 * self.history}, H, W], got {list(field.shape)}")
        last = field[:, -2:]
        seen = torch.cat([last, self.layers(last)], dim=1)
        products = (self.carrying(seen) * self.carried(seen)).unflatten(1, (2, self.num_products))
        rate: Tensor = products.sum(2) + self.spreading(last)
        if self.before is not None:
            rate = rate + self.before(field[:, 2:] - field[:, :-2])
        return rate

    def extra_repr(self) -> str:
        """Numbers of frames and products."""
        return f"history={self.history}, num_products={self.num_products}"
