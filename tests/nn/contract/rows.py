"""All rows of the contract, and what it leaves out."""

from __future__ import annotations

from contract import graphs, lattices, points, vectors

ROWS = [*graphs.ROWS, *points.ROWS, *lattices.ROWS, *vectors.ROWS]
# Modules of the packages of nn that are no layers.
PARTS = {
    "FreePath": "what the free paths of ResidualPathway have in common",
    "LearnedMetric": "a form without inputs, in the row `LieGNN, learned J`",
    "Relaxable": "what the relaxed layers have in common",
}
"""Public modules that no row is about; kernels, without inputs too, are in the rows of the layers that use them."""
