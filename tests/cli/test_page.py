from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from pyg_liesym.cli.page import Page


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    page = Page(tmp_path / "deep" / "folder", "A title")
    page.heading("First")
    page.text("Words.")
    page.table(("metric", "AUC"), [("J", "0.9"), ("I", "0.8")])
    figure = Figure()
    figure.subplots().plot([0, 1])
    page.figure("line", figure, "A line that rises.")
    page.folded("The log", "step 1")
    page.heading("Last")
    page.title = "An answer"
    path = page.write()
    assert path == tmp_path / "deep" / "folder" / "index.html"
    text = path.read_text(encoding="utf-8")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "<h1>An answer</h1>" in text
    assert text.index("<h2>Last</h2>") < text.index("<details><summary>The log</summary><pre>step 1</pre></details>")
    assert "http" not in text  # readable offline
    assert "<h2>First</h2>\n<p>Words.</p>" in text
    assert "<tr><th>metric</th><th>AUC</th></tr><tr><td>J</td><td>0.9</td></tr>" in text
    assert '<img src="line.png" alt="A line that rises.">' in text
    assert (path.parent / "line.png").read_bytes().startswith(b"\x89PNG")


def test_everything_is_escaped(tmp_path: Path) -> None:
    evil = '<script>"&'
    page = Page(tmp_path, evil)
    page.heading(evil)
    page.text(evil)
    page.about = evil
    page.folded(evil, evil)
    page.table((evil,), [(evil,)])
    page.figure("empty", Figure(), evil)
    text = page.write().read_text(encoding="utf-8")
    assert "<script" not in text
    assert text.count("&lt;script&gt;&quot;&amp;") == 11


def test_a_page_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Page(tmp_path, "first").write().read_text()

    def fail(source: Any, target: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="no space"):
            Page(tmp_path, "second").write()
    assert (tmp_path / "index.html").read_text() == first
    Page(tmp_path, "third").write()
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
