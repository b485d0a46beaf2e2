"""The protocols by name."""

from __future__ import annotations

from pyg_liesym.cli.reproduce.charged_particles import reproduce_charged_particles
from pyg_liesym.cli.reproduce.jets_tagging import reproduce_jets_tagging

PROTOCOLS = {
    "charged-particles": reproduce_charged_particles,
    "jets-tagging": reproduce_jets_tagging,
}
