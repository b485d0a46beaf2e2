"""Kernels with a symmetry, as parameters that grid layers and graph layers share."""

from pyg_liesym.nn.field.kernels.field_bias import FieldBias
from pyg_liesym.nn.field.kernels.group_kernel import GroupKernel
from pyg_liesym.nn.field.kernels.kernel import Kernel
from pyg_liesym.nn.field.kernels.kernel_layer import KernelLayer
from pyg_liesym.nn.field.kernels.riesz_kernel import RieszKernel
from pyg_liesym.nn.field.kernels.scale_kernel import ScaleKernel
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.field.kernels.tensor_field_kernel import TensorFieldKernel

__all__ = [
    "FieldBias",
    "GroupKernel",
    "Kernel",
    "KernelLayer",
    "RieszKernel",
    "ScaleKernel",
    "SteerableKernel",
    "TensorFieldKernel",
]
