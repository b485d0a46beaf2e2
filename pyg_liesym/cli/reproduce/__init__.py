"""Protocols of the papers, each one command: ``liesym reproduce NAME``."""
