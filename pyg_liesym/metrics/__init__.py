"""Numbers about a result."""

from pyg_liesym.metrics.areas import Estimate, auc, auc_difference, bootstrap_error
from pyg_liesym.metrics.equivariance import equivariance_error, relative_error
from pyg_liesym.metrics.layer_equivariance import layer_equivariance_errors
from pyg_liesym.metrics.multiclass import class_rejections, separation, versus
from pyg_liesym.metrics.robustness import Drift, robustness
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.metrics.tagging import Rejection, Roc, background_rejection, roc

__all__ = [
    "Drift",
    "Estimate",
    "Rejection",
    "Roc",
    "auc",
    "auc_difference",
    "background_rejection",
    "bootstrap_error",
    "class_rejections",
    "equivariance_error",
    "layer_equivariance_errors",
    "relative_error",
    "robustness",
    "roc",
    "separation",
    "tagging_summary",
    "versus",
]
