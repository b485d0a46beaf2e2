"""Kernels of scale convolutions, strict or relaxed by filter banks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pyg_liesym.field.scale_basis import hermite_gaussians
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.kernels.constants import WithConstants
from pyg_liesym.nn.relaxable import Relaxable


class ScaleKernel(Relaxable, WithConstants):
    r"""Kernel of the relaxed scale convolution, a mixture of filter banks that depends on the scale.

    .. math:: [f \,\tilde\star\, \Psi](x, s) = \sum_{y, s'} f(y, s') \sum_l w_l(s')\, \Psi_l(s^{-1} (y - x), s' / s)

    Equation 8 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022) for scalings and translations. Filters are
    sums of Hermite polynomials times Gaussians, drawn at each scale; those of images without scales (lifting) have
    weights that go with s instead. All weights of a bank start equal, so that the convolution starts strict.

    **Law**: as long as the weights of each bank are equal, a field scaled by the ratio of two scales gives the output
    one scale on. Approximately: a lattice has no scalings, the row of scales ends, and the stencil cuts filters off.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd size of the stencil.
        scales: The scales, a geometric series, in units of the lattice's spacing.
        lifting: Whether the input has no scales.
        interaction: How many scales further up or down :math:`s' / s` a filter reaches.
        max_order: Order N of the Hermite polynomials.
        relaxed: Whether filter banks are mixed by weights; the strict kernel is one bank without.
        num_banks: Number L of filter banks, if relaxed.
        zero_mean: Whether filters do not see a constant, as derivatives do not: from each function its mean is taken
            away, as a Gaussian.

    Raises:
        ValueError: If the scales are no rising geometric series, or there is no bank.
    """

    functions: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        scales: Sequence[float],
        *,
        lifting: bool,
        interaction: int = 1,
        max_order: int = 3,
        relaxed: bool = False,
        num_banks: int = 3,
        zero_mean: bool = False,
    ) -> None:
        super().__init__()
        ratios = (
            [after / before for before, after in itertools.pairwise(scales)] if min(scales, default=0) > 0 else None
        )
        if ratios is None or any(abs(r - ratios[0]) > 1e-6 * r or r <= 1 for r in ratios):
            raise ValueError(f"scales must be a rising geometric series, such as (1, 1.5, 2.25), got {tuple(scales)}")
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        if relaxed and num_banks < 1:
            raise ValueError(f"expected at least one filter bank, got num_banks={num_banks}")
        self.scales, self.lifting = tuple(scales), lifting
        self.relaxed, num_banks = relaxed, num_banks if relaxed else 1
        self.interaction = 0 if lifting else min(interaction, len(scales) - 1)
        places = stencil(kernel_size)
        functions = torch.stack([hermite_gaussians(places, scale, max_order) for scale in scales])
        if zero_mean:
            if max_order < 1:
                raise ValueError("filters of zero mean need a `max_order` of one or more")
            gaussian, others = functions[:, :1], functions[:, 1:]
            functions = others - gaussian * (others.sum(-1, keepdim=True) / gaussian.sum(-1, keepdim=True))
        self._constant("functions", functions)
        reach = 2 * self.interaction + 1
        self.weight = nn.Parameter(torch.empty(num_banks, out_channels, in_channels, reach, functions.size(1)))
        self.mixing = nn.Parameter(torch.empty(num_banks, len(scales))) if relaxed else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the filters so that outputs are about as large as inputs; each bank has equal weights."""
        size = self.functions[0].square().sum() * self.in_channels * self.weight.size(3)
        with torch.no_grad():
            self.weight.normal_(std=float(size) ** -0.5)
            if self.mixing is not None:
                self.mixing.fill_(self.mixing.size(0) ** -0.5)

    def stencil_kernel(self, mixing: Tensor | None = None) -> Tensor:
        """The kernel, ``[C_out, S, C_in, S or 1, k, k]``; with other weights of the banks where these are given."""
        mixing = self.mixing if mixing is None else mixing
        num_scales = len(self.scales)
        # [L, o, i, reach, s, k²]: each filter at each scale of the output.
        drawn = torch.einsum("loirn,snp->loirsp", self.weight, self.functions)
        if self.lifting:
            mixed = drawn[0, :, :, 0] if mixing is None else torch.einsum("ls,loisp->oisp", mixing, drawn[:, :, :, 0])
            kernel = mixed.transpose(1, 2)[:, :, :, None]
        else:
            kernel = drawn.new_zeros(self.out_channels, num_scales, self.in_channels, num_scales, drawn.size(-1))
            for out_scale in range(num_scales):
                for step in range(-self.interaction, self.interaction + 1):
                    in_scale = out_scale + step
                    if not 0 <= in_scale < num_scales:
                        continue
                    part = drawn[:, :, :, step + self.interaction, out_scale]
                    mixed = part[0] if mixing is None else torch.einsum("l,loip->oip", mixing[:, in_scale], part)
                    kernel[:, out_scale, :, in_scale] = mixed
        whole: Tensor = kernel.unflatten(-1, (self.kernel_size, self.kernel_size))
        return whole

    def relaxation_penalty(self) -> Tensor:
        r"""The square of :math:`\|K - \bar K\| / \|K\|` with the average over the scales, to be added to a loss."""
        whole = self.stencil_kernel()
        if self.mixing is None:
            return whole.new_zeros(())
        strict = self.stencil_kernel(self.mixing.mean(1, keepdim=True).expand_as(self.mixing))
        return (whole - strict).square().sum() / whole.square().sum().clamp(min=1e-30)

    def make_strict(self) -> None:
        r"""Put :math:`\bar K` in the place of K."""
        if self.mixing is not None:
            with torch.no_grad():
                self.mixing.copy_(self.mixing.mean(1, keepdim=True).expand_as(self.mixing))
