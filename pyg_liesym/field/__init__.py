"""Fields on lattices and in the plane: groups, representations, and kernels that keep to them."""

from pyg_liesym.field.action import quarter_turn, reflect, scale_interpolated, turn_interpolated
from pyg_liesym.field.angular_basis import AngularBasis, angular_basis
from pyg_liesym.field.flow_action import FlowAction
from pyg_liesym.field.group_average import group_average
from pyg_liesym.field.kernel_space import KernelSpace
from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.offset_basis import OffsetBasis, RingBasis, StencilBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars, vectors
from pyg_liesym.field.riesz_basis import angular_multipliers, octaves
from pyg_liesym.field.sampling import perturbed_positions, values_at
from pyg_liesym.field.scale_basis import hermite_gaussians
from pyg_liesym.field.scattered import lattice_of_points, lattice_values
from pyg_liesym.field.spherical import ShellBasis, irreps
from pyg_liesym.field.stencil import orbits, stencil

__all__ = [
    "AngularBasis",
    "FieldType",
    "FlowAction",
    "KernelSpace",
    "Lattice",
    "OffsetBasis",
    "PointGroup",
    "Representation",
    "RingBasis",
    "ShellBasis",
    "StencilBasis",
    "angular_basis",
    "angular_multipliers",
    "group_average",
    "hermite_gaussians",
    "irreps",
    "lattice_of_points",
    "lattice_values",
    "octaves",
    "orbits",
    "perturbed_positions",
    "quarter_turn",
    "reflect",
    "regulars",
    "scalars",
    "scale_interpolated",
    "stencil",
    "turn_interpolated",
    "values_at",
    "vectors",
]
