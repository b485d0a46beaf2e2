"""Tensor field kernels in space, strict or relaxed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.spherical import ShellBasis, SphericalIrrep, harmonic_products, import_o3
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel


class TensorFieldKernel(SteerableKernel):
    r"""A kernel in space whose weights depend on the offset, :math:`K(o) = \sum_{l} w_l(o)\, \Phi_l(o)`.

    The functions :math:`\Phi_l(o)_{mm'} = \sum_M C^{l_{out} l_{in} L}_{m m' M}\, Y_{LM}(o)` are those of tensor field
    networks (Thomas et al. 2018, `arXiv:1802.08219 <https://arxiv.org/abs/1802.08219>`_, eq. 3), and :math:`w_l(o)` is
    a sum of shells times spherical harmonics. Those but the constant one start at zero: the kernel starts strict.

    **Law**: :math:`K(g\,o) = \rho_{out}(g)\, K(o)\, \rho_{in}(g)^{-1}` for all rotations and reflections g as long as
    the weights of the other harmonics are zero.

    Args:
        in_type: Irreps of the input, from :func:`~pyg_liesym.field.irreps`.
        out_type: Irreps of the output.
        basis: The functions of the offset.
        max_frequency: Highest degree L of :math:`\Phi_l`.
        relaxed: Whether weights may depend on the direction.

    Raises:
        ImportError: If e3nn is not installed.
        ValueError: If no kernel between the fields is possible, or the basis does not reach far enough.
    """

    def __init__(
        self, in_type: FieldType, out_type: FieldType, basis: ShellBasis, max_frequency: int, *, relaxed: bool = False
    ) -> None:
        reach = max_frequency + (basis.relaxed_degree if relaxed else 0)
        if reach > basis.max_degree:
            raise ValueError(
                f"kernels up to degree {max_frequency} and their modes need a basis up to {reach}, got {basis}"
            )
        super().__init__(in_type, out_type, basis, max_frequency, relaxed=relaxed)  # type: ignore[arg-type]

    def _elements(self, rep_in: Any, rep_out: Any) -> tuple[Tensor, Tensor]:
        assert isinstance(rep_in, SphericalIrrep)
        assert isinstance(rep_out, SphericalIrrep)
        basis: Any = self.basis
        o3 = import_o3()
        shell, harmonic = basis.layout()
        highest = basis.relaxed_degree if self.relaxed else 0
        products = harmonic_products(highest, self.max_frequency)
        elements, invariant = [], []
        first, last = abs(rep_in.degree - rep_out.degree), rep_in.degree + rep_out.degree
        for degree in range(first, min(last, self.max_frequency) + 1):
            if rep_in.parity * rep_out.parity * (-1) ** degree != 1:
                continue
            coupling = o3.wigner_3j(rep_out.degree, rep_in.degree, degree, dtype=torch.float64)
            in_harmonics = torch.einsum("oim,amf->afoi", coupling, products[:, degree**2 : (degree + 1) ** 2])
            for number, radius in enumerate(basis.radii):
                if radius == 0 and degree > 0:
                    continue
                here = (shell == number).nonzero()[:, 0]
                modes = in_harmonics if radius > 0 else in_harmonics[:1]
                block = torch.zeros(len(modes), len(basis), rep_out.dim, rep_in.dim, dtype=torch.float64)
                inside = harmonic[here] < modes.size(1)
                block[:, here[inside]] = modes[:, harmonic[here[inside]]]
                elements.append(block)
                invariant += [True] + [False] * (len(modes) - 1)
        if not elements:
            return torch.zeros(0, len(basis), rep_out.dim, rep_in.dim, dtype=torch.float64), torch.zeros(
                0, dtype=torch.bool
            )
        whole = torch.cat(elements)
        size = torch.einsum("apoi,pq,aqoi->a", whole, basis.gram(), whole).sqrt()
        return whole / size[:, None, None, None], torch.tensor(invariant)
