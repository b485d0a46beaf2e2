"""Options as people write them: ``--num-jets``, not ``--num_jets``."""

from __future__ import annotations

import re
from typing import Any

from jsonargparse import ArgumentParser, DefaultHelpFormatter, auto_cli


class DashedHelp(DefaultHelpFormatter):
    """Help that shows the names of options with dashes; both spellings are read."""

    def format_help(self) -> str:
        """The text of ``--help``, or of the usage alone."""
        text = re.sub(r"(?<![\w-])--[\w.]+", lambda option: option[0].replace("_", "-"), super().format_help())
        return re.sub(r"<class\s+'(?:\w+\.)*(\w+)'>", r"\1", text)


class Parser(ArgumentParser):
    """A parser with such help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": DashedHelp, **kwargs})


def call(target: Any, words: list[str], prog: str) -> None:
    """Call a function, or one of several by name, with arguments from the command line."""
    auto_cli(target, args=words, prog=prog, parser_class=Parser)
