"""``liesym data compare``: hold jets against the Top Quark Tagging Reference Dataset, or two samples to each other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyg_liesym.metrics.jet_comparison import Point
    from pyg_liesym.metrics.jet_statistics import Values

_SAMPLES = files("pyg_liesym") / "datasets" / "samples"
_CLASSES = {"qcd": "QCD", "top": "Tbqq"}
_CHUNK = 20_000


def compare(
    files: list[str] | None = None,
    reference: Path | None = None,
    against: str | None = None,
    out: Path = Path("compare"),
    tree: str | None = None,
    schema: Path | None = None,
    against_schema: Path | None = None,
    max_jets: int = 100_000,
) -> None:
    """Hold simulated QCD and top jets against the Top Quark Tagging Reference Dataset, or against other files.

    Seven quantities of each class: every median must be within 5 % or two standard errors, every 16th and 84th
    percentile within 10 % or two standard errors. Writes the numbers and a picture.

    Args:
        files: Paths or globs of the jets (default: the sample of the package).
        reference: JSON of the percentiles to compare with (default: those of the reference dataset in the package).
        against: Path or glob of jets to compare with instead.
        out: Folder of `comparison.json` and `comparison.png`.
        tree: Name of the tree in ROOT files (default: `tree`, or the only one).
        schema: A YAML file that says what the columns of the files mean, as `liesym data info` proposes it.
        against_schema: The same of the files to compare with.
        max_jets: Most jets that are read of each sample, from everywhere in its files.
    """
    from pyg_liesym.cli.files import save_figure, write_json
    from pyg_liesym.metrics.jet_comparison import PERCENT, compare_jets
    from pyg_liesym.plot.jet_statistics import plot_jet_statistics

    if reference is not None and against:
        raise ValueError("give --reference or --against, not both")
    if max_jets < 1:
        raise ValueError(f"max_jets must be at least 1, got {max_jets}")
    ours = _read(files, tree, schema, max_jets)
    if against:
        points = compare_jets(ours, _read([against], tree, against_schema, max_jets))
        name = "the other files"
    else:
        name, percent, numbers, jets = _load_reference(reference)
        points = compare_jets(ours, numbers, percent or PERCENT, jets)
    counts = ", ".join(f"{len(kind['constituents_per_jet'].value)} {_CLASSES[key]}" for key, kind in ours.items())
    print(f"{counts} jets against {name}\n")
    print("\n".join(table(points)))
    judged = [point for point in points if point.judged]
    outside = sum(not point.inside for point in judged)
    print(f"\n{outside} of {len(judged)} points outside")
    rows = [point._asdict() | {"judged": point.judged, "inside": point.inside} for point in points]
    write_json(out / "comparison.json", {"reference": name, "outside": outside, "judged": len(judged), "points": rows})
    save_figure(out / "comparison.png", plot_jet_statistics(points, reference=name))
    print(f"{out}/comparison.json, {out}/comparison.png")


def table(points: Sequence[Point]) -> list[str]:
    """The judged points as lines of text, with errors in brackets."""
    lines = [f"{'':<34}{'percentile':>10}{'ours':>22}{'reference':>22}"]
    kind = ""
    for point in (point for point in points if point.judged):
        if point.kind != kind:
            kind = point.kind
            lines.append(_CLASSES.get(kind, kind))
        ours = f"{point.value:.4g} ± {point.error:.2g}"
        reference = f"{point.reference:.4g} ± {point.reference_error:.2g}"
        verdict = "ok" if point.inside else "OUTSIDE"
        lines.append(f"  {point.quantity:<32}{point.percent:>10.0f}{ours:>22}{reference:>22}  {verdict}")
    return lines


def _read(
    paths: list[str] | None, tree: str | None, schema: Path | None, max_jets: int
) -> dict[str, dict[str, Values]]:
    from pyg_liesym.cli.files import schema_of, warn
    from pyg_liesym.datasets.io.files import find_files
    from pyg_liesym.datasets.io.jet_arrays import concatenate_jets
    from pyg_liesym.datasets.io.jet_files import open_jet_file
    from pyg_liesym.datasets.jets.chunks import part_of
    from pyg_liesym.datasets.jets.unit_check import UnitCheck
    from pyg_liesym.metrics.jet_statistics import statistics_of_classes

    if not paths:
        with as_file(_SAMPLES / "jets.root") as sample:
            return _read([str(sample)], None, None, max_jets)
    found = find_files(paths)
    wanted = schema_of(found, tree, schema)
    absent = sorted(set(_CLASSES.values()) - set(wanted.classes))
    if absent or not wanted.labelled:
        numbers = all(name.isdigit() for name in wanted.classes)
        hint = ": name them by `liesym data convert --classes '[QCD, Tbqq]'`" if numbers else ""
        have = ", ".join(wanted.classes) if wanted.labelled else "none"
        raise ValueError(f"the files must have labels of the classes QCD and Tbqq, they have {have}{hint}")
    sources = [open_jet_file(path, wanted) for path in found]
    counts = [source.num_jets for source in sources]
    chosen = part_of(counts, _CHUNK, (0.0, min(1.0, max_jets / sum(counts))))
    jets = concatenate_jets([sources[file].read(start, stop) for file, start, stop in chosen.tolist()])
    units = UnitCheck(wanted.unit)
    units.add(jets)
    warn("data compare", units)
    labels = {key: wanted.classes.index(name) for key, name in _CLASSES.items()}
    return statistics_of_classes(jets.p4, jets.offsets, jets.label, labels)


def _load_reference(
    path: Path | None,
) -> tuple[str, Sequence[float], Mapping[str, Mapping[str, Any]], Mapping[str, int]]:
    """Name, percentiles, numbers and number of jets of a file in the layout of the packaged one."""
    from pyg_liesym.datasets.io.files import read_json

    packaged = _SAMPLES / "top_tagging_statistics.json"
    content = json.loads(packaged.read_text("utf-8")) if path is None else read_json(path)
    missing = [key for key in ("percentiles", *_CLASSES) if key not in content]
    if missing:
        raise ValueError(f"{path} lacks {missing}: expected percentiles, and for qcd and top the quantities and jets")
    name = "the reference dataset" if path is None else path.name
    numbers = {key: content[key] for key in _CLASSES}
    return name, content["percentiles"], numbers, {key: int(numbers[key].get("jets", 0)) for key in _CLASSES}
