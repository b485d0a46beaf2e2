"""Pictures of results: every function returns a ``matplotlib.figure.Figure`` and touches no global state."""

from pyg_liesym.plot.basis import plot_basis
from pyg_liesym.plot.detection import plot_detection
from pyg_liesym.plot.flow import plot_flow_forecasts, plot_flow_frames
from pyg_liesym.plot.front import plot_pareto_front
from pyg_liesym.plot.jet import plot_jet
from pyg_liesym.plot.jet_statistics import plot_jet_statistics
from pyg_liesym.plot.ladder import plot_breakings, plot_ladders
from pyg_liesym.plot.lead import plot_lead_errors
from pyg_liesym.plot.levels import plot_levels
from pyg_liesym.plot.metric import plot_metric
from pyg_liesym.plot.orbits import plot_orbits
from pyg_liesym.plot.outcomes import plot_outcomes
from pyg_liesym.plot.relaxation import plot_relaxation
from pyg_liesym.plot.robustness import plot_robustness
from pyg_liesym.plot.roc import plot_roc
from pyg_liesym.plot.rollout import plot_rollout
from pyg_liesym.plot.spectra import plot_spectra
from pyg_liesym.plot.symmetry import plot_errors_by_angle, plot_learned_against_data
from pyg_liesym.plot.tagging import plot_calibration, plot_mass_sculpting, plot_scores
from pyg_liesym.plot.twins import plot_twins

__all__ = [
    "plot_basis",
    "plot_breakings",
    "plot_calibration",
    "plot_detection",
    "plot_errors_by_angle",
    "plot_flow_forecasts",
    "plot_flow_frames",
    "plot_jet",
    "plot_jet_statistics",
    "plot_ladders",
    "plot_lead_errors",
    "plot_learned_against_data",
    "plot_levels",
    "plot_mass_sculpting",
    "plot_metric",
    "plot_orbits",
    "plot_outcomes",
    "plot_pareto_front",
    "plot_relaxation",
    "plot_robustness",
    "plot_roc",
    "plot_rollout",
    "plot_scores",
    "plot_spectra",
    "plot_twins",
]
