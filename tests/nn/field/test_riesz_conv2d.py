"""Riesz convolution: exactly equivariant to halving a picture that the lattice still resolves, unless relaxed."""

import pytest
import torch
from torch import nn

from pyg_liesym.nn.field.riesz_conv2d import RieszConv2d
from pyg_liesym.testing.equivariance import randomize_parameters


def smooth(channels, size, highest, seed=0):
    """A periodic field without frequencies above ``highest`` waves."""
    generator = torch.Generator().manual_seed(seed)
    spectrum = torch.fft.rfft2(torch.randn(2, channels, size, size, generator=generator, dtype=torch.float64))
    rows = torch.fft.fftfreq(size).abs() * size
    spectrum[..., rows > highest, :] = 0
    spectrum[..., highest + 1 :] = 0
    return torch.fft.irfft2(spectrum, s=(size, size))


def shrunk(field, factor):
    """f(factor x) of a periodic field."""
    return field[..., ::factor, ::factor].repeat(1, 1, factor, factor)


@torch.no_grad()
def shrinking_error(net, field, factor):
    expected = shrunk(net(field), factor)
    return float((net(shrunk(field, factor)) - expected).norm() / expected.norm())


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("order", [0, 1, 4])
def test_strict_is_equivariant_to_rounding_and_relaxed_is_not(factor, order):
    field = smooth(3, 36, 5)
    strict = randomize_parameters(RieszConv2d(3, 2, max_order=order, padding="circular").double())
    assert shrinking_error(strict, field, factor) < 1e-10
    relaxed = randomize_parameters(RieszConv2d(3, 2, max_order=order, padding="circular", relaxed=True).double())
    assert shrinking_error(relaxed, field, factor) > 0.05
    relaxed.make_strict()
    assert shrinking_error(relaxed, field, factor) < 1e-10


@torch.no_grad()
@pytest.mark.parametrize("degree", [0, 1, 2])
def test_derivatives_bring_a_factor_each(degree):
    layer = randomize_parameters(RieszConv2d(3, 2, degree=degree, padding="circular", bias=False).double())
    field = smooth(3, 36, 5)
    torch.testing.assert_close(layer(shrunk(field, 3)), 3**degree * shrunk(layer(field), 3), rtol=0, atol=1e-10)
    wave = torch.cos(2 * torch.pi * 3 * torch.arange(36.0).double() / 36).expand(1, 1, 36, 36)
    plain = RieszConv2d(1, 1, max_order=0, degree=degree, padding="circular", bias=False).double()
    plain.kernel.weight.fill_(1.0)
    torch.testing.assert_close(plain(wave), (2 * 3 / 36) ** degree * wave, rtol=0, atol=1e-12)


def test_a_network_is_equivariant_as_far_as_activations_make_no_frequencies_that_the_lattice_lacks():
    def net(**options):
        torch.manual_seed(1)
        first, last = (RieszConv2d(*channels, padding="circular", **options).double() for channels in ((2, 4), (4, 2)))
        for layer in (first, last):
            randomize_parameters(layer, 0.3, torch.Generator().manual_seed(2))
        return nn.Sequential(first, nn.Tanh(), last)

    field = smooth(2, 96, 2)
    assert shrinking_error(net(), field, 2) < 1e-6
    assert shrinking_error(net(relaxed=True, num_octaves=6), field, 2) > 0.02


def test_without_a_period_kernels_reach_as_far_as_the_lattice_and_no_further():
    layer = randomize_parameters(RieszConv2d(1, 2, bias=False, relaxed=True).double())
    field = torch.zeros(1, 1, 6, 5, dtype=torch.float64)
    field[..., 1, 2] = 1
    response = layer(field)
    kernel = torch.fft.irfft2(layer.kernel.multiplier(12, 10), s=(12, 10))[:, 0]
    rows, columns = torch.meshgrid(torch.arange(6) - 1, torch.arange(5) - 2, indexing="ij")
    torch.testing.assert_close(response[0], kernel[:, rows % 12, columns % 10])
    moved = layer(field.roll((2, -1), (-2, -1)))
    torch.testing.assert_close(moved[..., 2:, :-1], response[..., :-2, 1:])


