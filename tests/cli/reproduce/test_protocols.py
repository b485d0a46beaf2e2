from __future__ import annotations

import pytest

from pyg_liesym.cli.main import main
from pyg_liesym.cli.reproduce.protocols import PROTOCOLS


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["reproduce", name, "--help"])
    assert "--out" in capsys.readouterr().out
