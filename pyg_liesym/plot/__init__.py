"""Pictures of results: every function returns a ``matplotlib.figure.Figure`` and touches no global state."""

from pyg_liesym.plot.basis import plot_basis
from pyg_liesym.plot.jet import plot_jet
from pyg_liesym.plot.metric import plot_metric
from pyg_liesym.plot.orbits import plot_orbits
from pyg_liesym.plot.roc import plot_roc
from pyg_liesym.plot.rollout import plot_rollout

__all__ = ["plot_basis", "plot_jet", "plot_metric", "plot_orbits", "plot_roc", "plot_rollout"]
