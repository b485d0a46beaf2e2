"""Readers and writers of file formats: the only place of the package that knows them."""

from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.root import read_jets, write_jets

__all__ = ["find_files", "read_jets", "write_jets"]
