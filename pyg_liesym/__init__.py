"""Find the symmetry in data and use it: Lie algebra discovery and equivariant layers for PyG.

The headline names are here, and load when they are first used; everything else is in the packages
:mod:`pyg_liesym.lie`, :mod:`pyg_liesym.nn`, :mod:`pyg_liesym.discovery`, :mod:`pyg_liesym.datasets`,
:mod:`pyg_liesym.metrics`, :mod:`pyg_liesym.systems`, :mod:`pyg_liesym.plot` and :mod:`pyg_liesym.testing`.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME: dict[str, str] = {}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
