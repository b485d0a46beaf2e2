"""Every ``__all__`` is complete: what a file is named after is public, and so is what the pages speak of."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
HEADINGS = ("| layer, method, data | paper | file |", "\n\n")
# What files are named after and only the package itself uses, and why.
INTERNAL = {
    "ArrayJets": "chosen by open_jet_file",
    "Bounds": "where graphs begin and end, for the kernels of a GPU",
    "Density": "asked by find_symmetry",
    "EdgeMap": "the maps of an edge, inside the layers of pairs",
    "Ephemeris": "read by SolarSystem",
    "FlowTerms": "what flow_symmetries fits",
    "FlowWindows": "the base of the data sets of flows",
    "JetDataModule": "the base of the data modules of jets",
    "JetDataset": "the base of the data sets of jets",
    "JetRows": "rows of a file made into jets, for open_jet_file",
    "JetSummary": "what `liesym data info` prints",
    "Law": "asked by find_symmetry",
    "MappedJets": "chosen by open_jet_file",
    "PackedGraphs": "the storage behind PackedLoader",
    "PairConv": "the base of the layers of pairs of vectors",
    "PandasTable": "a file as columns, for open_jet_file",
    "ParquetTable": "a file as columns, for open_jet_file",
    "Plan": "what a kernel of a GPU is compiled for",
    "Places": "where constituents lie, for open_jet_file",
    "Proposal": "what `liesym data info` proposes",
    "Question": "the base of Law, Support and Density",
    "RootTable": "a file as columns, for open_jet_file",
    "RootWriter": "chosen by jet_writer",
    "ScalingConv2d": "the base of the convolutions with scalings",
    "ScoreWriter": "what `liesym tag` writes through",
    "SpurionNet": "the base of the networks with learned reference vectors",
    "SumConv": "the base of layers that sum the messages of sorted edges",
    "Support": "asked by find_symmetry",
    "TrainingRange": "what `liesym tag` checks jets by",
    "Trial": "judges a question for find_symmetry",
    "UnitCheck": "what commands check the unit of jets by",
    "VirtualNodes": "inside the networks that take `virtual_nodes`",
    "Yardstick": "what a Trial measures breakings by",
}


def dotted(path: Path) -> str:
    """The name of a module or package, as seen from the package."""
    return ".".join((path.parent if path.stem == "__init__" else path.with_suffix("")).relative_to(ROOT).parts[1:])


def public() -> dict[str, list[str]]:
    """The ``__all__`` of every package that has one."""
    packages = (dotted(path) for path in sorted((ROOT / "pyg_liesym").rglob("__init__.py")))
    modules = {name: import_module(f"pyg_liesym.{name}" if name else "pyg_liesym") for name in packages}
    return {name: list(module.__all__) for name, module in modules.items() if hasattr(module, "__all__")}


PUBLIC = public()
NAMES = {name for names in PUBLIC.values() for name in names}


def definitions(path: Path) -> list[str]:
    """The public classes and functions that a module defines."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = [node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return [name for name in found if not name.startswith("_")]


def namesake(path: Path) -> str | None:
    """The class that a module is named after: ``lie_algebra.py`` after ``LieAlgebra``."""
    stem = path.stem.replace("_", "")
    return next((name for name in definitions(path) if name[0].isupper() and name.lower() == stem), None)


def hidden() -> dict[str, str]:
    """What files are named after without its being in the ``__all__`` of a package, by name; the commands aside."""
    found = {}
    for path in sorted((ROOT / "pyg_liesym").rglob("*.py")):
        package, name = dotted(path.parent / "__init__.py"), namesake(path)
        # A room without a front of its own shows its names in that of the package around it.
        front = package if package in PUBLIC else package.rpartition(".")[0]
        if name is not None and name not in PUBLIC.get(front, ()) and package.split(".")[0] != "cli":
            found[name] = dotted(path)
    return found


def test_what_a_file_is_named_after_is_public() -> None:
    assert {name: module for name, module in hidden().items() if name not in INTERNAL} == {}


def test_every_excuse_is_needed() -> None:
    assert INTERNAL.keys() - hidden().keys() == set()


@pytest.mark.parametrize("package", [name for name in PUBLIC if name])
def test_names_exist_and_are_listed_once(package: str) -> None:
    module = import_module(f"pyg_liesym.{package}")
    assert [name for name in PUBLIC[package] if getattr(module, name, None) is None] == []
    assert len(PUBLIC[package]) == len(set(PUBLIC[package]))
    assert set(PUBLIC[package]) <= set(dir(module))


def test_classes_in_the_pages_are_public() -> None:
    ours = {name for path in (ROOT / "pyg_liesym").rglob("*.py") for name in definitions(path) if name[0].isupper()}
    spoken = {word for page in PAGES for word in re.findall(r"`(\w+)(?:\([^`]*\))?`", page.read_text(encoding="utf-8"))}
    assert spoken & NAMES
    assert sorted(spoken & ours - NAMES) == []


def test_the_table_of_the_readme_and_the_public_names_agree() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start, end = HEADINGS
    table = text[text.index(start) :].split(end)[0]
    named = set(
        re.findall(r"`([A-Z]\w+|assert_\w+|find_\w+)`", " ".join(line.split("|")[1] for line in table.splitlines()))
    )
    assert sorted(name for name in named if name not in NAMES) == []
    wanted = {*PUBLIC[""], *PUBLIC["nn.conv"], *PUBLIC["datasets"]} - {"__version__"}
    assert sorted(wanted - named) == []
