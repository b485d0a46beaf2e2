"""The formula of an edge: from the first map to the message and the shift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from torch import Tensor

from pyg_liesym.typing import OptTensor

Map: TypeAlias = Callable[[Tensor], Tensor]
Sight: TypeAlias = Literal["message", "gated"]
"""What φx sees: the message before its gate (LieGNN), or behind it (EGNN, LorentzNet)."""


def edge_formula(
    z: Tensor, relative: Tensor, phi_e: Map, phi_m: Map | None, phi_x: Map | None, sight: Sight, clamp: float
) -> tuple[Tensor, OptTensor]:
    r"""Message and shift of every edge, behind the first map :math:`z_{ij}` of :math:`\phi_e`.

    .. math::
        m_{ij} = \phi_e(z_{ij}), \qquad \tilde m_{ij} = \phi_m(m_{ij})\, m_{ij}, \qquad
        s_{ij} = \mathrm{clamp}_{\pm c}\bigl((x_i - x_j)\, \phi_x(m_{ij} \text{ or } \tilde m_{ij})\bigr)

    The layers call it with their modules, what differentiates twice with functions of the weights; the tiles
    (:mod:`pyg_liesym.nn.message.tile_maps`) have it written out, with its gradients.

    Args:
        z: What the first map of :math:`\phi_e` gives.
        relative: Differences of vectors.
        phi_e: The rest of :math:`\phi_e`.
        phi_m: The gate; ``None`` for none.
        phi_x: The move; ``None`` for no shift.
        sight: Whether :math:`\phi_x` sees the bare message or the gated one.
        clamp: c, the bound of every component of a shift; 0 for none.

    Shapes:
        - **z**: :math:`(|E|, H)`; **relative**: :math:`(|E|, n)`
        - **output**: :math:`(|E|, H)` and :math:`(|E|, n)`, or ``None`` without :math:`\phi_x`
    """
    message = phi_e(z)
    gated = message if phi_m is None else message * phi_m(message)
    if phi_x is None:
        return gated, None
    shift = relative * phi_x(gated if sight == "gated" else message)
    return gated, shift.clamp(-clamp, clamp) if clamp else shift
