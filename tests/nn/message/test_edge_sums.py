"""Sums over edges, differentiated twice and in half precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import regulars, scalars, vectors
from pyg_liesym.nn.conv.group_conv import GroupConv
from pyg_liesym.nn.conv.steerable_conv import SteerableConv
from pyg_liesym.nn.field.field_norm import FieldNorm
from pyg_liesym.nn.message.edge_sums import edge_sums
from pyg_liesym.testing.equivariance import randomize_parameters

SO2, C4 = PointGroup.so2(), PointGroup.cyclic(4)
RINGS = RingBasis.up_to(2.0, count=3, max_frequency=2)


def small() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((7, 2), (4, 3), (2, 2, 3))
    dense = (torch.randn(*shape, dtype=torch.float64, generator=generator, requires_grad=True) for shape in shapes)
    return *dense, torch.tensor([0, 1, 3, 2, 2, 0, 1]), torch.tensor([0, 3, 3, 6, 7])


def test_gradients_of_gradients() -> None:
    *dense, source, ptr = small()
    assert torch.autograd.gradgradcheck(lambda q, x, m: edge_sums(q, x, m, source, ptr), dense)


def test_the_listed_gradients_are_those_of_the_tiles() -> None:
    *dense, source, ptr = small()
    out = edge_sums(*dense, source, ptr).sin().sum()
    tiles = torch.autograd.grad(out, dense, retain_graph=True)
    listed = torch.autograd.grad(out, dense, create_graph=True)
    for ours, other in zip(tiles, listed, strict=True):
        torch.testing.assert_close(ours, other, rtol=1e-12, atol=1e-12)


def layers() -> list[nn.Module]:
    torch.manual_seed(0)
    kinds = scalars(SO2, 3), vectors(SO2, 2)
    return [
        SteerableConv(kinds[0], kinds[1], RINGS, max_frequency=2),
        SteerableConv(kinds[0], kinds[1], RINGS, max_frequency=2, relaxed=True),
        GroupConv(scalars(C4, 3), regulars(C4, 2), RINGS, relaxed=True),
    ]


def inputs(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    edge_index = torch.randint(9, (2, 30), generator=generator)
    return (
        torch.randn(9, 3, dtype=dtype, generator=generator),
        torch.randn(9, 2, dtype=dtype, generator=generator),
        edge_index[:, edge_index[0] != edge_index[1]],
    )


@pytest.mark.parametrize("index", range(3))
def test_training_on_forces(index: int) -> None:
    """The loss is made of the gradient of an energy with respect to the positions."""
    layer = layers()[index].double()
    randomize_parameters(layer, generator=torch.Generator().manual_seed(2))
    x, pos, edge_index = inputs(torch.float64)
    pos.requires_grad_()

    def force_loss(*parameters: Tensor) -> Tensor:
        energy = layer(x, pos, edge_index).square().sum()
        (force,) = torch.autograd.grad(energy, pos, create_graph=True)
        return force.square().sum()

    force_loss().backward()
    weights = [parameter for parameter in layer.parameters() if parameter.grad is not None]
    assert weights
    with torch.no_grad():
        moved = max((w for w in weights if w.numel()), key=lambda weight: float(weight.grad.abs().max()))
        place = moved.grad.abs().argmax()
        slope, step, values = moved.grad.flatten()[place], 1e-6, []
        for sign in (1, -1):
            moved.view(-1)[place] += sign * step
            with torch.enable_grad():
                values.append(float(force_loss().detach()))
            moved.view(-1)[place] -= sign * step
    assert float(slope) == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("index", range(3))
def test_autocast(index: int) -> None:
    layer = layers()[index]
    x, pos, edge_index = inputs()
    exact = layer(x, pos, edge_index)
    with torch.autocast("cpu", torch.bfloat16):
        for features in (x, x.bfloat16()):
            out = layer(features, pos, edge_index)
            out.float().square().sum().backward()
            torch.testing.assert_close(out.float(), exact, rtol=0.05, atol=0.05 * float(exact.detach().abs().max()))
    assert all(parameter.grad is None or bool(parameter.grad.isfinite().all()) for parameter in layer.parameters())


def test_autocast_of_a_norm_in_training() -> None:
    kind = vectors(SO2, 2)
    norm, plain = FieldNorm(kind), FieldNorm(kind)
    field = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        out = norm(field.bfloat16())
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), plain(field), rtol=0.02, atol=0.02)
    torch.testing.assert_close(norm.power, plain.power, rtol=0.01, atol=0.01)
