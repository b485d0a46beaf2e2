"""A schema for a file whose layout is not known: what its columns may mean, and what a person has to say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pyg_liesym.datasets.io.array_order import order_in_words
from pyg_liesym.datasets.io.column_groups import Group, depths_of, groups_of
from pyg_liesym.datasets.io.files import PathLike, some_of
from pyg_liesym.datasets.io.jet_files import open_jet_file, table_of
from pyg_liesym.datasets.io.root import RootJets
from pyg_liesym.datasets.io.root_table import RootTable, trees_in
from pyg_liesym.datasets.io.schema import UNITS, JetSchema
from pyg_liesym.datasets.io.tables import Table, plain
from pyg_liesym.datasets.io.yaml_fields import UNKNOWN

_SOME, _MANY = 200, 20
_JETS_PT = (1.0, 7000.0)
_LABEL = re.compile(r"(?i)^(.*_)?(is_?signal\w*|label|target|truth_?label|(hadron|parton)?_?flavou?r|class|y)$")
_INDEX = re.compile(r"(.+)_(\w*?)(?i:idx|index)G?")
_MASK = re.compile(r"(?i)^(.*[_./])?(is_?)?(valid|mask)$")
_WEIGHT = re.compile(r"(?i)^(.*_)?(gen|event|mc|mcevent)?_?weight$")


@dataclass
class Proposal:
    """A schema that was guessed.

    Attributes:
        fields: Those of a :class:`~pyg_liesym.datasets.io.schema.JetSchema`; ``???`` is for a person to fill in.
        why: What a field was taken from.
        columns: All columns of the file.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @property
    def schema(self) -> JetSchema | None:
        """The schema, if nothing is missing."""
        return None if UNKNOWN in str(self.fields) else JetSchema.from_dict(self.fields)

    def text(self) -> str:
        """A YAML file, with what each guess rests on beside it."""
        import yaml

        lines = []
        for name, value in self.fields.items():
            dumped = yaml.safe_dump({name: value}, default_flow_style=False, sort_keys=False, allow_unicode=True)
            first, *rest = dumped.replace(f"'{UNKNOWN}'", UNKNOWN).rstrip().splitlines()
            lines += [f"{first}  # {self.why[name]}" if name in self.why else first, *rest]
        lines += [f"# {name}: {UNKNOWN}  # {why}" for name, why in self.why.items() if name not in self.fields]
        return "\n".join(lines) + "\n"


def propose_schema(path: PathLike, tree: str | None = None) -> Proposal:
    """Guess what the columns of a file mean.

    Args:
        path: The file: ROOT, parquet, HDF5, npz or npy.
        tree: The name of the tree in ROOT files; None for ``tree``, ``Events``, or the one with the most columns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or of no such format.
    """
    path = Path(path)
    table, proposal = _table(path, tree), Proposal()
    proposal.columns = table.names
    if isinstance(table, RootTable):
        proposal.fields["tree"] = table.tree
        others = [name for name in trees_in(path) if name != table.tree]
        if others and tree is None:
            proposal.why["tree"] = f"others are {some_of(others, 5)}"
    depths = depths_of(table)
    counters = {f"n{name}" for name in depths}  # of branches that are lists
    depths = {name: depth for name, depth in depths.items() if depth or name not in counters}
    _add_momentum(proposal, table, depths)
    per_jet = 0 if "jets" not in proposal.fields else 1
    _add_label(proposal, table, {name: depth for name, depth in depths.items() if depth <= per_jet})
    weight = next((name for name, depth in depths.items() if depth <= per_jet and _WEIGHT.match(name)), None)
    if weight is not None:
        proposal.fields["weight"] = weight
    _add_unit(proposal, path)
    return proposal


def _table(path: Path, tree: str | None) -> Table:
    trees = trees_in(path) if path.is_file() and _is_root(path) else []
    if tree is None and len(trees) > 1 and JetSchema.tree not in trees:
        tree = "Events" if "Events" in trees else max(trees, key=lambda name: len(RootTable(path, name).names))
    return table_of(path, tree)


