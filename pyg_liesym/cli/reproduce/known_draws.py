"""Data drawn for `known_symmetries`: where they lie, how they are spread, what y is of x."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, pad

Points: TypeAlias = Callable[[int, torch.Generator], Tensor]
Draw: TypeAlias = Callable[[int, torch.Generator], tuple[Tensor, Tensor | None]]
Exact: TypeAlias = Callable[[Tensor], Tensor]

_BLOB = 0.15


def normals(*shape: int) -> Points:
    """Normal vectors."""
    return lambda count, generator: torch.randn(count, *shape, generator=generator, dtype=torch.float64)


def uniform(n: int) -> Points:
    """Vectors in a cube from −1 to 1."""
    return lambda count, generator: 2 * torch.rand(count, n, generator=generator, dtype=torch.float64) - 1


def alone(points: Points) -> Draw:
    """Vectors without a y."""
    return lambda count, generator: (points(count, generator), None)


def law(f: Exact, points: Points, noise: float = 0.0) -> Draw:
    """Points, and what a function makes of them, with normal noise relative to it."""

    def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        x = points(count, generator)
        y = f(x)
        if noise:
            y = y + noise * y.std() * torch.randn(y.shape, generator=generator, dtype=y.dtype)
        return x, y

    return draw


def homogeneous(points: Points) -> Points:
    """Vectors with a last component of one, which matrices can translate."""
    return lambda count, generator: pad(points(count, generator), (0, 1), value=1.0)


def sphere(n: int, thickness: float = 0.0) -> Points:
    """Directions at a radius of one."""

    def draw(count: int, generator: torch.Generator) -> Tensor:
        radius = 1 + thickness * torch.randn(count, 1, generator=generator, dtype=torch.float64)
        return normalize(normals(n)(count, generator)) * radius

    return draw


def light_cone(count: int, generator: torch.Generator) -> Tensor:
    """Massless momenta."""
    momenta = normals(3)(count, generator)
    return torch.cat([momenta.norm(dim=1, keepdim=True), momenta], 1)


def hyperbola(count: int, generator: torch.Generator) -> Tensor:
    """Momenta of mass one in one dimension."""
    rapidity = normals(1)(count, generator)
    return torch.cat([rapidity.cosh(), rapidity.sinh()], 1)


def line(count: int, generator: torch.Generator) -> Tensor:
    """Points of a line in the plane, homogeneous."""
    place = normals(1)(count, generator)
    return torch.cat([place, torch.zeros_like(place), torch.ones_like(place)], 1)


def square(x: Tensor) -> Tensor:
    """The squared length of a vector."""
    return x.square().sum(-1, keepdim=True)


def form(matrix: Tensor) -> Exact:
    """A quadratic form of a vector."""
    return lambda x: ((x @ matrix) * x).sum(-1, keepdim=True)


def student(count: int, generator: torch.Generator) -> Tensor:
    """Independent components of Student's t with four degrees of freedom."""
    normal, squares = normals(2)(count, generator), normals(2, 4)(count, generator).square().mean(-1)
    return normal / squares.sqrt()


def blobs(order: int) -> Points:
    """Blobs about the corners of a regular polygon: turns by one corner are kept, and no others."""

    def draw(count: int, generator: torch.Generator) -> Tensor:
        angle = 2 * torch.pi * torch.randint(order, (count, 1), generator=generator) / order
        return torch.cat([angle.cos(), angle.sin()], 1) + _BLOB * normals(2)(count, generator)

    return draw


def blobs_density(order: int) -> Exact:
    """The density of `blobs`, but for a factor."""

    def density(x: Tensor) -> Tensor:
        angle = 2 * torch.pi * torch.arange(order, dtype=x.dtype) / order
        corners = torch.stack([angle.cos(), angle.sin()], 1)
        return (-(x[:, None] - corners).square().sum(-1) / (2 * _BLOB**2)).exp().sum(1)

    return density


def annulus(count: int, generator: torch.Generator) -> Tensor:
    """Radii from one to two."""
    radius = 1.5 + 0.5 * uniform(1)(count, generator)
    return normalize(normals(2)(count, generator)) * radius


def random_network(shape: tuple[int, ...], outputs: int) -> Draw:
    """A random network for every draw."""
    inputs = int(torch.tensor(shape).prod())

    def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        net = nn.Sequential(nn.Linear(inputs, 32), nn.Tanh(), nn.Linear(32, outputs)).double().requires_grad_(False)
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2)
        x = normals(*shape)(count, generator)
        return x, net(2 * x.flatten(1))

    return draw


def independent(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """An output that has nothing to do with the input."""
    return normals(2)(count, generator), normals(2)(count, generator)


def unrelated(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Labels that have nothing to do with x."""
    return normals(2)(count, generator), torch.randint(2, (count,), generator=generator)


def half_plane(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Labels of a half plane, at random near its edge."""
    x = normals(2)(count, generator)
    return x, (x[:, 0] + 0.3 * normals(2)(count, generator)[:, 0] > 0.3).long()


def wind(strength: float) -> Exact:
    """A radial law and a wind along the first axis, a given share of what random maps break."""

    def f(x: Tensor) -> Tensor:
        r = x.norm(dim=1, keepdim=True)
        blown: Tensor = x * r.square() + 3 * strength * r * torch.tensor([1.0, 0.0])
        return blown

    return f


def radial(x: Tensor) -> Tensor:
    """The vectors times their squares."""
    return x * square(x)


def forces(x: Tensor) -> Tensor:
    """Rates of a position and a momentum in a field that nothing but the reversal of time keeps."""
    q, p = x.unbind(1)
    return torch.stack([p, torch.stack([q[:, 0] ** 2 - q[:, 1], q[:, 0] * q[:, 1] ** 2 - q[:, 1] ** 2], 1)], 1)


def odd(x: Tensor) -> Tensor:
    """Numbers of three that change sign together, and of which nothing else is kept."""
    a, b, c = x.unbind(1)
    return torch.stack([a**3 + b, b**3 + c * a**2, c**3 / 2 + a], 1)


def form_of_sum(matrix: Tensor) -> Exact:
    """A quadratic form of the sum of vectors, such as the squared mass of two momenta."""
    return lambda v: form(matrix)(v.sum(1))


def distance(v: Tensor) -> Tensor:
    """The squared distance of two points."""
    return (v[:, 0] - v[:, 1]).square().sum(1, keepdim=True)


def events(v: Tensor) -> Tensor:
    """Of three events (x, t, 1): the time between two, and the area of their triangle."""
    return torch.stack([v[:, 1, 1] - v[:, 0, 1], torch.linalg.det(v)], 1)
