"""Data sets of jets, in memory and as streams."""