def _is_root(path: Path) -> bool:
    with path.open("rb") as file:
        return RootJets.recognises(path, file.read(8))


def _add_momentum(proposal: Proposal, table: Table, depths: Mapping[str, int]) -> None:
    groups = groups_of(depths)
    nested = [group for group in groups if group.depth == 2]
    lists = [group for group in groups if group.depth == 1]
    linked = _linked(depths, lists)
    arrays = {name: depth for name, depth in depths.items() if depth == 2}
    fields, why = proposal.fields, proposal.why
    if linked is not None:
        momentum, jets, links, others = linked
        fields |= {"momentum": momentum, "jets": jets, "links": links}
        if others:
            why["links"] = f"other tables of links: {some_of(others)}"
    elif nested:
        chosen = sorted(nested, key=lambda group: not group.of_parts)[0]
        fields["momentum"], fields["jets"] = chosen.momentum, _jets(depths)
        _say_others(proposal, chosen, nested)
    elif any(group.of_parts for group in lists) or len(lists) == 1:
        chosen = sorted(lists, key=lambda group: not group.of_parts)[0]
        fields["momentum"] = chosen.momentum
        _say_others(proposal, chosen, lists)
        if any(group.of_jets for group in lists if group is not chosen):
            fields["jets"] = _jets(depths)
            fields["links"] = {"jet": UNKNOWN, "constituent": UNKNOWN}
            why["links"] = "which columns say what jet a constituent is of?"
    elif arrays:
        name = next(iter(arrays))
        momentum, said = order_in_words(name, table.read([name], 0, min(_SOME, table.num_rows))[name])
        fields["momentum"], why["momentum"] = momentum, said
    else:
        fields["momentum"] = dict.fromkeys(("pt", "eta", "phi", "m"), UNKNOWN)
        why["momentum"] = "or px, py, pz, E; the columns of the constituents"
    if fields["momentum"] and not {"E", "m"} & set(fields["momentum"]):
        why["momentum"] = "; ".join([*filter(None, [why.get("momentum")]), "no E or m found: as massless particles"])
    depth = 1 if "jets" not in fields else 2
    mask = next((name for name, own in depths.items() if own == depth and _MASK.match(name)), None)
    if mask is not None:
        fields["mask"] = mask
    if "jets" in fields and fields["jets"] == UNKNOWN:
        why["jets"] = "a column with one number for each jet of an event, or with their number"


def _say_others(proposal: Proposal, chosen: Group, groups: list[Group]) -> None:
    others = [group.stem or "no prefix" for group in groups if group is not chosen]
    if others:
        proposal.why["momentum"] = f"of {chosen.stem or 'no prefix'}; others are {some_of(others, 6)}"


def _jets(depths: Mapping[str, int], stem: str = "") -> str:
    """A column with one number for each jet of an event, or their number; with ``stem`` the longest that begins it."""
    counts = {name: re.sub(r"(?i)^n_?|_n$", "", name) for name, depth in depths.items()
              if depth == 0 and re.search(r"(?i)^n|_n$", name)}  # fmt: skip
    firsts = {name: name.rpartition("_")[0] for name, depth in depths.items() if depth == 1}
    named = {name: own for name, own in (*counts.items(), *firsts.items()) if "jet" in own.lower()}
    if stem:
        named = {name: own for name, own in named.items() if stem.lower().startswith(own.lower()) and own != stem}
    else:
        named = {name: own for name, own in named.items() if re.fullmatch(r"(?i)(fat|ak\d+|reco|gen)?_?jets?", own)}
    longest = max((len(own) for own in named.values()), default=0)
    return next((name for name, own in named.items() if len(own) == longest), UNKNOWN)