@pytest.mark.parametrize("relaxed", [False, True])
def test_periodic_lattices_have_translations(relaxed):
    layer = randomize_parameters(RieszConv2d(2, 2, relaxed=relaxed, padding="circular").double())
    field = torch.randn(1, 2, 6, 9, dtype=torch.float64)
    torch.testing.assert_close(layer(field.roll((2, 4), (-2, -1))), layer(field).roll((2, 4), (-2, -1)))


def test_relaxation_is_zero_at_first_then_not_and_again_after_make_strict():
    layer = RieszConv2d(3, 2, relaxed=True)
    strict = RieszConv2d(3, 2)
    strict.kernel.weight.data.copy_(layer.kernel.weight.data)
    field = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(layer(field), strict(field))
    assert (layer.relaxed, float(layer.relaxation())) == (True, 0.0)
    assert (strict.relaxed, float(strict.relaxation())) == (False, 0.0)
    randomize_parameters(layer)
    kernel = layer.kernel
    whole = kernel.weight[..., None] * kernel.mixing
    distance = (whole - whole.mean(-1, keepdim=True)).norm() / whole.norm()
    torch.testing.assert_close(layer.relaxation(), distance.detach())
    layer.relaxation_penalty().backward()
    assert kernel.mixing.grad.isfinite().all()
    assert kernel.mixing.grad.norm() > 0
    layer.make_strict()
    assert layer.relaxation() < 1e-6


def test_a_step_of_adam_moves_weights_of_octaves_and_filters_by_as_large_a_part():
    torch.manual_seed(0)
    kernel = RieszConv2d(8, 8, relaxed=True).kernel
    before = {name: parameter.detach().clone() for name, parameter in kernel.named_parameters()}
    torch.view_as_real(kernel.multiplier(64, 64)).square().sum().backward()
    torch.optim.Adam(kernel.parameters(), lr=1e-3).step()
    weight, mixing = (
        float((parameter.detach() - before[name]).norm() / before[name].norm())
        for name, parameter in kernel.named_parameters()
    )
    assert mixing == pytest.approx(weight, rel=0.1)


def test_gradients_and_sizes_of_outputs():
    layer = RieszConv2d(1, 2, max_order=1, num_octaves=2, relaxed=True).double()
    field = torch.randn(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, field)
    torch.manual_seed(0)
    large = RieszConv2d(16, 64, padding="circular")(torch.randn(4, 16, 31, 31))
    assert 0.8 < large.std() < 1.2


def test_repr_and_what_is_refused():
    assert "max_order=3" in repr(RieszConv2d(1, 1))
    with pytest.raises(ValueError, match=r"\[B, 2, H, W\]"):
        RieszConv2d(2, 1)(torch.ones(1, 1, 4, 4))
    with pytest.raises(ValueError, match="padding"):
        RieszConv2d(1, 1, padding="same")
    with pytest.raises(ValueError, match="num_octaves"):
        RieszConv2d(1, 1, num_octaves=0, relaxed=True)
    with pytest.raises(ValueError, match="max_order"):
        RieszConv2d(1, 1, max_order=-1)
    with pytest.raises(ValueError, match="a degree of zero or more"):
        RieszConv2d(1, 1, degree=-1)


@pytest.mark.parametrize("relaxed", [False, True])
def test_half_precision_is_transformed_in_single(relaxed):
    layer = randomize_parameters(RieszConv2d(3, 2, relaxed=relaxed), generator=torch.Generator().manual_seed(0))
    field = torch.randn(2, 3, 6, 9, generator=torch.Generator().manual_seed(1))
    exact = layer(field)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(layer(field), exact, rtol=0, atol=0)
        halved = layer(field.bfloat16())
    assert halved.dtype == torch.bfloat16
    torch.testing.assert_close(halved.float(), exact, rtol=0.02, atol=0.02)
    halved.float().square().sum().backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.abs().sum() > 0 for p in layer.parameters())
    weights = layer.bfloat16()(field.bfloat16())
    torch.testing.assert_close(weights.float(), exact, rtol=0.05, atol=0.05)
