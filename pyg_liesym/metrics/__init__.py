"""Numbers about a result."""

from pyg_liesym.metrics.areas import Estimate, auc, auc_difference, bootstrap_error
from pyg_liesym.metrics.calibration import Calibration, calibration
from pyg_liesym.metrics.charges import ChargeDrift, body_energy, charge_drift, energy_drift, momentum_drift
from pyg_liesym.metrics.equivariance import equivariance_error, relative_error
from pyg_liesym.metrics.flows import divergence, energy_spectrum, spectrum_error, vorticity
from pyg_liesym.metrics.front import knee, pareto_front
from pyg_liesym.metrics.jet_comparison import Point, compare_jets
from pyg_liesym.metrics.jet_statistics import Percentiles, Values, jet_statistics, percentiles, statistics_of_classes
from pyg_liesym.metrics.layer_equivariance import layer_equivariance_errors
from pyg_liesym.metrics.multiclass import class_rejections, separation, versus
from pyg_liesym.metrics.robustness import Drift, robustness
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.metrics.tagging import Rejection, Roc, background_rejection, roc

__all__ = [
    "Calibration",
    "ChargeDrift",
    "Drift",
    "Estimate",
    "Percentiles",
    "Point",
    "Rejection",
    "Roc",
    "Values",
    "auc",
    "auc_difference",
    "background_rejection",
    "body_energy",
    "bootstrap_error",
    "calibration",
    "charge_drift",
    "class_rejections",
    "compare_jets",
    "divergence",
    "energy_drift",
    "energy_spectrum",
    "equivariance_error",
    "jet_statistics",
    "knee",
    "layer_equivariance_errors",
    "momentum_drift",
    "pareto_front",
    "percentiles",
    "relative_error",
    "robustness",
    "roc",
    "separation",
    "spectrum_error",
    "statistics_of_classes",
    "tagging_summary",
    "versus",
    "vorticity",
]
