"""Write the reference: a page for every package, and one for every public class and function, from ``__all__``."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pyg_liesym

# Names without a docstring of their own: aliases of types, tables, the version.
_CONSTANT = "autodata"


def packages() -> list[str]:
    """Every package that shows names of its own: shallow ones first, for they are where a name is documented."""
    found = [module.name for module in pkgutil.walk_packages(pyg_liesym.__path__, "pyg_liesym.") if module.ispkg]
    found = [name for name in found if getattr(import_module(name), "__all__", ())]
    # The front door comes last: its names belong to packages.
    return [*sorted(found, key=lambda name: (name.count("."), name)), "pyg_liesym"]


def public(package: ModuleType) -> list[str]:
    """The names of a package that get a page; ``__version__`` does not."""
    return [name for name in package.__all__ if not name.startswith("__")]


def homes() -> dict[str, str]:
    """Where each public name of each package is documented, both dotted: ``nn.models.EGNN`` is at ``nn.EGNN``."""
    first: dict[int, str] = {}
    found = {}
    for package in packages():
        module = import_module(package)
        for name in public(module):
            value = getattr(module, name)
            dotted = f"{package}.{name}"
            own = dotted if _directive(value) == _CONSTANT else first.setdefault(id(value), dotted)
            found[dotted] = own
    return found


def _directive(value: object) -> str:
    return "autoclass" if inspect.isclass(value) else "autofunction" if callable(value) else _CONSTANT


def _title(text: str) -> list[str]:
    return [text, "=" * len(text), ""]


def first_sentence(value: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


def entry_page(dotted: str) -> str:
    """The page of one class or function."""
    package, _, name = dotted.rpartition(".")
    value = getattr(import_module(package), name)
    directive = _directive(value)
    options = ["   :members:", "   :show-inheritance:"] if directive == "autoclass" else []
    return "\n".join([*_title(name), f".. currentmodule:: {package}", "", f".. {directive}:: {name}", *options, ""])


def package_page(package: str, where: dict[str, str]) -> str:
    """The page of a package: what it is for, and a table of its names."""
    module: ModuleType = import_module(package)
    page = [*_title(package), f".. automodule:: {package}", "", ".. list-table::", "   :widths: 30 70", ""]
    for name in public(module):
        value, home = getattr(module, name), where[f"{package}.{name}"]
        text = "" if _directive(value) == _CONSTANT else first_sentence(value)
        page += [f"   * - :py:obj:`{name} <{home}>`", f"     - {text}"]
    own = [f"{package}.{name}" for name in public(module) if where[f"{package}.{name}"] == f"{package}.{name}"]
    files = [file_of(dotted) for dotted in own]
    return "\n".join([*page, "", ".. toctree::", "   :hidden:", "", *(f"   {file}" for file in files), ""])


def file_of(dotted: str) -> str:
    """The page of a name. ``Roc`` and ``roc`` must not meet on a disk that takes capitals for small letters."""
    package, _, name = dotted.rpartition(".")
    others = {each.lower() for each in import_module(package).__all__ if each != name}
    return f"{dotted}-function" if name.islower() and name in others else dotted


def write_reference(folder: Path) -> None:
    """Write all pages, and remove those of names that are no more.

    Args:
        folder: Where to; only pages that changed are touched, so that Sphinx reads only these again.
    """
    where = homes()
    tree = [
        "Packages",
        "========",
        "",
        ".. toctree::",
        "   :maxdepth: 1",
        "",
        *(f"   {name}" for name in packages()),
        "",
    ]
    pages = {"index": "\n".join(tree)}
    pages |= {package: package_page(package, where) for package in packages()}
    pages |= {file_of(home): entry_page(home) for home in dict.fromkeys(where.values())}
    write_pages(folder, pages)


def write_pages(folder: Path, pages: dict[str, str]) -> None:
    """Make a folder hold these pages and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / f"{name}.rst"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