def _linked(
    depths: Mapping[str, int], lists: list[Group]
) -> tuple[dict[str, str], str, dict[str, str], list[str]] | None:
    """Momenta, jets and the columns by which jets point to constituents, and other tables of such."""
    pairs: dict[str, dict[str, str]] = {}
    for name in (name for name, depth in depths.items() if depth == 1):
        match = _INDEX.fullmatch(name)
        if match is not None:
            kind = "jet" if match[2].lower().endswith("jet") else "constituent"
            pairs.setdefault(match[1], {}).setdefault(kind, name)
    whole = sorted((stem for stem, own in pairs.items() if len(own) == 2), key=lambda stem: "Fat" not in stem)
    for stem in whole:
        word = _INDEX.sub(r"\2", pairs[stem]["constituent"]).rstrip("_").lower()
        parts = [group for group in lists if group.stem.lower() in (word, f"{word}s", f"pf{word}", f"pf{word}s")]
        parts = parts or [group for group in lists if group.of_parts and group.stem != stem]
        jets = _jets(depths, stem)
        if parts and jets != UNKNOWN and (momentum := parts[0].momentum) is not None:
            return momentum, jets, pairs[stem], [other for other in whole if other != stem]
    nested = [name for name, depth in depths.items() if depth == 2 and re.search(r"(?i)link|idx|index|constit", name)]
    parts = sorted(lists, key=lambda group: not group.of_parts)
    if nested and parts and (momentum := parts[0].momentum) is not None:
        return momentum, _jets(depths, f"{nested[0].rpartition('_')[0]}_"), {"constituent": nested[0]}, nested[1:]
    return None


def _add_label(proposal: Proposal, table: Table, depths: Mapping[str, int]) -> None:
    flags = {name.removeprefix("label_"): name for name in depths if name.startswith("label_")}
    taken = str(proposal.fields.get("momentum"))
    found = [name for name in depths if _LABEL.match(name) and f"'{name}'" not in taken]
    if len(flags) > 1:
        proposal.fields["label"] = flags
    elif not found:
        proposal.why["label"] = "the column of the class, for training"
    else:
        where = f"{table.where}: {found[0]}"
        rows = table.read([found[0]], 0, min(10_000, table.num_rows))[found[0]]
        values = np.unique(plain(rows if rows.ndim == 1 else _flat(rows), where)).tolist()
        if len(values) > _MANY or any(value % 1 for value in values):
            proposal.why["label"] = f"is it {found[0]}?"
            return
        proposal.fields |= {"label": found[0], "jet_labels": {int(value): str(int(value)) for value in values}}
        proposal.why["label"] = "if that is the class" if len(found) == 1 else f"or {some_of(found[1:], 5)}"
        proposal.why["jet_labels"] = "names of the classes"


def _flat(array: Any) -> Any:
    import awkward as ak

    return array.reshape(-1) if isinstance(array, np.ndarray) else ak.flatten(array, axis=None)


def _add_unit(proposal: Proposal, path: Path) -> None:
    """The unit in which jets have the momenta of jets, with the numbers; unknown where nothing can be read."""
    schema = proposal.schema
    proposal.fields["unit"] = UNKNOWN
    if schema is None:
        proposal.why["unit"] = f"{', '.join(UNITS)}: that of energies, momenta and masses"
        return
    bare = replace(schema, label=None, jet_labels=None, weight=None, labelled=False, strict=False)
    try:
        file = open_jet_file(path, bare)
        with np.errstate(all="ignore"):
            pt = file.read(0, min(_SOME, file.num_jets)).axis[:, 0]
    except ValueError as error:
        proposal.why["unit"] = f"cannot be read so: {error}"
        return
    middle = float(np.median(pt[np.isfinite(pt) & (pt > 0)])) if (pt > 0).any() else 0.0
    fitting = [unit for unit, scale in UNITS.items() if _JETS_PT[0] <= middle * scale <= _JETS_PT[1]]
    unit = "GeV" if "GeV" in fitting else fitting[0] if fitting else UNKNOWN
    proposal.fields["unit"] = unit
    asked = "which unit is that?" if unit == UNKNOWN else f"is that {unit}?"
    proposal.why["unit"] = f"jets have a pT of {middle:.4g} in the file, in the median: {asked}"
