"""Relaxed tensor field convolution on points in space."""

from __future__ import annotations

from typing import Any

from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.spherical import ShellBasis, irreps
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.field.kernels.tensor_field_kernel import TensorFieldKernel


class RelaxedTensorFieldConv(FieldConv):
    r"""Tensor field convolution on points in space whose weights may depend on the direction.

    .. math:: y_i = \sum_{j \to i} \sum_l w_l(r_j - r_i)\, \Phi_l(r_j - r_i)\, x_j

    The layer of tensor field networks (Thomas et al. 2018, `arXiv:1802.08219 <https://arxiv.org/abs/1802.08219>`_),
    relaxed as `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_
    (Wang, Walters, Yu, ICML 2022, eq. 10) does on grids and names as future work. The kernel is
    :class:`~pyg_liesym.nn.field.kernels.TensorFieldKernel`.

    **Law**: equivariant to rotations and reflections of ``pos``, with ``x`` in its irreps, at the start and after
    :meth:`make_strict`; in between, approximately as far as :meth:`relaxation` is small. Always equivariant to
    translations.

    Args:
        irreps_in: Irreps of the input as e3nn writes them, such as ``"8x0e + 4x1o"``.
        irreps_out: Irreps of the output.
        basis: The functions of the offset; without ``relaxed_degree`` the layer is strict.
        max_degree: Highest degree of the harmonics in :math:`\Phi_l`.
        **kwargs: ``aggr``, ``bias`` and others of :class:`~pyg_liesym.nn.FieldConv`.

    Shapes:
        - **x**: :math:`(N, C_{in})`; **pos**: :math:`(N, 3)`; **edge_index**: :math:`(2, |E|)`
        - **output**: :math:`(N, C_{out})`

    Raises:
        ImportError: If e3nn is not installed.
        ValueError: If irreps are not written so, or no kernel between them is possible.
    """

    def __init__(
        self,
        irreps_in: str | FieldType,
        irreps_out: str | FieldType,
        basis: ShellBasis,
        *,
        max_degree: int = 2,
        **kwargs: Any,
    ) -> None:
        in_type, out_type = (irreps(kind) if isinstance(kind, str) else kind for kind in (irreps_in, irreps_out))
        super().__init__(TensorFieldKernel(in_type, out_type, basis, max_degree, relaxed=True), **kwargs)
