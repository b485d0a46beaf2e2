"""Run the Python of a page when the documentation is built, and show under each block what it printed and drew.

A block of Python that ends in a figure shows that figure. The commands of a block ``console run`` are run in the same
folder, which is empty at first. What came out is kept in ``docs/_generated`` until the page or the package changes.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from pyg_liesym.cli.main import main

BLOCK = re.compile(r"^```(python|console run)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PACKAGE = Path(__file__).parents[2] / "pyg_liesym"


@dataclass
class Output:
    """What one block left: text, and the names and titles of figures."""

    text: str = ""
    figures: list[tuple[str, str]] = field(default_factory=list)


def run_page(page: Path, text: str, figures: Path | None = None, name: str = "") -> list[Output]:
    """Run the blocks of a page one after the other, in the folder that is current.

    Args:
        page: Where the page is, for tracebacks.
        text: The page.
        figures: Folder for the figures (default: they are not drawn).
        name: How the files of the figures begin.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    outputs = []
    for number, match in enumerate(BLOCK.finditer(text)):
        if match[1] != "python":
            outputs.append(Output(_run_commands(match[2])))
            continue
        # the line numbers of a traceback are then those of the page
        source = "\n" * text.count("\n", 0, match.start(2)) + match[2]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            value = _run_python(source, str(page), namespace)
        output = Output(printed.getvalue())
        if hasattr(value, "savefig") and figures is not None:
            file = f"{name}-{number}.png"
            value.savefig(figures / file, dpi=150, bbox_inches="tight")
            titles = [each.get_title() for each in value.axes if each.get_title()]
            output.figures.append((file, ", ".join(titles) or "What the code above draws"))
        outputs.append(output)
    return outputs


def _run_python(source: str, page: str, namespace: dict[str, Any]) -> Any:
    """Run a block and return the value of its last line, where that is an expression."""
    tree = ast.parse(source, page)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, page, "exec"), namespace)
    return None if last is None else eval(compile(ast.Expression(last.value), page, "eval"), namespace)


def _run_commands(block: str) -> str:
    """Run the lines that begin with ``$`` and return them with what they printed."""
    shown = ""
    for line in block.splitlines():
        program, *words = shlex.split(line.removeprefix("$ "))
        if program == "liesym":
            status, printed, errors = _run_liesym(words)
        else:
            done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
            status, printed, errors = done.returncode, done.stdout, done.stderr
        if status:
            raise RuntimeError(f"{line}: exit status {status}\n{errors}")
        shown += f"{line}\n{without_progress(printed)}"
    return shown


def _run_liesym(words: list[str]) -> tuple[Any, str, str]:
    """Run the command line in this process: to load torch in another takes longer than what most lines do."""
    printed, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(errors),
        mock.patch.dict(os.environ, COLUMNS="100"),
    ):
        try:
            main(words)
        except SystemExit as ended:
            return ended.code, printed.getvalue(), errors.getvalue()
    return 0, printed.getvalue(), errors.getvalue()


def without_progress(text: str) -> str:
    """What a command printed without the lines that it wrote over: progress bars."""
    return "".join(line + "\n" for line in text.split("\n") if line.strip() and "\r" not in line)


def with_outputs(text: str, outputs: list[Output]) -> str:
    """The page with every output under its block."""
    rest = iter(outputs)

    def shown(match: re.Match[str]) -> str:
        output = next(rest)
        if match[1] != "python":
            return f"```console\n{output.text}```\n"
        parts = [match[0]]
        if output.text.strip():
            parts.append(f"```{{code-block}} text\n:class: output\n\n{output.text.rstrip()}\n```\n")
        parts += [
            f"```{{image}} /_generated/{file}\n:alt: {alt}\n:class: output\n```\n" for file, alt in output.figures
        ]
        return "\n".join(parts)

    return BLOCK.sub(shown, text)


def _key(text: str) -> str:
    """Changes with the page, with this file and with any module of the package."""
    digest = hashlib.sha256(text.encode())
    for path in [Path(__file__), *sorted(PACKAGE.rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _kept_or_run(page: Path, text: str, folder: Path, name: str) -> list[Output]:
    folder.mkdir(exist_ok=True)
    record, key = folder / f"{name}.json", _key(text)
    if record.exists():
        kept = json.loads(record.read_text(encoding="utf-8"))
        if kept["key"] == key:
            return [Output(**each) for each in kept["outputs"]]
    print(f"running the code of {page.name}", file=sys.stderr)
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            outputs = run_page(page, text, folder, name)
        finally:
            os.chdir(home)
    record.write_text(json.dumps({"key": key, "outputs": [asdict(each) for each in outputs]}), encoding="utf-8")
    return outputs


def _on_source_read(app: Any, docname: str, source: list[str]) -> None:
    page = Path(app.env.doc2path(docname))
    if page.suffix == ".md" and BLOCK.search(source[0]):
        folder = Path(app.srcdir) / "_generated"
        outputs = _kept_or_run(page, source[0], folder, docname.replace("/", "-"))
        source[0] = with_outputs(source[0], outputs)


def setup(app: Any) -> dict[str, bool]:
    """Make this file an extension of Sphinx."""
    app.connect("source-read", _on_source_read)
    return {"parallel_read_safe": True}
