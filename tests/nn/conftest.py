from __future__ import annotations

import pytest

from pyg_liesym.nn.message import cuts


@pytest.fixture(params=["as they come", "tiles"])
def edges_in_tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small graphs fit in one tile and take the plain path; with room for next to nothing they are cut."""
    if request.param == "tiles":
        monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
