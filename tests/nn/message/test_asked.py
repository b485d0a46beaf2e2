from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.message.asked import ENGINE, kernels_asked, tiles_alone, tiles_asked
from pyg_liesym.nn.message.fused.library import engine
from pyg_liesym.nn.message.gpu import call


@pytest.mark.parametrize(
    ("word", "tiles", "kernels"), [("", False, False), ("tiles", True, False), ("Kernels", False, True)]
)
def test_a_word_of_the_environment(monkeypatch: pytest.MonkeyPatch, word: str, tiles: bool, kernels: bool) -> None:
    monkeypatch.setenv(ENGINE, word)
    assert (tiles_asked() is not None, kernels_asked()) == (tiles, kernels)
    with tiles_alone():
        assert (tiles_asked(), kernels_asked()) == ("tiles, as the program asks", False)
        assert engine().library is None


def test_a_gpu_has_its_kernels_only_where_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that pretends to have all they need."""

    class Values:
        dtype, is_cuda = torch.float32, True

    monkeypatch.setattr(call, "_missing", lambda: None)
    monkeypatch.delenv(ENGINE, raising=False)
    assert not call.serves(Values())
    assert call.says() == f"tiles; {ENGINE}=kernels asks for kernels, which have run on no GPU yet"
    monkeypatch.setenv(ENGINE, "kernels")
    assert call.serves(Values())
    assert call.says() == "kernels, compiled by Triton when first needed"
