from __future__ import annotations

import re

import pytest

from pyg_liesym.cli.main import main
from pyg_liesym.cli.parser import call


def count(num_jets: int = 3, out_file: str = "a_b") -> None:
    """Count.

    Args:
        num_jets: How many; see --out_file.
        out_file: Where.
    """
    print(num_jets, out_file)


@pytest.mark.parametrize(
    "words",
    [["simulate", "jets"], ["simulate", "orbits"], ["simulate", "plume"], ["tag"], ["data", "info"],
     ["data", "convert"], ["data", "compare"], ["export"], ["discover"], ["demo"], ["reproduce", "tagging"]],
    ids=" ".join,
)  # fmt: skip
def test_options_are_shown_with_dashes(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*words, "--help"])
    text = capsys.readouterr().out
    assert "  --" in text
    assert not re.findall(r"--[\w.-]*_[\w.]*", text)
    assert "<class '" not in text


def test_values_keep_their_underscores(capsys: pytest.CaptureFixture[str]) -> None:
    call(count, ["--num_jets", "4", "--out_file=c_d"], "count")
    assert capsys.readouterr().out == "4 c_d\n"
    with pytest.raises(SystemExit, match="0"):
        call(count, ["--help"], "count")
    text = capsys.readouterr().out
    assert "--num-jets NUM_JETS" in text
    assert "default: a_b" in text
