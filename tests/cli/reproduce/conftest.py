"""Fixtures of the protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from pyg_liesym.cli.reproduce import tagging
from pyg_liesym.nn.models.taggers import build_tagger


@pytest.fixture
def diverging(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has the benchmark's taggers of a name diverge, by a weight that is NaN."""

    def diverge(which: str) -> None:
        def build(name: str, **network: Any) -> torch.nn.Module:
            net = build_tagger(name, **network)  # type: ignore[arg-type]
            if name == which:
                torch.nn.init.constant_(next(net.parameters()), torch.nan)
            return net

        monkeypatch.setattr(tagging, "build_tagger", build)

    return diverge
