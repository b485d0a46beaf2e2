"""The protocols by name."""

from __future__ import annotations

from pyg_liesym.cli.reproduce.charged_particles import reproduce_charged_particles
from pyg_liesym.cli.reproduce.jets_metric import reproduce_jets_metric
from pyg_liesym.cli.reproduce.jets_tagging import reproduce_jets_tagging
from pyg_liesym.cli.reproduce.plume import reproduce_plume
from pyg_liesym.cli.reproduce.relaxed_graphs import reproduce_relaxed_graphs
from pyg_liesym.cli.reproduce.tagging_benchmark import reproduce_tagging
from pyg_liesym.cli.reproduce.tagging_front import reproduce_tagging_front
from pyg_liesym.cli.reproduce.two_body import reproduce_two_body

PROTOCOLS = {
    "charged-particles": reproduce_charged_particles,
    "two-body": reproduce_two_body,
    "jets-metric": reproduce_jets_metric,
    "jets-tagging": reproduce_jets_tagging,
    "plume": reproduce_plume,
    "tagging": reproduce_tagging,
    "tagging-front": reproduce_tagging_front,
    "relaxed-graphs": reproduce_relaxed_graphs,
}
