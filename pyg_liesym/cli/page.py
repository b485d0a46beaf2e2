"""A report: one page with words, tables and pictures, in a folder that can be sent to somebody."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyg_liesym.cli.files import save_figure
from pyg_liesym.writing import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.4rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .35rem .8rem; border: 1px solid #ccc; }
th { background: #f3f3f3; text-align: left; } td { font-variant-numeric: tabular-nums; }
figure { margin: 1.2rem 0; } img { max-width: 100%; } figcaption { color: #555; font-size: .92rem; }
pre { background: #f6f6f6; padding: .8rem; white-space: pre-wrap; }
"""


class Page:
    """Collects the parts of a report and writes them as ``index.html`` beside its pictures.

    Args:
        folder: Folder of the report; made if missing.
        title: Heading of the page.
    """

    def __init__(self, folder: Path, title: str) -> None:
        self.folder, self.title = folder, title
        self.folder.mkdir(parents=True, exist_ok=True)
        self._parts: list[str] = []

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{html.escape(text)}</p>")

    def verbatim(self, text: str) -> None:
        """Add lines as they are."""
        self._parts.append(f"<pre>{html.escape(text)}</pre>")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table."""
        lines = [_row("th", header), *(_row("td", row) for row in rows)]
        self._parts.append(f"<table>{''.join(lines)}</table>")

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """Save a picture as ``name.png`` and show it with a caption that says what to look for."""
        save_figure(self.folder / f"{name}.png", figure)
        text = html.escape(caption)
        self._parts.append(f'<figure><img src="{name}.png" alt="{text}"><figcaption>{text}</figcaption></figure>')

    def write(self) -> Path:
        """Write the page, under a temporary name until it is whole, and return its path."""
        body = "\n".join(self._parts)
        title = html.escape(self.title)
        page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>\n{body}\n</body></html>\n"
        )
        path = self.folder / "index.html"
        with whole_file(path) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
        return path


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
