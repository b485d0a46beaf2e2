"""Kernels of Riesz convolutions, strict or relaxed by weights of the octave."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.field.riesz_basis import angular_multipliers, frequencies, octaves
from pyg_liesym.nn.relaxable import Relaxable


class RieszKernel(Relaxable):
    r"""A kernel of translations and scalings, given by its Fourier transform; its weights may depend on the octave.

    .. math:: \hat K_{oi}(k) = \sum_l w_{il}(|k|)\, c_{oil}\, \Phi_l(k / |k|)

    The scalings' own steerability constraint, :math:`K(\lambda x) = \lambda^{-2} K(x)`, leaves the multipliers that
    depend on the direction alone: sums of the :math:`\Phi_l` of :func:`~pyg_liesym.field.angular_multipliers`. Weights
    of :math:`|k|` relax it, as equation 10 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022) does with weights of the offset for rotations;
    they are interpolated between :func:`~pyg_liesym.field.octaves`, shared by the outputs, and all one at the start.
    ``mixing`` holds them times the size that the :math:`c` have at the start, so that an optimizer which moves all
    parameters by as much, such as Adam, moves both by as large a part.

    Times :math:`|k|^d`, with :math:`|k|` in units of half a cycle per cell, they are the derivatives of d-th order and
    what Riesz transforms make of them.

    **Law**: :math:`\hat K(\lambda k) = \lambda^d \hat K(k)` as long as the weights of all octaves are equal.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        max_order: Highest order of the Riesz transforms.
        relaxed: Whether octaves have weights of their own.
        num_octaves: How many, if relaxed, from half a cycle per cell downwards.
        degree: d.

    Raises:
        ValueError: If the order or the degree is negative, or there is less than one octave.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        max_order: int,
        *,
        relaxed: bool = False,
        num_octaves: int = 5,
        degree: int = 0,
    ) -> None:
        super().__init__()
        if max_order < 0 or (relaxed and num_octaves < 1):
            raise ValueError(
                f"max_order must be zero or more and num_octaves one or more, got {max_order} and {num_octaves}"
            )
        if degree < 0:
            raise ValueError(f"expected a degree of zero or more, got {degree}")
        self.in_channels, self.out_channels, self.max_order = in_channels, out_channels, max_order
        self.relaxed, self.degree = relaxed, degree
        count = 1 + 2 * max_order
        self.std = (in_channels * count) ** -0.5
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, count))
        self.mixing = nn.Parameter(torch.empty(in_channels, count, num_octaves)) if relaxed else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights so that outputs are about as large as inputs; all octaves have the same."""
        with torch.no_grad():
            self.weight.normal_(std=self.std)
            if self.mixing is not None:
                self.mixing.fill_(self.std)

    def multiplier(self, height: int, width: int) -> Tensor:
        r"""The Fourier transform of the kernel on a periodic lattice, complex
        :math:`(C_{out}, C_{in}, H, \lfloor W / 2 \rfloor + 1)`, over the frequencies of :func:`torch.fft.rfft2`.
        """  # noqa: D205
        return torch.complex(*self.parts(height, width)).movedim((2, 3), (0, 1))

    def parts(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        r"""Real and imaginary part of :meth:`multiplier`, with a matrix of the channels at each frequency.

        Shapes:
            - **output**: twice :math:`(H, \lfloor W / 2 \rfloor + 1, C_{out}, C_{in})`
        """
        dtype, device = torch.promote_types(self.weight.dtype, torch.float32), self.weight.device
        symbols = angular_multipliers(height, width, self.max_order, dtype=dtype, device=device)
        if self.degree:
            size = (2 * frequencies(height, width, dtype=dtype, device=device)) ** self.degree
            symbols = symbols[0] * size, symbols[1] * size
        counts = [len(own) for own in symbols]
        even, odd = self.weight.to(dtype).split(counts, 2)
        if self.mixing is None:
            return torch.einsum("oil,lhw->hwoi", even, symbols[0]), torch.einsum("oil,lhw->hwoi", odd, symbols[1])
        bands = octaves(height, width, self.mixing.size(2), dtype=dtype, device=device)
        mixed = torch.einsum("ilr,rhw->ilhw", self.mixing.to(dtype) / self.std, bands) * torch.cat(symbols)
        one, other = mixed.split(counts, 1)
        return torch.einsum("oil,ilhw->hwoi", even, one), torch.einsum("oil,ilhw->hwoi", odd, other)

    def relaxation_penalty(self) -> Tensor:
        r"""The square of :math:`\|K - \bar K\| / \|K\|` with the average over the octaves, to be added to a loss."""
        if self.mixing is None:
            return self.weight.new_zeros(())
        size = self.weight.square().sum(0)[..., None]
        deviation = self.mixing - self.mixing.mean(2, keepdim=True)
        return (size * deviation.square()).sum() / (size * self.mixing.square()).sum().clamp(min=1e-30)

    def make_strict(self) -> None:
        r"""Put :math:`\bar K` in the place of K."""
        if self.mixing is not None:
            with torch.no_grad():
                self.mixing.copy_(self.mixing.mean(2, keepdim=True).expand_as(self.mixing))
