"""The rows of the contract are complete."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from contract.rows import PARTS, ROWS
from torch import nn

import pyg_liesym.nn
from pyg_liesym.nn.field.kernels import Kernel
from pyg_liesym.nn.models.taggers import TAGGERS


def test_every_public_layer_has_a_row() -> None:
    """A new layer needs one row, and a row a layer."""
    public: set[type] = set()
    for module in [
        pyg_liesym.nn,
        *(import_module(m.name) for m in pkgutil.walk_packages(pyg_liesym.nn.__path__, "pyg_liesym.nn.")),
    ]:
        named = [getattr(module, name) for name in getattr(module, "__all__", ())]
        public |= {cls for cls in named if isinstance(cls, type) and issubclass(cls, nn.Module)}
    kernels = {cls for cls in public if cls.__module__.startswith(f"{Kernel.__module__.rpartition('.')[0]}.")}
    built = {type(row.build()) for row in ROWS}
    assert {cls.__name__ for cls in public - kernels - built} == set(PARTS)
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {f"tagger {name}" for name in TAGGERS} <= {row.name for row in ROWS}
