"""Multipliers of real operators that depend on the direction alone, and the octaves."""

import pytest
import torch

from pyg_liesym.field.riesz_basis import angular_multipliers, octaves


def applied(field, order, number):
    """The operator of one multiplier."""
    functions = angular_multipliers(*field.shape[-2:], 4, dtype=field.dtype)[order % 2]
    symbol = functions[number] * (1j if order % 2 else 1)
    return torch.fft.irfft2(symbol * torch.fft.rfft2(field), s=field.shape[-2:])


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 10), (9, 5)])
def test_operators_are_real(height, width):
    """Even functions have one value at k and -k, odd ones opposite values, also where both are frequencies kept."""
    for functions, sign in zip(angular_multipliers(height, width, 4, dtype=torch.float64), (1, -1), strict=True):
        for column in {0, width // 2} if width % 2 == 0 else {0}:
            values = functions[..., column]
            torch.testing.assert_close(values.flip(1).roll(1, 1), sign * values)


def test_a_wave_gets_the_cosine_of_its_direction():
    """i cos θ turns cos(k x) into -cos θ sin(k x); y runs upwards, rows down."""
    rows, columns = torch.meshgrid(*[torch.arange(16, dtype=torch.float64)] * 2, indexing="ij")
    phase = 2 * torch.pi * (3 * columns - 4 * rows) / 16  # k = (3, 4), y upwards
    wave = phase.cos()
    for number, part in ((0, 3 / 5), (1, 4 / 5)):
        torch.testing.assert_close(applied(wave, 1, number), -(2**0.5) * part * phase.sin())
    # cos 2θ = (9 - 16) / 25 and sin 2θ = 24 / 25
    torch.testing.assert_close(applied(wave, 2, 1), 2**0.5 * -7 / 25 * wave)
    torch.testing.assert_close(applied(wave, 2, 2), 2**0.5 * 24 / 25 * wave)


def test_orders_two_and_zero_hold_the_projection_to_flows_without_divergence():
    torch.manual_seed(0)
    flow = torch.randn(2, 15, 15, dtype=torch.float64)  # odd: no frequency without a direction but zero
    half, cosine, sine = (applied(flow, 2, number) for number in range(3))
    cosine, sine = cosine / 2**0.5, sine / 2**0.5
    # 1 - k kᵀ / |k|² in cosines and sines of twice the angle
    u = (half[0] - cosine[0] - sine[1]) / 2
    v = (half[1] + cosine[1] - sine[0]) / 2
    x, y = torch.fft.rfftfreq(15, dtype=torch.float64), -torch.fft.fftfreq(15, dtype=torch.float64)[:, None]
    divergence = x * torch.fft.rfft2(u) + y * torch.fft.rfft2(v)
    assert divergence.abs().max() < 1e-10
    assert torch.fft.rfft2(v).abs().max() > 1


@pytest.mark.parametrize("count", [1, 3, 6])
def test_octaves_are_a_partition(count):
    bands = octaves(32, 20, count, dtype=torch.float64)
    torch.testing.assert_close(bands.sum(0), torch.ones(32, 11, dtype=torch.float64))
    assert (bands >= 0).all()


def test_octaves_halve_the_frequency():
    bands = octaves(64, 64, 4, dtype=torch.float64)[:, 0]
    torch.testing.assert_close(bands[:, [32, 16, 8, 4]], torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(bands[0, 16:33:4], bands[1, 8:17:2])  # one octave on, the same at half the frequency
    torch.testing.assert_close(bands[3, :4], torch.ones(4, dtype=torch.float64))
