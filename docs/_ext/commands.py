"""Write a page for every command of ``liesym`` from what ``--help`` says."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import sys
import textwrap
from pathlib import Path
from unittest import mock

import lightning as L
from reference import write_pages

from pyg_liesym import systems
from pyg_liesym.cli.main import main, usage
from pyg_liesym.cli.train_help import SUBCOMMANDS, train_help

_OPTION = re.compile(r"^  (\S.*?)(?:\s{2,}(\S.*))?$")
_TITLE = re.compile(r"^(\S.*):$")


def help_of(words: list[str]) -> str:
    """What a command answers to ``--help``, every paragraph on one line."""
    written = io.StringIO()
    with (
        mock.patch.dict(os.environ, {"COLUMNS": "100000"}),
        mock.patch.object(sys, "argv", ["liesym", *words]),
        contextlib.redirect_stdout(written),
        contextlib.suppress(SystemExit),
    ):
        main(words)
    return written.getvalue()


def commands() -> dict[str, str]:
    """The commands and what ``liesym --help`` says about each."""
    return dict(re.findall(r"^  (\w+) +(\S.*)$", usage(), re.MULTILINE))


def subcommands(text: str) -> list[str]:
    """The subcommands that a help lists."""
    listed = re.search(r"^(?:sub)?commands:\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^ {2,4}([a-z][\w-]*) {2,}\S", listed[1], re.MULTILINE) if listed else []


def escaped(text: str) -> str:
    """Help text as reStructuredText: words in backticks are code, everything else is plain."""
    text = re.sub(r":(?:class|func|meth|mod):`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    text = re.sub(r"<class '([\w.]+)'>", r"\1", text)
    parts = re.split(r"(``[^`]+``|`[^`]+`)", text)
    return "".join(
        f"``{part.strip('`')}``" if part.startswith("`") else re.sub(r"([\\*`|_])", r"\\\1", part) for part in parts
    )


def options(text: str) -> list[str]:
    """The option lists of a help as lines of reStructuredText."""
    lines: list[str] = []
    text = re.sub(r"^  -h, --help .*\n", "", text, flags=re.MULTILINE).replace(" [=", "[=")
    for line in text.splitlines():
        option, title = _OPTION.match(line), _TITLE.match(line)
        if line.startswith("    ") and line.strip():
            lines += ["", f"   {escaped(line.strip())}"]
        elif option:
            lines += ["", f".. option:: {option[1]}"] + (["", f"   {escaped(option[2])}"] if option[2] else [])
        elif title and not title[1].endswith("options"):
            lines += ["", f".. rubric:: {escaped(title[1].replace('positional arguments', 'Arguments'))}"]
    return lines


def section(words: list[str], mark: str) -> list[str]:
    """One command or subcommand: its usage, its sentence and its options."""
    text = help_of([*words, "--help"])
    title = f"liesym {' '.join(words)}"
    call, _, rest = text.removeprefix("usage: ").partition("\n\n")
    called = textwrap.wrap(call, 76, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    lines = [title, mark * len(title), "", f".. program:: {title}", "", ".. code-block:: text", "   :class: usage", ""]
    lines += [f"   {line}" for line in called] + [""]
    if not _TITLE.match(rest.partition("\n")[0]):
        said, _, rest = rest.partition("\n\n")
        lines += [escaped(" ".join(said.split())), ""]
        # a group of options without a title is headed by the same sentence
        rest = rest.replace(f"\n{' '.join(said.split())}:\n", "\n")
    names = subcommands(text)
    if names:
        rest = re.sub(r"^(?:sub)?commands:\n.*?(?=^\S|\Z)", "", rest, flags=re.MULTILINE | re.DOTALL)
    lines += [*options(rest), ""]
    for name in names:
        lines += section([*words, name], "-")
    return lines


def training(name: str) -> list[str]:
    """A command that trains or uses a checkpoint: its first screen and every option."""
    title = f"liesym {name}"
    first = [f"   {line}".rstrip() for line in train_help(name).splitlines()]
    lines = [title, "=" * len(title), "", SUBCOMMANDS[name], "", ".. code-block:: text", "", *first, ""]
    said, _, rest = help_of([name, "--help-all"]).partition("\n\n")[2].partition("\n\n")
    rest = rest.replace(f"\n{said}:\n", "\ncheckpoint:\n")  # a group without a title has this sentence for one
    return [*lines, "Every option", "-" * 12, "", f".. program:: {title}", "", *options(rest), ""]


def settings_of_classes() -> list[str]:
    """The options of the systems and the data that ``fit`` and its siblings take."""
    lines = []
    for option, kind in {"--model": L.LightningModule, "--data": L.LightningDataModule}.items():
        for name in systems.__all__:
            value = getattr(systems, name)
            if not (inspect.isclass(value) and issubclass(value, kind)):
                continue
            title = f"{option} {name}"
            text = help_of(["fit", f"{option}.help", name])
            lines += [title, "-" * len(title), "", f".. program:: liesym fit {title}", ""]
            lines += [f":py:obj:`pyg_liesym.systems.{name}`", *options(text.partition("\n\n")[2]), ""]
    return lines


def write_commands(folder: Path) -> None:
    """Write the pages, and an overview from ``liesym --help``."""
    pages = {name: "\n".join(training(name) if name in SUBCOMMANDS else section([name], "=")) for name in commands()}
    pages["fit"] += "\n" + "\n".join(settings_of_classes())
    title = "The command liesym"
    overview = [title, "=" * len(title), "", ".. list-table::", "   :widths: 25 75", ""]
    for name, said in commands().items():
        overview += [f"   * - :doc:`liesym {name} <{name}>`", f"     - {escaped(said)}"]
    overview += ["", ".. toctree::", "   :hidden:", "", *(f"   {name}" for name in commands()), ""]
    write_pages(folder, {**pages, "index": "\n".join(overview)})
