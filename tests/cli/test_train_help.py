from __future__ import annotations

import re
import subprocess
import sys

import pytest

from pyg_liesym import systems
from pyg_liesym.cli.main import main
from pyg_liesym.cli.settings import NAMES
from pyg_liesym.cli.train_help import SUBCOMMANDS, train_help

pytestmark = pytest.mark.filterwarnings("ignore:Starting from v1.9.0, `tensorboardX`")
SCREEN = 45


@pytest.fixture(autouse=True)
def _old_names_of_jsonargparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """LightningCLI still calls them."""
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")


def help_of(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit, match="0"):
        main([*words])
    return capsys.readouterr().out


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_the_first_screen_is_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([name, "--help"])
    text = capsys.readouterr().out
    assert text == train_help(name)
    lines = text.splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 118
    assert f"  liesym {name} --config jets" in text
    assert not re.findall(r"--[\w.-]*_", text)


def test_the_first_screen_is_at_once() -> None:
    code = "import sys; from pyg_liesym.cli.main import main; main(['fit', '--help']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_what_the_first_screen_names_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    text = train_help("fit")
    full = help_of("fit", "--help-all", capsys=capsys)
    assert len(full.splitlines()) > 10 * SCREEN - 50
    assert not re.findall(r"--[\w.-]*_[\w.]*", full)
    assert "<class '" not in full
    options = set(re.findall(r"^  --([\w.-]+)", text, re.MULTILINE))
    of_classes = {option for option in options if re.match(r"(model|data)\.", option)}
    assert {option for option in options - of_classes if f"--{option}" not in full} == set()
    for kind in "model", "data":
        named = re.search(rf"--{kind} NAME +(.*?);", text, re.DOTALL)
        assert named is not None
        classes = {name for name in systems.__all__ if name in full and re.search(rf"\.{name}\b", full)}
        found = set(re.findall(r"[A-Z]\w+", named[1]))
        assert found <= classes
    of_jets = help_of("fit", "--data.help", "JetsData", capsys=capsys)
    of_tagging = help_of("fit", "--model.help", "JetTagging", capsys=capsys)
    for option in of_classes - {"model.net.hidden-channels"}:
        assert f"--{option} " in of_jets + of_tagging
    for packaged in NAMES[:2]:
        assert packaged in text


def test_an_option_that_is_not_there_gets_no_page_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["fit", "--config", "jets", "--bla", "1"])
    error = capsys.readouterr().err
    assert "usage: liesym fit --config NAME|FILE [OPTIONS]" in error
    assert "nrecognized arguments: --bla" in error  # early jsonargparse begins a sentence
    assert len(error.splitlines()) < 5
