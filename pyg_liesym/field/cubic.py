"""Cubic interpolation of what is known on a lattice, with what is known of the result."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor


def interpolate(values: Tensor, known: Tensor, places: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    r"""Interpolate by cubic convolution in one or more directions.

    With the kernel of Keys (IEEE Trans. ASSP 29 (1981) 1153, :math:`a = -1/2`), which is of third order; beyond the
    border the values go on as parabolas, as there. What falls on a place of the lattice is exact.

    Args:
        values: On a lattice; finite where they are not known, too.
        known: Where they are known.
        places: Coordinates in each direction, in steps from its first place.

    Shapes:
        - **values**, **known**: :math:`(\ldots, n_1, \ldots, n_d)`; **places**: d of shape :math:`(P)`; **output**:
          :math:`(\ldots, P)` both. A result is known if all values are that it is made of, and it is not outside.

    Example:
        >>> squares, everywhere = torch.arange(4.0) ** 2, torch.ones(4, dtype=torch.bool)
        >>> values, known = interpolate(squares, everywhere, [torch.tensor([1.5, 4.0])])
        >>> values[0], known
        (tensor(2.2500), tensor([ True, False]))
    """
    count = len(places)
    inside = torch.ones_like(places[0], dtype=torch.bool)
    stencils = []
    for dim, place in zip(range(-count, 0), places, strict=True):
        place = torch.where((place - place.round()).abs() < 1e-9, place.round(), place)
        inside = inside & (place >= 0) & (place <= values.size(dim) - 1)
        stencils.append(_stencil(place, values.size(dim)))
        values, known = _extended(values, known, dim)
    sizes = values.shape[-count:]
    values, known = values.flatten(-count), known.flatten(-count)
    total = values.new_zeros(*values.shape[:-1], len(inside))
    sure = inside.expand(*known.shape[:-1], -1)
    for picks in product(range(4), repeat=count):
        index: Tensor = torch.zeros_like(places[0], dtype=torch.long)
        weight: Tensor = torch.ones_like(places[0])
        for (indices, weights), pick, size in zip(stencils, picks, sizes, strict=True):
            index, weight = index * size + indices[pick], weight * weights[pick]
        total = total + weight.to(values) * values[..., index]
        sure = sure & (known[..., index] | (weight == 0))
    return total, sure


def _stencil(place: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The four neighbours of each place on the extended lattice, and their weights, ``[4, P]`` both."""
    first = place.floor().clamp(0, size - 1)
    s = place - first
    index = (first.long() + torch.arange(4, device=place.device)[:, None]).clamp(max=size + 1)
    weights = [
        -0.5 * s**3 + s**2 - 0.5 * s,
        1.5 * s**3 - 2.5 * s**2 + 1,
        -1.5 * s**3 + 2 * s**2 + 0.5 * s,
        0.5 * s**3 - 0.5 * s**2,
    ]
    return index, torch.stack(weights)


def _extended(values: Tensor, known: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """One more value at both ends of a direction, on the parabola through the last three."""
    size = min(values.size(dim), 3)
    factors = values.new_tensor([[1.0], [2.0, -1.0], [3.0, -3.0, 1.0]][size - 1])
    ends = []
    for flipped in (False, True):
        near = (each.flip(dim) if flipped else each for each in (values, known))
        last, sure = (each.narrow(dim, 0, size) for each in near)
        ends.append(((last.movedim(dim, -1) @ factors).unsqueeze(dim), sure.all(dim, keepdim=True)))
    (head, head_known), (tail, tail_known) = ends
    return torch.cat([head, values, tail], dim), torch.cat([head_known, known, tail_known], dim)
