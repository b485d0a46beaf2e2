"""Find the symmetry in data and use it: Lie algebra discovery and equivariant layers for PyG.

The headline names are here, and load when they are first used; everything else is in the packages
:mod:`pyg_liesym.lie`, :mod:`pyg_liesym.nn`, :mod:`pyg_liesym.discovery`, :mod:`pyg_liesym.datasets`,
:mod:`pyg_liesym.metrics`, :mod:`pyg_liesym.systems`, :mod:`pyg_liesym.plot` and :mod:`pyg_liesym.testing`.
"""

from typing import TYPE_CHECKING

from pyg_liesym.lazy import lazy

__version__ = "0.1.0"

__all__ = [
    "DiscoveredSymmetry",
    "InvariantMetric",
    "LieAlgebra",
    "LieGAN",
    "LieGNN",
    "LieGNNConv",
    "__version__",
    "find_symmetry",
]

if TYPE_CHECKING:
    from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
    from pyg_liesym.discovery.findings import find_symmetry
    from pyg_liesym.discovery.liegan import LieGAN
    from pyg_liesym.lie.algebra import LieAlgebra
    from pyg_liesym.lie.invariant import InvariantMetric
    from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
    from pyg_liesym.nn.models.liegnn import LieGNN
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "discovery.discovered_symmetry": ["DiscoveredSymmetry"],
            "discovery.findings": ["find_symmetry"],
            "discovery.liegan": ["LieGAN"],
            "lie.algebra": ["LieAlgebra"],
            "lie.invariant": ["InvariantMetric"],
            "nn.conv.liegnn_conv": ["LieGNNConv"],
            "nn.models.liegnn": ["LieGNN"],
        },
    )
