"""Values at scattered points, brought to a lattice."""

from __future__ import annotations

import numpy as np
import scipy  # whose parts load where they are used
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyg_liesym.field.lattice import Lattice

_FAR, _FLAT, _TOGETHER = 1.5, 1e-2, 16


def lattice_of_points(pos: Tensor, spacing: float | None = None) -> Lattice:
    r"""The square lattice that lies over scattered points and is as dense as they are.

    Args:
        pos: Places (x, y), all different.
        spacing: Distance of neighbours of the lattice; by default that of a lattice with as many places in the convex
            hull of the points; where they are a square lattice, their own.

    Shapes:
        - **pos**: :math:`(N, 2)`, :math:`N \ge 4`

    Raises:
        ValueError: If places are fewer than four, not finite, the same or nearly on a line; or if the spacing is less
            than half of that default, as values between the points would be invented.

    Example:
        >>> found = lattice_of_points(Lattice(20, 30).positions())
        >>> found.height, found.width, round(found.spacing[0], 6)
        (20, 30, 1.0)
    """
    if pos.dim() != 2 or pos.size(1) != 2 or len(pos) < 4:
        raise ValueError(f"expected places [N, 2] of four points or more, got {list(pos.shape)}")
    places = pos.detach().cpu().double().numpy()
    if not np.isfinite(places).all():
        raise ValueError(f"{int((~np.isfinite(places)).any(1).sum())} of {len(places)} places are not finite")
    order = np.lexsort(places.T)
    same = (np.diff(places[order], axis=0) == 0).all(1)
    if same.any():
        first, second = sorted(order[int(same.argmax()) :][:2].tolist())
        raise ValueError(f"expected points at different places, got the same for {first} and {second}: keep one")
    across, along = np.sqrt(np.linalg.eigvalsh(np.cov(places.T)))
    if across < _FLAT * along:
        raise ValueError("the points lie nearly on a line: a flow in a plane is needed")
    low, high = places.min(0), places.max(0)
    hull = scipy.spatial.ConvexHull(places)
    # Pick's theorem: N = A / h² + P / 2h + 1 of a lattice in a polygon of area A and perimeter P.
    half, others = hull.area / 4, len(places) - 1
    own = float((half + np.sqrt(half**2 + others * hull.volume)) / others)
    if spacing is not None and spacing < own / 2:
        raise ValueError(f"expected a spacing of {own / 2:.3g} or more, half of that of the points, got {spacing:.3g}")
    cell = own if spacing is None else spacing
    width, height = (int(size) for size in np.floor((high - low) / cell + 1e-6) + 1)
    origin = (low + high - cell * np.array([width - 1, height - 1])) / 2
    return Lattice(height, width, (cell, cell), (float(origin[0]), float(origin[1])))


def lattice_values(values: Tensor, pos: Tensor, lattice: Lattice) -> Tensor:
    r"""Interpolate values at scattered points by a surface that is smooth to the first derivative.

    It is cubic on each triangle of the points (Clough and Tocher), in double precision. It is NaN outside their convex
    hull and where the nearest point is further than one and a half spacings.

    **Law**: exact for values linear in x and y, but for the slopes, which SciPy finds to 1e-6.

    Args:
        values: Those of each frame.
        pos: Places (x, y).
        lattice: Where values are wanted; see :func:`lattice_of_points`.

    Shapes:
        - **values**: :math:`(T, N, C)`; **pos**: :math:`(N, 2)`; **output**: :math:`(T, C, H, W)`

    Raises:
        ValueError: If there is not a value for each point, or some are not finite.

    Example:
        >>> pos = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0], [1.0, 0.8]])
        >>> lattice_values(pos[None], pos, Lattice(1, 2, origin=(0.5, 0.5)))[0, :, 0].round(decimals=4).tolist()
        [[0.5, 1.5], [0.5, 0.5]]
    """
    if values.dim() != 3 or values.shape[1] != len(pos):
        raise ValueError(f"expected values [T, {len(pos)}, C] of {len(pos)} points, got {list(values.shape)}")
    if not bool(values.isfinite().all()):
        bad = int((~values.isfinite()).any(-1).any(0).sum())
        raise ValueError(f"{bad} of {len(pos)} points have values that are not finite: leave these points out")
    # In spacings of the lattice: SciPy compares with numbers of the order of one.
    points, nodes = (_in_cells(places, lattice) for places in (pos, lattice.positions(torch.float64)))
    near = np.nonzero(scipy.spatial.cKDTree(points).query(nodes)[0] <= _FAR)[0]
    triangles = scipy.spatial.Delaunay(points)
    frames = []
    for some in values.detach().cpu().double().split(_TOGETHER):
        found = np.full((len(some), some.size(2), len(nodes)), np.nan)
        surface = scipy.interpolate.CloughTocher2DInterpolator(triangles, some.transpose(0, 1).numpy())
        found[..., near] = np.moveaxis(surface(nodes[near]), 0, -1)
        frames.append(torch.from_numpy(found))
    field: Tensor = torch.cat(frames).unflatten(-1, (lattice.height, lattice.width))
    return field


def _in_cells(places: Tensor, lattice: Lattice) -> NDArray[np.float64]:
    inside: NDArray[np.float64] = (places.detach().cpu().double().numpy() - lattice.origin) / lattice.spacing
    return inside
