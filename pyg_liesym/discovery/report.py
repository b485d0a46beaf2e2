"""A discovered symmetry in words."""

from __future__ import annotations
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry


def report(found: DiscoveredSymmetry) -> str:
    return "TODO"
