from __future__ import annotations

import pytest

from pyg_liesym.cli import info
from pyg_liesym.cli.main import main
from pyg_liesym.nn.message.asked import tiles_alone


def test_says_what_sums_messages_and_which_extras_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    with tiles_alone():
        main(["info"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("pyg_liesym")
    assert "messages    tiles, as the program asks" in lines
    assert any(line.split(": ")[0].split()[-1] == "onnx" for line in lines)


def test_a_missing_extra_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "requires", lambda name: ['nothing-of-that-name>=1; extra == "far"', "torch>=2.6"])
    assert info.extras() == ["far: pip install 'pyg_liesym[far]' brings nothing-of-that-name"]
