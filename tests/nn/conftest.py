from __future__ import annotations

import pytest

from pyg_liesym.nn.message import cuts


@pytest.fixture(params=["as they come", "tiles"])
def edges_in_tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small graphs fit in one tile and take the plain path; with room for next to nothing they are cut."""
    if request.param == "tiles":
        monkeypatch.setattr(cuts, "_CPU_BYTES", 400)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the matrix of the contract where that is what was asked for."""
    if [arg.split("::")[0].rpartition("/")[2] for arg in config.args] == ["test_contract.py"]:
        from contract import matrix

        reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, ())]
        terminalreporter.section("contract of the layers and networks")
        for line in matrix.lines({report.nodeid: report.outcome for report in reports}):
            terminalreporter.write_line(line)
