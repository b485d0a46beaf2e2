"""Readers and writers of file formats: the only place of the package that knows them."""

from pyg_liesym.datasets.io.download import ZenodoRecord, download_file, extract_files
from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.jet_files import JetFile, JetSchema, JetWriter, jet_writer, open_jet_file, save_jets
from pyg_liesym.datasets.io.root import read_jets, write_jets

__all__ = [
    "JetFile",
    "JetSchema",
    "JetWriter",
    "ZenodoRecord",
    "download_file",
    "extract_files",
    "find_files",
    "jet_writer",
    "open_jet_file",
    "read_jets",
    "save_jets",
    "write_jets",
]
