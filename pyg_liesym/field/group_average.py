"""The average of a kernel over the quarter turns of a group."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pyg_liesym.field.representation import FieldType


def group_average(kernel: Tensor, in_type: FieldType, out_type: FieldType) -> Tensor:
    r"""Average a kernel on a stencil over the quarter turns and reflections of its group (Reynolds operator).

    .. math:: \bar K(o) = \frac{1}{|G|} \sum_g \rho_{out}(g)\, K(g^{-1} o)\, \rho_{in}(g)^{-1}

    Elements of the group that do not take the stencil to itself are left out.

    Args:
        kernel: The kernel; row 0 is the uppermost.
        in_type: What the channels of the input are.
        out_type: What those of the output are.

    Shapes:
        - **kernel**: :math:`(C_{out}, C_{in}, k, k)`; **output**: the same

    Example:
        >>> from pyg_liesym.field import PointGroup, scalars
        >>> one = scalars(PointGroup.cyclic(4), 1)
        >>> group_average(torch.tensor([[[[0.0, 1, 0], [0, 5, 0], [0, 0, 0]]]]), one, one)[0, 0].tolist()
        [[0.0, 0.25, 0.0], [0.25, 5.0, 0.25], [0.0, 0.25, 0.0]]
    """
    group = in_type.group
    turns = [k for k in range(4) if group.order is None or group.order * k % 4 == 0]
    parts = []
    for reflected in (False, True)[: 1 + group.reflections]:
        moved = kernel.flip(-2) if reflected else kernel
        for k in turns:
            turned, angle = torch.rot90(moved, k, (-2, -1)), k * math.pi / 2
            turned = out_type.act(turned, angle, reflected=reflected, dim=0)
            parts.append(in_type.act(turned, angle, reflected=reflected, dim=1))
    return torch.stack(parts).mean(0)
