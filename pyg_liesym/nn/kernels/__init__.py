"""Kernels with a symmetry, as parameters that grid layers and graph layers share."""

from pyg_liesym.nn.kernels.field_bias import FieldBias
from pyg_liesym.nn.kernels.group_kernel import GroupKernel
from pyg_liesym.nn.kernels.kernel import Kernel
from pyg_liesym.nn.kernels.relaxable import Relaxable
from pyg_liesym.nn.kernels.riesz_kernel import RieszKernel
from pyg_liesym.nn.kernels.scale_kernel import ScaleKernel
from pyg_liesym.nn.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.kernels.tensor_field_kernel import TensorFieldKernel

__all__ = [
    "FieldBias",
    "GroupKernel",
    "Kernel",
    "Relaxable",
    "RieszKernel",
    "ScaleKernel",
    "SteerableKernel",
    "TensorFieldKernel",
]
