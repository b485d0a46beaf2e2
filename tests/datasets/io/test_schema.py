"""A schema as a value and as a YAML file."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from pyg_liesym.datasets.io.schema import JetSchema

PT = {"pt": "a_pt", "eta": "a_eta", "phi": "a_phi"}
FULL = JetSchema(
    ("b", "light"), {5: "b", 0: "light"}, "Events", ("charge",), "w", momentum={**PT, "m": 0.14}, unit="MeV",
    axis={"pt": "j_pt", "eta": "j_eta", "phi": "j_phi", "m": "j_m"}, mask="ok", count="n", label="flavour",
    jets="j_pt", take=2, links={"jet": "l_j", "constituent": "l_c"},
)  # fmt: skip


@pytest.mark.parametrize(
    "schema",
    [
        JetSchema(),
        JetSchema(("a",), labelled=False, strict=False),
        FULL,
        JetSchema(momentum=PT),
        JetSchema(("a", "b"), momentum=PT, label={"a": "is_a", "b": "is_b"}),
        JetSchema(momentum={"E": "E_*", "px": "array[:, 1]", "py": "1", "pz": "a: b"}, label="µ", labelled=False),
    ],
)
def test_yaml_and_back(schema: JetSchema, tmp_path: Path) -> None:
    assert JetSchema.load(schema.save(tmp_path / "new" / "schema.yaml")) == schema


def test_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "tree: Events\nmomentum: {pt: PF_pt, eta: PF_eta, phi: PF_phi, m: 0}\nweight:\n"
        "label: flavour\njet_labels: {0: light, 4: light, 5: b}\n"
    )
    schema = JetSchema.load(tmp_path / "a.yaml")
    assert schema.classes == ("light", "b")
    assert schema.momentum == {"pt": "PF_pt", "eta": "PF_eta", "phi": "PF_phi", "m": 0}
    assert schema.labelled
    assert not replace(schema, labelled=False).labelled


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("momentun: {pt: a}", "there is no field 'momentun'; did you mean 'momentum'?"),
        ("nothing_like_it: 3", "there is no field 'nothing_like_it'; the fields are classes, jet_labels, tree"),
        ("- a\n- b", r"expected the fields of a schema, `momentum: …`, got \['a', 'b'\]"),
        ("", "expected the fields of a schema"),
        ("momentum: [pt, eta]", r"momentum must be names with a colon behind each, got \['pt', 'eta'\]"),
        ("momentum: {pt: a, eta: b}", "momentum: expected the components E, px, py, pz; .*, got pt, eta"),
        ("momentum: {pt: a, eta: b, phi: c, mass: d}", "momentum: expected the components .*, got pt, eta, phi, mass"),
        ("momentum: {pt: a, eta: b, pz: e, phi: c}", "expected the components"),
        ("momentum: {pt: 3, eta: b, phi: c}", "momentum: pt must be the name of a column, got 3"),
        ("momentum: {pt: a, eta: [b], phi: c}", r"momentum must have names, got \['b'\]"),
        ("momentum: {pt: a, eta: '???', phi: c}", r"momentum: eta is still \?\?\?: fill in a column"),
        ("momentum: {pt: a, eta: b, phi: c}\nlabel: '???'", r"label is still \?\?\?"),
        ("unit: KeV", "unit must be MeV, GeV, TeV, got 'KeV'"),
        ("unit: 3", "unit must be a name, got 3"),
        ("label: a", "`label` belongs to files that are read by `momentum`: name its columns too"),
        ("tree: [a]", r"tree must be a name, got \['a'\]"),
        ("classes: QCD", "classes must be a list, got 'QCD'"),
        ("classes: [QCD, QCD]", "classes must have every name once"),
        ("classes: [0, 1]", "classes must have names, got 0: put numbers that are names in quotes"),
        ("jet_labels: {a: b}", r"jet_labels must name a class for each whole number, got \['a'\]"),
        ("labelled: maybe", "labelled must be true or false, got 'maybe'"),
        ("momentum: {pt: a, eta: b, phi: c}\njets: x\ntake: true", "take must be a number, got True"),
        ("momentum: {pt: a, eta: b, phi: c}\njets: x\ntake: 0", "take must be at least 1, got 0"),
        ("momentum: {pt: a, eta: b, phi: c}\ntake: 2", "`take` is of rows that are events"),
        ("momentum: {pt: a, eta: b, phi: c}\nlinks: {jet: a}", "`links` is of rows that are events"),
        ("momentum: {pt: a, eta: b, phi: c}\njets: x\nlinks: {jets: a}", "links must name jet, constituent or both"),
        ("momentum: {pt: a, eta: b, phi: c}\njets: x\nlinks: {begin: a}", "links must name .* or begin and end, got"),
        ("momentum: {pt: a, eta: b, phi: c}\njets: x\nlinks: {}", "links must name .* or begin and end, got none"),
        ("momentum: {pt: a, eta: b, phi: c}\naxis: {pt: a, eta: b, phi: c}", "axis: jets have a mass: expected E or m"),
        ("momentum: {pt: a, eta: b, phi: c}\nlabel: {a: x}\nclasses: [a, b]", "label must name a flag for each of"),
        ("momentum: {pt: a, eta: b, phi: c}\nlabel: {QCD: x, top: x}", "label must name a flag of its own for each"),
        ("unit: MeV\nunit: GeV", "expected every name once, got 'unit' twice from line 1 on"),
        ("momentum: {pt: a, pt: d, eta: b, phi: c}", "expected every name once, got 'pt' twice"),
        ("jet_labels: {0: a, 0: b}", "expected every name once, got 0 twice"),
        ("unit: !!python/object/apply:os.getcwd []", "is not a complete YAML file: ConstructorError"),
        ("a: b: c", "is not a complete YAML file: ScannerError"),
    ],
)
def test_bad_files(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"a\.yaml.*{says}") as caught:
        JetSchema.load(path)
    assert "\n" not in str(caught.value)


def test_other_encodings_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"tree: caf\xe9\n")
    with pytest.raises(ValueError, match=r"a\.yaml is not a complete YAML file: UnicodeDecodeError"):
        JetSchema.load(tmp_path / "a.yaml")
    with pytest.raises(FileNotFoundError, match=r"no file .*b\.yaml of a schema: `liesym data info FILE` proposes one"):
        JetSchema.load(tmp_path / "b.yaml")


@pytest.mark.parametrize(
    ("words", "says"),
    [({"unit": "keV"}, "unit must be"), ({"classes": ()}, "at least one name"), ({"mask": "ok"}, "`mask` belongs to")],
)
def test_bad_values(words: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        JetSchema(**words)


def test_a_few_lines_that_nest_to_billions_of_entries(tmp_path: Path) -> None:
    nested = "&a0 [x, x, x, x, x, x, x, x, x, x]"
    for i in range(1, 10):
        nested = f"&a{i} [{nested}{f', *a{i - 1}' * 9}]"
    (tmp_path / "a.yaml").write_text(f"classes: [{nested}]\n")
    with pytest.raises(ValueError, match="classes must have names, got") as caught:
        JetSchema.load(tmp_path / "a.yaml")
    assert len(str(caught.value)) < 400


def test_merged_fields_are_no_repetition(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("<<: {unit: MeV, tree: a}\ntree: b\n")
    assert JetSchema.load(tmp_path / "a.yaml") == JetSchema(unit="MeV", tree="b")


def test_the_example_of_the_tutorial(tmp_path: Path) -> None:
    """It has every field, each with a value that fits the others."""
    page = (Path(__file__).parents[3] / "docs" / "tutorials" / "own_files.md").read_text("utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "a.yaml").write_text(text)
    schema = JetSchema.load(tmp_path / "a.yaml")
    left_out = {field.name for field in fields(schema)} - {line.split(":")[0] for line in text.splitlines()}
    assert left_out == {"labelled", "strict"}
