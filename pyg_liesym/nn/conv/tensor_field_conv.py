"""Tensor field convolution on points in space, strict or relaxed."""

from __future__ import annotations

from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.spherical import ShellBasis, irreps
from pyg_liesym.nn.conv.field_conv import Aggregation, FieldConv, Flow
from pyg_liesym.nn.field.kernels.tensor_field_kernel import TensorFieldKernel


class TensorFieldConv(FieldConv):
    r"""Tensor field convolution on points in space, whose weights may depend on the direction if relaxed.

    .. math:: y_i = \sum_{j \to i} \sum_l w_l(r_j - r_i)\, \Phi_l(r_j - r_i)\, x_j

    Strict, with weights of the distance: the layer of tensor field networks (Thomas et al. 2018, `arXiv:1802.08219
    <https://arxiv.org/abs/1802.08219>`_, eq. 3). Relaxed as `"Approximately Equivariant Networks for Imperfectly
    Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, eq. 10) does on grids and
    names as future work. The kernel is :class:`~pyg_liesym.nn.field.kernels.TensorFieldKernel`.

    **Law**: equivariant to rotations and reflections of ``pos``, with ``x`` in its irreps, and to translations.
    Relaxed: so at the start and after :meth:`make_strict`, in between as far as :meth:`relaxation` is small; always
    equivariant to translations.

    Args:
        irreps_in: Irreps of the input as e3nn writes them, such as ``"8x0e + 4x1o"``.
        irreps_out: Irreps of the output.
        basis: The functions of the offset; relaxed, it needs room for the modes, ``relaxed_degree=1``.
        max_degree: Highest degree of the harmonics in :math:`\Phi_l`.
        relaxed: Whether weights may depend on the direction of the offset.
        aggr: ``"sum"``, or ``"mean"`` over the edges that arrive, for points that are not equally dense.
        bias: Whether to add a constant to the invariant fields of the output.
        flow: Which row of ``edge_index`` the edges arrive at.

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
        relaxed: bool = False,
        aggr: Aggregation = "sum",
        bias: bool = True,
        flow: Flow = "source_to_target",
    ) -> None:
        in_type, out_type = (irreps(given) if isinstance(given, str) else given for given in (irreps_in, irreps_out))
        kernel = TensorFieldKernel(in_type, out_type, basis, max_degree, relaxed=relaxed)
        super().__init__(kernel, aggr=aggr, bias=bias, flow=flow)
