"""Packages whose names load when they are first used, so that importing the package stays light."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy(package: str, homes: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` (PEP 562) of a package that imports a module when one of its names is used.

    Type checkers do not run this; they read the same imports under ``TYPE_CHECKING``::

        if TYPE_CHECKING:
            from pyg_liesym.discovery.liegan import LieGAN
        else:
            __getattr__, __dir__ = lazy(__name__, {"discovery.liegan": ["LieGAN"]})

    Args:
        package: The ``__name__`` of the package.
        homes: The public names by the module that defines them, as seen from the package.

    Example:
        >>> load, names = lazy("json", {"decoder": ["JSONDecodeError"]})
        >>> load("JSONDecodeError").__name__
        'JSONDecodeError'
        >>> "JSONDecodeError" in names()
        True
    """
    home = {name: f"{package}.{module}" for module, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        value = getattr(import_module(home[name]), name)
        setattr(sys.modules[package], name, value)  # found without us from now on
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home})

    return load, names
