"""Sphinx configuration. ``make docs`` builds with warnings as errors and without a network."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from commands import write_commands  # noqa: E402
from reference import write_reference  # noqa: E402

import pyg_liesym  # noqa: E402

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
    "outputs",
]
exclude_patterns = ["_build", "_ext", "_generated"]
html_theme = "furo"
html_title = f"pyg_liesym {version}"

# Formulas are drawn by a script that is part of the pages: they need no network. One file, the glyphs included.
mathjax = find_spec("sphinx-mathjax-offline")
assert mathjax is not None
assert mathjax.origin is not None
html_static_path = ["_static", str(Path(mathjax.origin).parent / "static" / "mathjax" / "tex-svg.js")]
mathjax_path = "tex-svg.js"
html_css_files = ["custom.css"]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = "$ "
copybutton_selector = "div:not(.output) > div.highlight > pre"

default_role = "py:obj"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Shapes", "notes_style"), ("Units", "notes_style"), ("Law", "notes_style")]

write_reference(HERE / "reference" / "api")
write_commands(HERE / "reference" / "commands")
