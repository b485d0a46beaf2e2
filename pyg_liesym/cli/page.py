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
:root { color-scheme: light dark; --ink: #1d2228; --soft: #5a636e; --line: #d5dae0; --wash: #f4f6f8; --page: #fff;
  --mark: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #9aa5b1; --line: #3a424b; --wash: #20262c;
  --page: #15191d; --mark: #79b8ff; } img { background: #fff; border-radius: 4px; } }
body { font: 17px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 2rem 1.1rem 4rem;
  color: var(--ink); background: var(--page); overflow-wrap: break-word; }
h1 { font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.2; margin: .2rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin-top: 2.6rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
.about { color: var(--soft); margin: 0; font-size: .95rem; }
.scroll { overflow-x: auto; margin: 1.2rem 0; }
table { border-collapse: collapse; font-size: .95rem; min-width: 100%; }
th, td { padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; } td { font-variant-numeric: tabular-nums; }
figure { margin: 1.8rem 0; } img { max-width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .92rem; margin-top: .4rem; }
pre { background: var(--wash); padding: .9rem; font-size: .84rem; line-height: 1.5; overflow-x: auto; }
details { margin-top: 2rem; } summary { cursor: pointer; color: var(--mark); }
"""


class Page:
    """Collects the parts of a report and writes them as ``index.html`` beside its pictures.

    Args:
        folder: Folder of the report; made if missing.
        title: Heading of the page: the answer. It may be set until the page is written.
        about: What the page is about, a line above the heading.

    Attributes:
        title: As above.
    """

    def __init__(self, folder: Path, title: str, about: str = "") -> None:
        self.folder, self.title, self.about = folder, title, about
        self.folder.mkdir(parents=True, exist_ok=True)
        self._parts: list[str] = []
        self._folded: list[str] = []

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{html.escape(text)}</p>")

    def folded(self, title: str, text: str) -> None:
        """Keep lines as they are for the end of the page, where they unfold."""
        self._folded.append(f"<details><summary>{html.escape(title)}</summary><pre>{html.escape(text)}</pre></details>")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table."""
        lines = [_row("th", header), *(_row("td", row) for row in rows)]
        self._parts.append(f'<div class="scroll"><table>{"".join(lines)}</table></div>')

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """Save a picture as ``name.png`` and show it with a caption that says what to look for."""
        save_figure(self.folder / f"{name}.png", figure)
        text = html.escape(caption)
        self._parts.append(f'<figure><img src="{name}.png" alt="{text}"><figcaption>{text}</figcaption></figure>')

    def write(self) -> Path:
        """Write the page, under a temporary name until it is whole, and return its path."""
        body = "\n".join([*self._parts, *self._folded])
        title = html.escape(self.title)
        about = f'<p class="about">{html.escape(self.about)}</p>' if self.about else ""
        page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
            f"<style>{_STYLE}</style></head><body>{about}<h1>{title}</h1>\n{body}\n</body></html>\n"
        )
        path = self.folder / "index.html"
        with whole_file(path) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
        return path


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
