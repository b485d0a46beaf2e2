"""Whole networks."""

from pyg_liesym.nn.models.liegnn import LieGNN

__all__ = ["LieGNN"]
