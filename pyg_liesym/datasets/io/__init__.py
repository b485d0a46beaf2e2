"""Readers and writers of file formats: the only place of the package that knows them."""

from pyg_liesym.datasets.io.array_jets import jets_of_arrays
from pyg_liesym.datasets.io.download import ZenodoRecord, download_file, extract_files
from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_file import JetFile, JetWriter
from pyg_liesym.datasets.io.jet_files import find_schema, jet_writer, open_jet_file, save_jets
from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.io.root_writer import write_jets
from pyg_liesym.datasets.io.schema import JetSchema

__all__ = [
    "JetArrays",
    "JetFile",
    "JetSchema",
    "JetWriter",
    "ZenodoRecord",
    "download_file",
    "extract_files",
    "find_files",
    "find_schema",
    "jet_writer",
    "jets_of_arrays",
    "open_jet_file",
    "read_jets",
    "save_jets",
    "write_jets",
]
