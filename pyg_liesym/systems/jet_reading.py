"""What the data modules of jets read from their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.jet_files import named_classes
from pyg_liesym.datasets.io.schema import JetSchema

CLASSES = "classes"
"""Where the state of a data module has the names of the classes."""


class JetReading:
    """The schema of a data module: of a file, or of words beside which something else may name the classes.

    That is a checkpoint, or else the first file of the training. Without either they are QCD and Tbqq.

    Args:
        files: Files of the training; None for the packaged sample, or if there is no training.
        schema: A YAML file, in place of the words.
        words: Fields of :class:`~pyg_liesym.datasets.io.schema.JetSchema`; ``classes`` may be None.
    """

    def __init__(self, files: str | Sequence[str] | None, schema: str | Path | None, words: Mapping[str, Any]) -> None:
        self._files, self._given, self._words = files, schema, dict(words)

    @cached_property
    def schema(self) -> JetSchema:
        """What is read.

        Raises:
            FileNotFoundError: If there is no file of the schema, or of jets.
            ValueError: If the schema is wrong or has words beside it, or the first file is no file of jets.
        """
        words = {**self._words, "particle": tuple(self._words["particle"])}
        classes, labels = words.pop(CLASSES), self._words["jet_labels"]
        if classes is None and self._given is None and labels is not None:
            classes = dict.fromkeys(labels.values())
        elif classes is None and self._given is None and self._files is not None:
            classes = named_classes(find_files(self._files)[0], self._words["tree"])
        return JetSchema.of(self._given, classes=JetSchema().classes if classes is None else tuple(classes), **words)

    def adopt(self, classes: Sequence[str]) -> None:
        """Read the jets of these classes, unless others were asked for."""
        if self._given is None and self._words[CLASSES] is None and self._words["jet_labels"] is None:
            self._words[CLASSES] = tuple(classes)
            self.__dict__.pop("schema", None)
