"""Find the symmetry in data and use it: Lie algebra discovery and equivariant layers for PyG.

The headline names are here, and load when they are first used; everything else is in the packages
:mod:`pyg_liesym.lie`, :mod:`pyg_liesym.nn`, :mod:`pyg_liesym.discovery`, :mod:`pyg_liesym.datasets`,
:mod:`pyg_liesym.metrics`, :mod:`pyg_liesym.systems`, :mod:`pyg_liesym.plot` and :mod:`pyg_liesym.testing`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
    from pyg_liesym.discovery.liegan import LieGAN
    from pyg_liesym.lie.algebra import LieAlgebra
    from pyg_liesym.lie.invariant import InvariantMetric
    from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
    from pyg_liesym.nn.models.liegnn import LieGNN

__version__ = "0.1.0"

__all__ = [
    "DiscoveredSymmetry",
    "InvariantMetric",
    "LieAlgebra",
    "LieGAN",
    "LieGNN",
    "LieGNNConv",
    "__version__",
]

_HOME = {
    "DiscoveredSymmetry": "pyg_liesym.discovery.discovered_symmetry",
    "InvariantMetric": "pyg_liesym.lie.invariant",
    "LieAlgebra": "pyg_liesym.lie.algebra",
    "LieGAN": "pyg_liesym.discovery.liegan",
    "LieGNN": "pyg_liesym.nn.models.liegnn",
    "LieGNNConv": "pyg_liesym.nn.conv.liegnn_conv",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
