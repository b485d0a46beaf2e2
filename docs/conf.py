"""Sphinx configuration. ``make docs`` builds with warnings as errors and without a network."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pyg_liesym
from pyg_liesym.cli.main import usage

HERE = Path(__file__).parent

project = "pyg_liesym"
author = "The pyg_liesym developers"
copyright = f"2026, {author}"
release = version = pyg_liesym.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"pyg_liesym {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = "$ "

default_role = "py:obj"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Shapes", "notes_style"), ("Units", "notes_style"), ("Law", "notes_style")]


def packages() -> list[str]:
    """Every package that shows names of its own, shallow ones first."""
    found = pkgutil.walk_packages(pyg_liesym.__path__, "pyg_liesym.")
    return sorted((module.name for module in found if module.ispkg), key=lambda name: (name.count("."), name))


def entry(package: ModuleType, name: str) -> str:
    """The autodoc directive of one public name."""
    value = getattr(package, name)
    kind = "autoclass" if inspect.isclass(value) else "autofunction" if callable(value) else "autodata"
    options = ["   :members:", "   :show-inheritance:"] if kind == "autoclass" else []
    return "\n".join([f".. {kind}:: {package.__name__}.{name}", *options, ""])


def write_reference(folder: Path) -> None:
    """Write one page for each package from its ``__all__``, so that the reference can never miss a name."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.rst"):
        old.unlink()
    seen: set[int] = set()
    for dotted in packages():
        package = import_module(dotted)
        names = [name for name in getattr(package, "__all__", ()) if id(getattr(package, name)) not in seen]
        seen |= {id(getattr(package, name)) for name in names}
        if not names:
            continue
        page = [
            dotted,
            "=" * len(dotted),
            "",
            f".. automodule:: {dotted}",
            "",
            f".. currentmodule:: {dotted}",
            "",
        ]
        page += [entry(package, name) for name in names]
        (folder / f"{dotted}.rst").write_text("\n".join(page), encoding="utf-8")


def write_commands(file: Path) -> None:
    """Write the page of the console command from its own help."""
    text = "\n".join(f"   {line}".rstrip() for line in usage().splitlines())
    title = "The command liesym"
    file.write_text(f"{title}\n{'=' * len(title)}\n\n.. code-block:: text\n\n{text}\n", encoding="utf-8")


write_reference(HERE / "reference" / "api")
write_commands(HERE / "reference" / "api" / "liesym.rst")
