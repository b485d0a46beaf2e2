"""Data sets of flows on lattices."""
