"""What networks with learned reference vectors have in common."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.message.metric import Metric, as_metric
from pyg_liesym.nn.relaxable import Relaxable


class SpurionNet(Relaxable):
    r"""A strict network that is shown K reference vectors :math:`s_k`, learned from zero on.

    **Law**: what a network shows its strict one of the spurions must turn along when they turn, so that it is
    equivariant to ``pos``, vectors and spurions moved together, and to ``pos`` and vectors alone under every g that
    leaves the spurions in their place.

    Args:
        net: The strict network.
        num_spurions: K.
        dim: Number of components :math:`n`.
    """

    def __init__(self, net: nn.Module, num_spurions: int, dim: int) -> None:
        super().__init__()
        self.net = net
        self.spurions = nn.Parameter(torch.zeros(num_spurions, dim))

    def reset_parameters(self) -> None:
        """Draw new parameters; the spurions are zero."""
        self.net.reset_parameters()  # type: ignore[operator]
        nn.init.zeros_(self.spurions)

    @torch.no_grad()
    def breaking(self, algebra: LieAlgebra) -> Tensor:
        r"""How far each element of a basis moves the spurions, :math:`(\sum_k \|L_i s_k\|^2)^{1/2}`.

        Zero for the elements that are still symmetries of the network.

        Shapes:
            - **output**: :math:`(K)`
        """
        moved = torch.einsum("iab,kb->ika", algebra.basis.to(self.spurions), self.spurions)
        lengths: Tensor = moved.flatten(1).norm(dim=1)
        return lengths

    def relaxation_penalty(self) -> Tensor:
        """The squared length of all spurions together, to be added to a loss."""
        return self.spurions.square().sum()

    def make_strict(self) -> None:
        """Set the spurions to zero."""
        with torch.no_grad():
            self.spurions.zero_()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.net}, num_spurions={self.spurions.size(0)})"


def forms_for_spurions(metric: Metric, num_spurions: int) -> Tensor:
    """The forms ``[F, n, n]`` of a network with spurions.

    Raises:
        ValueError: On a number of spurions below 1, and on a metric that is to be learned.
    """
    if num_spurions < 1:
        raise ValueError(f"expected at least one spurion, got num_spurions={num_spurions}")
    if isinstance(metric, str):
        raise ValueError("a learned metric and spurions could stand for each other: give J as a tensor")
    forms: Tensor = as_metric(metric)()
    return forms
