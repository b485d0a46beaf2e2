"""The console command ``liesym``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from pyg_liesym.cli.endings import endings
from pyg_liesym.cli.settings import with_packaged_settings
from pyg_liesym.cli.train_help import SUBCOMMANDS, train_help


class _Command(NamedTuple):
    target: str
    help: str


_COMMANDS = {
    "demo": _Command("pyg_liesym.cli.demo:demo", "discover, train and compare on packaged jets and orbits; a report"),
    "discover": _Command("pyg_liesym.cli.discover:run", "find the symmetry of a named data set or of your arrays"),
    "broken": _Command(
        "pyg_liesym.cli.broken:run", "which symmetries a recorded flow keeps, and how far it breaks others"
    ),
    "forecast": _Command("pyg_liesym.cli.forecast:run", "what follows a recorded flow, and whether a network helps"),
    "simulate": _Command("pyg_liesym.cli.simulate:SIMULATORS", "make jets, plumes, orbits or charged particles"),
    "data": _Command("pyg_liesym.cli.data:run", "what is in files of jets; other formats; ours against the reference"),
    "init": _Command("pyg_liesym.cli.settings:init", "write packaged settings of a training into a file of yours"),
    "fit": _Command("pyg_liesym.cli.train:train", "train a system (--config jets, or a file)"),
    "validate": _Command("pyg_liesym.cli.train:train", "score a checkpoint on the validation split"),
    "test": _Command("pyg_liesym.cli.train:train", "score a checkpoint on the test split"),
    "predict": _Command("pyg_liesym.cli.train:train", "write what a checkpoint predicts, of the test split"),
    "tag": _Command("pyg_liesym.cli.tag:run", "write the scores of a tagger for every jet of a file"),
    "export": _Command("pyg_liesym.cli.export:run", "write a tagger as an ONNX file"),
    "reproduce": _Command("pyg_liesym.cli.reproduce.protocols:run", "repeat an experiment of the results"),
    "info": _Command("pyg_liesym.cli.info:run", "what is installed here, and what sums messages over edges"),
    "results": _Command("pyg_liesym.cli.results:run", "write the page of results from the records of experiments"),
}

_COMPUTING = {"demo", "discover", "broken", "forecast", "fit", "validate", "test", "predict", "tag", "reproduce"}

_USAGE = """usage: liesym COMMAND [OPTIONS]

Find the symmetry in data and use it.

commands:
{commands}

`liesym COMMAND --help` explains a command and its options.

A first look:       liesym demo
Your own arrays:    liesym discover x.npy y.npy          (samples, vectors, n)
Your own flow:      liesym broken flow.npy               (time, 2, H, W; or points, meshes)
Your own currents:  liesym forecast currents.nc          (NetCDF)
Train a tagger:     liesym fit --config jets
Your own jets:      liesym data info jets.root; liesym tag jets.root scores.root
"""


def main(args: Sequence[str] | None = None) -> None:
    """Run ``liesym``; the answer of a command goes to the terminal and to files, errors of use to exit status 2.

    Ctrl-C ends it with status 130, SIGTERM with 143.

    Args:
        args: The words after ``liesym`` (default: of the command line).
    """
    words = [_underscored(word) for word in (sys.argv[1:] if args is None else args)]
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return
    if words[0] == "--version":
        from pyg_liesym import __version__

        sys.stdout.write(f"liesym {__version__}\n")
        return
    name, *rest = words
    if name not in _COMMANDS:
        sys.stderr.write(f"liesym: there is no command {name!r}; the commands are {', '.join(_COMMANDS)}\n")
        raise SystemExit(2)
    if name in SUBCOMMANDS and ("-h" in rest or "--help" in rest):
        sys.stdout.write(train_help(name))
        return
    module, attribute = _COMMANDS[name].target.split(":")
    try:
        with endings(name):
            if args is None and name in _COMPUTING and not {"-h", "--help"} & set(rest):
                _flush_denormals()
            rest = with_packaged_settings(rest)
            target = getattr(import_module(module), attribute)
            if attribute == "train":
                target([name, *("--help" if word == "--help_all" else word for word in rest)])
            elif attribute == "run":
                target(rest)
            else:
                from pyg_liesym.cli.parser import call

                call(target, rest, f"liesym {name}")
    except (ImportError, OSError, ValueError) as error:
        sys.stderr.write(f"liesym {name}: {error}\n")
        raise SystemExit(2) from error


def _flush_denormals() -> None:
    """Count what is below the smallest normal number as zero, which is a hundred times as fast."""
    import torch

    torch.set_flush_denormal(True)


def usage() -> str:
    """The text of ``liesym --help``."""
    lines = (f"  {name:<10} {command.help}" for name, command in _COMMANDS.items())
    return _USAGE.format(commands="\n".join(lines))


def _underscored(word: str) -> str:
    """Let people write ``--num-jets`` for ``--num_jets``."""
    if not word.startswith("--"):
        return word
    name, equals, value = word[2:].partition("=")
    return "--" + name.replace("-", "_") + equals + value
