"""What files of jets have in common, in whichever format."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.schema import JetSchema


class JetFile(Protocol):
    """Jets in one file. Opening it reads no jets; it can be pickled, so that worker processes read on their own."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def num_jets(self) -> int:
        """Jets in the file."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all that the file has: branches, columns or datasets."""

    @property
    def first_jet(self) -> NDArray[np.int64] | None:
        """The number of the first jet of every event, and of all jets; None where every row is a jet."""

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Read and check the jets ``start:stop`` without loading the rest.

        Raises:
            ValueError: If the range is not in the file, the file is damaged or a value is not as it must be. The
                message names the file, the column and the jet.
        """


class JetReader(JetFile, Protocol):
    """A format: what tells its files, and what there is in them."""

    format: ClassVar[str]

    def __init__(self, path: Path, schema: JetSchema) -> None:
        """Open a file."""

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file, which begins with the bytes ``start``, is of this format."""

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file but its weights."""


class JetWriter(Protocol):
    """A file of jets that grows piece by piece."""

    @property
    def num_jets(self) -> int:
        """Jets written so far."""

    def extend(self, jets: JetArrays) -> None:
        """Append jets; thousands at once are read back faster than a few."""
