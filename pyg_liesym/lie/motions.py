"""Lorentz transformations in closed form: boosts along, and turns about, given or random axes."""

from __future__ import annotations

import torch
from torch import Tensor


def boosts(rapidity: Tensor, axis: Tensor) -> Tensor:
    r"""Boosts :math:`\exp(\eta\, a \cdot K)` of rapidity η along unit axes a, on ``(E, px, py, pz)``.

    .. math:: \Lambda = \begin{pmatrix} \cosh\eta & \sinh\eta\, a^\top \\
        \sinh\eta\, a & 1 + (\cosh\eta - 1)\, a a^\top \end{pmatrix}

    Shapes:
        - **rapidity**: :math:`(B)`; **axis**: :math:`(B, 3)`; **output**: :math:`(B, 4, 4)`

    Example:
        >>> boosts(torch.tensor([1.0]), torch.tensor([[0.0, 0.0, 1.0]]))[0, :, 0]
        tensor([1.5431, 0.0000, 0.0000, 1.1752])
    """
    cosh, sinh = rapidity.cosh()[:, None], rapidity.sinh()[:, None]
    out = rapidity.new_zeros(rapidity.numel(), 4, 4)
    out[:, 0, 0] = cosh[:, 0]
    out[:, 0, 1:] = out[:, 1:, 0] = sinh * axis
    # cosh η − 1 without cancellation
    excess = 2 * (rapidity / 2).sinh().square()
    out[:, 1:, 1:] = torch.eye(3).to(out) + excess[:, None, None] * axis[:, :, None] * axis[:, None, :]
    return out


def turns(angle: Tensor, axis: Tensor) -> Tensor:
    r"""Turns :math:`\exp(\theta\, a \cdot J)` by an angle about unit axes (right-hand rule), on ``(E, px, py, pz)``.

    .. math:: R = 1 + \sin\theta\, [a]_\times + (1 - \cos\theta)\, [a]_\times^2

    Shapes:
        - **angle**: :math:`(B)`; **axis**: :math:`(B, 3)`; **output**: :math:`(B, 4, 4)`

    Units:
        Radians.

    Example:
        >>> turns(torch.tensor([torch.pi / 2]), torch.tensor([[0.0, 0.0, 1.0]])).round()[0, :, 1]
        tensor([0., 0., 1., 0.])
    """
    cross = angle.new_zeros(angle.numel(), 3, 3)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cross[:, j, i], cross[:, i, j] = axis[:, k], -axis[:, k]
    out = torch.eye(4).to(angle).repeat(angle.numel(), 1, 1)
    out[:, 1:, 1:] += angle.sin()[:, None, None] * cross
    out[:, 1:, 1:] += 2 * (angle / 2).sin().square()[:, None, None] * (cross @ cross)
    return out


def random_axes(num: int, generator: torch.Generator | None = None, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """Unit vectors of all directions alike.

    Args:
        num: How many.
        generator: Source of randomness on the CPU; without one, torch's default.
        dtype: Floating type of the result.

    Shapes:
        - **output**: ``[num, 3]``

    Example:
        >>> random_axes(5).norm(dim=1).allclose(torch.ones(5).double())
        True
    """
    axes = torch.randn(num, 3, generator=generator, dtype=dtype)
    length: Tensor = axes.norm(dim=1, keepdim=True).clamp(min=torch.finfo(dtype).tiny)
    return axes / length


def random_boosts(num: int, rapidity: float, generator: torch.Generator | None = None) -> Tensor:
    """Boosts of one rapidity along random axes, ``[num, 4, 4]`` in float64."""
    return boosts(torch.full((num,), rapidity, dtype=torch.float64), random_axes(num, generator))


def random_turns(num: int, angle: float, generator: torch.Generator | None = None) -> Tensor:
    """Turns by one angle about random axes, ``[num, 4, 4]`` in float64."""
    return turns(torch.full((num,), angle, dtype=torch.float64), random_axes(num, generator))


def boosts_along_z(num: int, rapidity: float, generator: torch.Generator | None = None) -> Tensor:
    """Boosts of one rapidity along the beams, either way at random, ``[num, 4, 4]`` in float64."""
    return boosts(torch.full((num,), rapidity, dtype=torch.float64), _either_way(num, generator))


def turns_about_z(num: int, angle: float, generator: torch.Generator | None = None) -> Tensor:
    """Turns by one angle about the beams, either way at random, ``[num, 4, 4]`` in float64."""
    return turns(torch.full((num,), angle, dtype=torch.float64), _either_way(num, generator))


def _either_way(num: int, generator: torch.Generator | None) -> Tensor:
    sign = 1.0 - 2.0 * torch.randint(2, (num, 1), generator=generator)
    return sign.double() * torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
