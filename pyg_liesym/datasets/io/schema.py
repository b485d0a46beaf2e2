"""What to read from a file of jets, and under which names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pyg_liesym.datasets.io.files import PathLike, read_yaml, some_of
from pyg_liesym.datasets.io.momenta import check_components
from pyg_liesym.datasets.io.yaml_fields import check_fields, shown
from pyg_liesym.writing import write_whole

UNITS = {"MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
"""Units of energies, momenta and masses in files, in GeV."""
_OF_A_LAYOUT = ("columns", "axis", "mask", "count", "label", "jets", "take", "links")
_KINDS: dict[str, tuple[type, ...]] = {
    "classes": (list,), "jet_labels": (dict,), "tree": (str,), "particle": (list,), "weight": (str,),
    "labelled": (bool,), "strict": (bool,), "momentum": (dict,), "unit": (str,), "columns": (dict,), "axis": (dict,),
    "mask": (str,), "count": (str,), "label": (str, dict), "jets": (str,), "take": (int,), "links": (dict,),
}  # fmt: skip


@dataclass(frozen=True)
class JetSchema:
    """What to read from a file of jets, and under which names.

    Without ``momentum`` a file has one of the layouts that are known
    (:func:`~pyg_liesym.datasets.io.jet_files.open_jet_file`), or it is an error. With ``momentum`` it may have any:
    columns are the branches of a ROOT tree, the columns of a parquet file or of a pandas table, the datasets of an HDF5
    file with ``/`` between groups, or the arrays of an ``.npz``; that of an ``.npy`` file is called ``array``. A part
    of what a column has for each jet is taken as NumPy does, ``array[:, 0]``; parts of records are named by a dot,
    ``part.px``; numbered columns ``E_0, E_1, …`` by a star, ``E_*``.

    Args:
        classes: Names of the classes; the label is the position in this list. Of files that have one label per
            class (JetClass), they are looked up by name; of those that have a number (``is_signal``), they are the
            meaning of 0, 1, …
        jet_labels: The class of every value of an integer label, where it is not the position in ``classes``. A ROOT
            file in the layout of JetClass is then read by its branch ``jet_label``, as JetClass-II has it.
        tree: The name of the tree in ROOT files.
        particle: More numbers of every constituent, by their names in the file, such as ``part_charge``. They become
            float32.
        weight: The name of the event weights; None where every jet counts as one.
        labelled: Whether labels are read; if not, every label is -1. Jets with ``momentum`` and no ``label`` have none.
        strict: Whether bad values are refused; if not, NaN, infinity and negative energies are given out, and -1 for a
            label without a class, to be counted.
        momentum: The columns of the constituents' components, of which there may be ``E``, ``px``, ``py``, ``pz``,
            ``pt``, ``eta``, ``y`` (rapidity), ``phi`` and ``m``
            (:func:`~pyg_liesym.datasets.io.momenta.check_components`); ``m`` may be a number for all. Where ``E`` and
            ``m`` are both named, they must agree. Four zeros, or ``pt`` = 0, are padding.
        unit: That of all energies, momenta and masses in the file: MeV, GeV or TeV. What is read is in GeV.
        columns: What the file calls numbers in ``particle``, where it has other names for them than a tagger.
        axis: The columns of the whole jets' components, as ``momentum``; None to sum the constituents.
        mask: The column that says of every constituent whether it is one.
        count: The column with the number of constituents of every jet. Of arrays of a fixed width the first ones
            count; other lists must be that long. Without ``links``, constituents of an event are those of one jet after
            the other.
        label: The column of the class, or for each class that of its flag.
        jets: Where a row is an event with several jets, a column that has one number for each of them, or their
            number. Every jet of an event is a jet; label and weight are those of the jet or of the event.
        take: At most so many jets of every event, the first ones; None for all.
        links: How jets of an event point to constituents: ``jet``, a list in which every entry is the place of a jet
            in its event (-1 for none), and ``constituent``, for each of these the place of a constituent; or
            ``constituent`` alone, a list of places for every jet. With ``jet`` alone the constituents point themselves.
            ``begin`` and ``end`` of every jet (podio) are a range of ``constituent``, or of the constituents.

    Raises:
        ValueError: If a class or a particle column is named twice, or no class; or if what is named does not go
            together.

    Example:
        >>> JetSchema(classes=("QCD", "Hbb"), particle=("part_charge",)).tree
        'tree'
        >>> JetSchema(momentum={"pt": "Cand_pt", "eta": "Cand_eta", "phi": "Cand_phi"}, unit="MeV").labelled
        False
    """

    classes: tuple[str, ...] = ("QCD", "Tbqq")
    jet_labels: Mapping[int, str] | None = None
    tree: str = "tree"
    particle: tuple[str, ...] = ()
    weight: str | None = None
    labelled: bool = True
    strict: bool = True
    momentum: Mapping[str, str | float] | None = None
    unit: str = "GeV"
    columns: Mapping[str, str] | None = None
    axis: Mapping[str, str] | None = None
    mask: str | None = None
    count: str | None = None
    label: str | Mapping[str, str] | None = None
    jets: str | None = None
    take: int | None = None
    links: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for name in ("classes", "particle"):
            values = tuple(getattr(self, name))
            object.__setattr__(self, name, values)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} must have every name once, got {values}")
        if not self.classes:
            raise ValueError("classes must have at least one name, got none")
        if self.unit not in UNITS:
            raise ValueError(f"unit must be {', '.join(UNITS)}, got {self.unit!r}")
        if self.momentum is None:
            early = [name for name in _OF_A_LAYOUT if getattr(self, name) is not None]
            if early:
                raise ValueError(f"`{early[0]}` belongs to files that are read by `momentum`: name its columns too")
            return
        self._check_layout(self.momentum)
        if self.label is None:
            object.__setattr__(self, "labelled", False)

    def _check_layout(self, momentum: Mapping[str, str | float]) -> None:
        for name, components in (("momentum", momentum), ("axis", self.axis)):
            if components is not None:
                try:
                    check_components(components)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        numbers = [name for name, column in momentum.items() if not isinstance(column, str) and name != "m"]
        if numbers:
            raise ValueError(f"momentum: {numbers[0]} must be the name of a column, got {momentum[numbers[0]]!r}")
        if self.axis is not None and not {"E", "m"} & set(self.axis):
            raise ValueError(f"axis: jets have a mass: expected E or m among {', '.join(self.axis)}")
        flags = self.label if self.labelled and isinstance(self.label, Mapping) else None
        if flags is not None and (set(flags) != set(self.classes) or self.jet_labels is not None):
            raise ValueError(f"label must name a flag for each of the classes {some_of(self.classes)} and have no "
                             f"jet_labels beside it, got {some_of(flags)}")  # fmt: skip
        if flags is not None and len(set(flags.values())) < len(flags):
            raise ValueError(f"label must name a flag of its own for each class, got {dict(flags)}")
        if self.take is not None and self.take < 1:
            raise ValueError(f"take must be at least 1, got {self.take}")
        if self.jets is None and (self.take is not None or self.links is not None):
            given = "take" if self.links is None else "links"
            raise ValueError(f"`{given}` is of rows that are events with several jets: name the jets by `jets` too")
        if self.links is not None and set(self.links) - {"constituent"} not in (set(), {"jet"}, {"begin", "end"}):
            raise ValueError(f"links must name jet, constituent or both, or begin and end, got {some_of(self.links)}")
        if self.links == {}:
            raise ValueError("links must name jet, constituent or both, or begin and end, got none")

    @property
    def scale(self) -> float:
        """How many GeV the unit is."""
        return UNITS[self.unit]

    def check_labelled(self) -> None:
        """Refuse to train on jets without labels.

        Raises:
            ValueError: Saying what the schema lacks.
        """
        if not self.labelled:
            raise ValueError("a training needs the classes of jets: name their column as `label` in the schema")

    def to_dict(self) -> dict[str, Any]:
        """The unit, and what else is not as by default, in the words of a YAML file."""
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        default = {field.name: field.default for field in fields(self) if field.name != "unit"}
        kept = {name: value for name, value in kept.items() if name not in default or value != default[name]}
        if self.momentum is not None and self.label is None:
            kept.pop("labelled", None)
        return {name: _plain(value) for name, value in kept.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> JetSchema:
        """A schema from the words of a YAML file.

        Classes that are not listed are those of ``jet_labels`` or of ``label``.

        Raises:
            ValueError: Naming the field, what was expected and what was found.
        """
        check_fields(content, _KINDS, numbers=("momentum",))
        keys = list(content.get("jet_labels") or {})
        if not {type(key) for key in keys} <= {int}:
            raise ValueError(f"jet_labels must name a class for each whole number, got {keys!r:.100}")
        given = {name: value for name, value in content.items() if value is not None}
        return cls._named(given)

    @classmethod
    def _named(cls, given: Mapping[str, Any]) -> JetSchema:
        """A schema of some fields, whose classes are those of ``jet_labels`` or of ``label`` if they are not listed."""
        meaning = given.get("jet_labels") or (given["label"] if isinstance(given.get("label"), dict) else None)
        if "classes" in given or not meaning:
            return cls(**given)
        return cls(**given, classes=tuple(dict.fromkeys(meaning.values() if "jet_labels" in given else meaning)))

    @classmethod
    def of(cls, schema: JetSchema | PathLike | None, **words: Any) -> JetSchema:
        """A schema, or that of a YAML file, or one of some fields; those that are None are not given.

        Raises:
            ValueError: If a schema is given and fields beside it.
        """
        words = {name: value for name, value in words.items() if value is not None}
        if schema is None:
            return cls._named(words)
        own = {field.name: field.default for field in fields(cls)}
        twice = [name for name, value in words.items() if _plain(value) != _plain(own[name])]
        if twice:
            raise ValueError(f"the schema says what to read: write {some_of(twice)} into it, not beside it")
        return schema if isinstance(schema, JetSchema) else cls.load(schema)

    @classmethod
    def load(cls, path: PathLike) -> JetSchema:
        """Read a schema from a YAML file whose fields are those of this class.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: Naming the file and the field.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path} of a schema: `liesym data info FILE` proposes one")
        content = read_yaml(path)
        if not isinstance(content, dict):
            raise ValueError(f"{path}: expected the fields of a schema, `momentum: …`, got {shown(content)}")
        try:
            return cls.from_dict(content)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def save(self, path: PathLike) -> Path:
        """Write a YAML file that :meth:`load` reads; it appears under its name when it is whole."""
        import yaml

        path = Path(path)
        write_whole(path, yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True).encode())
        return path


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
