"""The Python in the README and in the documentation runs, page by page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyg_liesym.cli.main import usage

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Every page with Python in it."""
    candidates = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in candidates if BLOCK.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    namespace = {"__name__": "__main__"}
    for match in BLOCK.finditer(text):
        # the line numbers of a traceback are then those of the page
        source = "\n" * text.count("\n", 0, match.start(1)) + match[1]
        exec(compile(source, str(page), "exec"), namespace)


def test_readme_example_is_short() -> None:
    example = BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert example is not None
    assert len([line for line in example[1].splitlines() if line.strip()]) <= 15


def typed(program: str) -> list[str]:
    """The first word after a program wherever a page shows it being typed."""
    texts = (page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])
    return [word for text in texts for word in re.findall(rf"^\$ {program} (\S+)", text, re.MULTILINE)]


def test_commands_exist() -> None:
    words = set(typed("liesym"))
    assert words
    assert words <= set(re.findall(r"^  (\w+)", usage(), re.MULTILINE))


def test_make_targets_exist() -> None:
    words = set(typed("make"))
    assert {"demo", "test"} <= words
    assert words <= set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
