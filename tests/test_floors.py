"""The law of the floors: imports only go down, siblings keep apart, nothing comes back through a package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = (
    {"typing", "writing"},
    {"lie"},
    {"field", "metrics"},
    {"nn", "discovery", "datasets", "transforms"},
    {"systems", "plot", "testing"},
    {"cli"},
)
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}
TOP = "pyg_liesym"


def imported(path: Path, root: Path) -> Iterator[tuple[int, str, str | None]]:
    """Yields (line, module, name) for every import inside the package; ``import module`` has no name."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == TOP:
                    yield node.lineno, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module or ""]))
            if module.split(".")[0] == TOP:
                for alias in node.names:
                    yield node.lineno, module, alias.name


def resolve(root: Path, module: str, name: str | None) -> tuple[str, bool]:
    """The module that an import statement reaches, and whether it is a package."""
    candidates = [module] if name is None else [f"{module}.{name}", module]
    for dotted in candidates:
        path = root / dotted.replace(".", "/")
        if path.is_dir() or path.with_suffix(".py").exists():
            return dotted, path.is_dir()
    return module, False


def violations(root: Path) -> list[str]:
    """Every import of the package at ``root / "pyg_liesym"`` that breaks the law, as readable lines."""
    found = []
    for path in sorted((root / TOP).rglob("*.py")):
        where = path.relative_to(root)
        *package, stem = where.with_suffix("").parts
        if (*package, stem) == (TOP, "__init__"):
            continue  # the front door: it shows names of every floor
        own = (*package, stem)[1]
        if own not in FLOOR:
            found.append(f"{where}: {own} has no floor; give it one here and in docs/architecture.md")
            continue
        for line, module, name in imported(path, root):
            target, is_package = resolve(root, module, name)
            shows_its_own = stem == "__init__" and target.startswith(".".join(package))
            if is_package and name != "__version__" and not shows_its_own:
                found.append(f"{where}:{line}: import from the module that defines it, not through {target}")
            other = target.partition(".")[2].partition(".")[0]
            if other not in ("", own) and FLOOR.get(other, len(FLOORS)) >= FLOOR[own]:
                level = "the same floor" if FLOOR.get(other) == FLOOR[own] else "a floor above"
                found.append(f"{where}:{line}: {own} imports {target}, which is on {level}")
    return found


def test_imports_only_go_down() -> None:
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("lie/algebra.py", "from pyg_liesym.nn.conv.x import X", "on a floor above"),
        ("lie/algebra.py", "def f():\n    import pyg_liesym.cli.main", "on a floor above"),
        ("nn/conv/y.py", "from pyg_liesym.discovery.gan import Gan", "on the same floor"),
        ("nn/conv/y.py", "from ...discovery.gan import Gan", "on the same floor"),
        ("nn/__init__.py", "from pyg_liesym.discovery.gan import Gan", "on the same floor"),
        ("nn/conv/y.py", "from pyg_liesym.nn.conv import X", "not through pyg_liesym.nn.conv"),
        ("nn/conv/y.py", "from pyg_liesym.nn import conv", "not through pyg_liesym.nn.conv"),
        ("nn/conv/y.py", "from pyg_liesym import LieAlgebra", "not through pyg_liesym"),
        ("nn/conv/y.py", "import pyg_liesym.lie", "not through pyg_liesym.lie"),
        ("nn/__init__.py", "from pyg_liesym.lie import LieAlgebra", "not through pyg_liesym.lie"),
        ("extra/z.py", "import torch", "has no floor"),
        ("nn/conv/y.py", "from pyg_liesym.lie.algebra import LieAlgebra", None),
        ("nn/conv/y.py", "import pyg_liesym.lie.algebra", None),
        ("nn/conv/y.py", "from pyg_liesym.lie import algebra", None),
        ("nn/conv/y.py", "from .x import X", None),
        ("nn/__init__.py", "from pyg_liesym.nn.conv import X", None),
        ("cli/main.py", "from pyg_liesym import __version__", None),
        ("cli/main.py", "from pyg_liesym.nn.conv.x import X", None),
        ("lie/algebra.py", "import torch\nfrom scipy.linalg import expm", None),
    ],
)
def test_checker_catches(tmp_path: Path, module: str, source: str, complaint: str | None) -> None:
    for name in ("__init__", "lie/__init__", "lie/algebra", "nn/__init__", "nn/conv/__init__", "nn/conv/x",
                 "discovery/__init__", "discovery/gan", "cli/__init__", "cli/main"):  # fmt: skip
        file = tmp_path / TOP / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    file = tmp_path / TOP / module
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    found = violations(tmp_path)
    if complaint is None:
        assert found == []
    else:
        assert len(found) == 1
        assert complaint in found[0]
