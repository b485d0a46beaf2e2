"""Numbers about a result."""

from pyg_liesym.metrics.equivariance import equivariance_error, relative_error
from pyg_liesym.metrics.tagging import Rejection, Roc, background_rejection, roc

__all__ = ["Rejection", "Roc", "background_rejection", "equivariance_error", "relative_error", "roc"]
