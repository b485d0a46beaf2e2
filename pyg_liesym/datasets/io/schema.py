"""What to read from a file of jets, and under which names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class JetSchema:
    """What to read from a file of jets, and under which names.

    Args:
        classes: Names of the classes; the label is the position in this list. Of files that have one label per
            class (JetClass), they are looked up by name; of those that have a number (``is_signal``), they are the
            meaning of 0, 1, …
        jet_labels: The class of every value of an integer label, where it is not the position in ``classes``. A ROOT
            file is then read by its branch ``jet_label``, as JetClass-II has it.
        tree: The name of the tree in ROOT files.
        particle: More numbers of every constituent, by their names in the file, such as ``part_charge``. They become
            float32.
        weight: The name of the event weights; None where every jet counts as one.
        labelled: Whether labels are read; if not, every label is -1.
        strict: Whether bad values are refused; if not, NaN, infinity and negative energies are given out, and -1 for a
            label without a class, to be counted.

    Raises:
        ValueError: If a class or a particle column is named twice, or no class.

    Example:
        >>> JetSchema(classes=("QCD", "Hbb"), particle=("part_charge",)).tree
        'tree'
    """

    classes: tuple[str, ...] = ("QCD", "Tbqq")
    jet_labels: Mapping[int, str] | None = None
    tree: str = "tree"
    particle: tuple[str, ...] = ()
    weight: str | None = None
    labelled: bool = True
    strict: bool = True

    def __post_init__(self) -> None:
        for name in ("classes", "particle"):
            values = tuple(getattr(self, name))
            object.__setattr__(self, name, values)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} must have every name once, got {values}")
        if not self.classes:
            raise ValueError("classes must have at least one name, got none")
