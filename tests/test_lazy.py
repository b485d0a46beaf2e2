"""Lazy packages: names load once, are listed, and are the same for Python, type checkers and ``import *``."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import pyg_liesym
from pyg_liesym.lazy import lazy

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for path in (ROOT / "pyg_liesym").rglob("__init__.py")
    if "lazy(" in path.read_text(encoding="utf-8")
)


def statically(package: str, source: str) -> tuple[dict[str, str], dict[str, str]]:
    """The module of every name: under ``TYPE_CHECKING``, and in the table of `lazy`."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.If):
            block = {
                alias.asname or alias.name: each.module or ""
                for each in node.body
                if isinstance(each, ast.ImportFrom)
                for alias in each.names
            }
            (assignment,) = node.orelse
            assert isinstance(assignment, ast.Assign)
            assert isinstance(assignment.value, ast.Call)
            table = ast.literal_eval(assignment.value.args[1])
            return block, {name: f"{package}.{module}" for module, names in table.items() for name in names}
    raise AssertionError("no `if TYPE_CHECKING`")


def disagreements(package: str, source: str, public: list[str]) -> set[str]:
    """The names on which the block for type checkers, the table and ``__all__`` do not agree."""
    block, table = statically(package, source)
    named = {name for name in public if name != "__version__"}
    return {name for name, _ in block.items() ^ table.items()} | (named ^ block.keys())


@pytest.mark.parametrize("package", PACKAGES)
def test_three_lists_agree(package: str) -> None:
    module = import_module(package)
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert disagreements(package, source, module.__all__) == set()
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_disagreements_are_seen() -> None:
    source = (
        "if TYPE_CHECKING:\n    from a.b import X\n    from a.b import Y\n    from a.c import Z\n"
        'else:\n    __getattr__, __dir__ = lazy(__name__, {"b": ["X", "Z"]})\n'
    )
    assert disagreements("a", source, ["X", "Z"]) == {"Y", "Z"}
    assert disagreements("a", source.replace("    from a.b import Y\n", "").replace("a.c", "a.b"), ["X", "Z"]) == set()


def test_there_are_lazy_packages() -> None:
    assert {"pyg_liesym", "pyg_liesym.discovery"} <= set(PACKAGES)


def test_a_name_is_loaded_once_and_is_then_an_ordinary_one() -> None:
    code = (
        "import pyg_liesym; assert 'LieAlgebra' not in vars(pyg_liesym)\n"
        "first = pyg_liesym.LieAlgebra; assert vars(pyg_liesym)['LieAlgebra'] is first\n"
        "from pyg_liesym.discovery import *; assert LieGAN.__module__ == 'pyg_liesym.discovery.liegan'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_unknown_names_are_errors_with_a_suggestion() -> None:
    load, _ = lazy("pyg_liesym", {"lie.algebra": ["LieAlgebra"]})
    with pytest.raises(AttributeError, match="module 'pyg_liesym' has no attribute 'Algebra'") as caught:
        load("Algebra")
    assert (caught.value.name, caught.value.obj) == ("Algebra", pyg_liesym)  # what Python's suggestions go by


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_is_that_of_a_module_beside_it(package: str) -> None:
    """Whoever imports the module would put it in the place of the name."""
    folder = ROOT.joinpath(*package.split("."))
    modules = {path.stem for path in [*folder.glob("*.py"), *(one for one in folder.iterdir() if one.is_dir())]}
    assert not modules & set(import_module(package).__all__)
