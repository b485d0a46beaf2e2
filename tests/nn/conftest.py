from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.message.asked import tiles_alone
from pyg_liesym.nn.message.fused.library import engine


@pytest.fixture(params=["tiles", "compiled"])
def engines(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways of summing over edges; without a compiler there is one."""
    with _by(request.param):
        yield


@pytest.fixture(params=["as they come", "tiles", "compiled"])
def edges_in_tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small graphs fit in one tile and take the plain path; with room for next to nothing they are cut."""
    if request.param != "as they come":
        monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    with _by(request.param):
        yield


@contextmanager
def _by(way: str) -> Iterator[None]:
    if way == "compiled" and engine().library is None:
        pytest.skip(engine().says)
    with tiles_alone() if way == "tiles" else nullcontext():
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the matrix of the contract where that is what was asked for."""
    if [arg.split("::")[0].rpartition("/")[2] for arg in config.args] == ["test_contract.py"]:
        from contract import matrix

        reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, ())]
        terminalreporter.section("contract of the layers and networks")
        for line in matrix.lines({report.nodeid: report.outcome for report in reports}):
            terminalreporter.write_line(line)
