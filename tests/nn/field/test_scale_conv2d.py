"""Scale convolution: a larger picture of the same is the same one scale on, unless the layer is relaxed."""

import pytest
import torch
from torch import nn

from pyg_liesym.field.lattice import Lattice
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.testing.equivariance import randomize_parameters

SCALES = (1.0, 1.5, 2.25)


def picture(scale, size=61):
    """A smooth function drawn at a scale, which a lattice resolves."""
    lattice = Lattice(size, size, origin=(-(size - 1) / 2, -(size - 1) / 2))
    x, y = (lattice.positions(torch.float64) / scale / 3).unbind(-1)
    value = torch.exp(-(x**2) - (y - 0.4) ** 2) * (1 + x + 0.5 * x * y)
    return lattice.to_field(value[:, None])


@torch.no_grad()
def shifted_error(net):
    """How far the output for a picture 1.5 times as large is from the output one scale on, in the middle."""
    small, large = net(picture(1.0)), net(picture(1.5))
    places = torch.linspace(-8, 8, 17, dtype=torch.float64) / 30
    grid = torch.stack(torch.meshgrid(places, places, indexing="xy"), -1)[None]
    sample = lambda f, g: torch.nn.functional.grid_sample(f, g, mode="bicubic", align_corners=True)  # noqa: E731
    before, after = sample(small[:, :, 0], grid / 1.5), sample(large[:, :, 1], grid)
    return float((after - before).norm() / before.norm())


def build(seed=0, **options):
    net = nn.Sequential(
        ScaleConv2d(1, 4, 15, SCALES, lifting=True, max_order=2, bias=False, **options),
        nn.Tanh(),
        ScaleConv2d(4, 2, 15, SCALES, interaction=1, max_order=2, bias=False, **options),
    ).double()
    randomize_parameters(net, 1.0, torch.Generator().manual_seed(seed))
    return net


def seeded():
    return torch.Generator().manual_seed(0)


def test_a_larger_picture_is_one_scale_on():
    lift = randomize_parameters(
        ScaleConv2d(1, 4, 15, SCALES, lifting=True, max_order=2, bias=False).double(), 1.0, seeded()
    )
    assert shifted_error(lift) < 0.02
    relaxed = randomize_parameters(
        ScaleConv2d(1, 4, 15, SCALES, lifting=True, max_order=2, bias=False, relaxed=True).double(), 1.0, seeded()
    )
    assert shifted_error(relaxed) > 0.1
    relaxed.make_strict()
    assert shifted_error(relaxed) < 0.02


def test_two_layers_are_equivariant_but_for_the_ends_of_the_row():
    strict = build()
    strict[2].kernel.weight.data[:, :, :, 0] = 0  # look up only: the first scales have what they need
    assert shifted_error(strict) < 0.05
    relaxed = build(relaxed=True)
    relaxed[2].kernel.weight.data[:, :, :, 0] = 0
    assert shifted_error(relaxed) > 0.1


def test_is_the_sum_over_scales_written_out():
    layer = randomize_parameters(ScaleConv2d(2, 3, 5, SCALES, num_banks=2, relaxed=True).double())
    field = torch.randn(1, 2, 3, 6, 7, dtype=torch.float64)
    kernel = layer.kernel
    for out_scale in range(3):
        total = layer.bias[:, None, None]
        for in_scale in range(3):
            step = in_scale - out_scale
            if abs(step) > 1:
                continue
            for bank in range(2):
                filters = torch.einsum("oin,np->oip", kernel.weight[bank, :, :, step + 1], kernel.functions[out_scale])
                weight = kernel.mixing[bank, in_scale] * filters.unflatten(-1, (5, 5))
                total = total + torch.nn.functional.conv2d(field[:, :, in_scale], weight, padding=2)
        torch.testing.assert_close(layer(field)[:, :, out_scale], total)


@pytest.mark.parametrize("lifting", [True, False])
def test_relaxation_is_zero_at_first_then_not_and_again_after_make_strict(lifting):
    layer = ScaleConv2d(2, 2, 5, SCALES, lifting=lifting, relaxed=True)
    assert layer.relaxation() < 1e-6
    randomize_parameters(layer)
    assert layer.relaxation() > 0.1
    layer.relaxation_penalty().backward()
    assert layer.kernel.mixing.grad.isfinite().all()
    layer.make_strict()
    assert layer.relaxation() < 1e-6
    assert ScaleConv2d(1, 1, 3, SCALES).relaxation() == 0


def test_periodic_lattices_have_translations():
    layer = randomize_parameters(ScaleConv2d(1, 2, 5, SCALES, lifting=True, padding="circular", relaxed=True).double())
    field = torch.randn(1, 1, 6, 8, dtype=torch.float64)
    torch.testing.assert_close(layer(field.roll((2, 3), (-2, -1))), layer(field).roll((2, 3), (-2, -1)))


@torch.no_grad()
@pytest.mark.parametrize("lifting", [True, False])
def test_filters_of_zero_mean_are_blind_to_a_constant_and_to_nothing_else(lifting):
    shape = (1, 2, 8, 8) if lifting else (1, 2, 3, 8, 8)
    field = torch.randn(shape, generator=seeded(), dtype=torch.float64)
    for zero_mean in (True, False):
        options = {"lifting": lifting, "padding": "circular", "bias": False, "zero_mean": zero_mean}
        conv = randomize_parameters(ScaleConv2d(2, 3, 7, SCALES, **options).double(), 1.0, seeded())
        same = bool((conv(field + 5.0) - conv(field)).abs().max() < 1e-12)
        assert same == zero_mean
        assert conv(field).abs().max() > 0.1
    with pytest.raises(ValueError, match="need a `max_order` of one or more"):
        ScaleConv2d(2, 3, 7, SCALES, max_order=0, zero_mean=True)


def test_repr_and_what_is_refused():
    assert "scales=(1.0, 1.5, 2.25)" in repr(ScaleConv2d(1, 1, 3, SCALES))
    for scales in ((), (1.0, 1.5, 2.0), (2.0, 1.0), (0.0, 1.0)):
        with pytest.raises(ValueError, match="geometric series"):
            ScaleConv2d(1, 1, 3, scales)
    with pytest.raises(ValueError, match=r"\[B, 1, 3, H, W\]"):
        ScaleConv2d(1, 1, 3, SCALES)(torch.ones(1, 1, 4, 4))
    with pytest.raises(ValueError, match="padding"):
        ScaleConv2d(1, 1, 3, SCALES, padding="same")
