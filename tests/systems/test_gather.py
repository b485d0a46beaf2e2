from __future__ import annotations

import pytest
import torch

from pyg_liesym.systems.gather import gather_rows


def test_one_process_keeps_its_rows() -> None:
    rows = torch.randn(3, 2)
    assert gather_rows(rows) is rows


@pytest.mark.parametrize("own", [0, 2])
def test_shares_of_any_length(own: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three ranks with 2, 0 and 3 rows, whose collectives are played here."""
    shares = [torch.arange(4.0).view(2, 2), torch.empty(0, 2), 10 + torch.arange(6.0).view(3, 2)]
    said: list[torch.Tensor] = []

    def all_gather(out: list[torch.Tensor], mine: torch.Tensor) -> None:
        said.append(mine)
        for rank, share in enumerate(shares):
            part = torch.tensor([len(share)]) if mine.dtype == torch.long else torch.cat([share, torch.zeros(3, 2)])[:3]
            out[rank].copy_(part)
        assert torch.equal(out[own], mine)

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 3)
    monkeypatch.setattr(torch.distributed, "all_gather", all_gather)
    assert torch.equal(gather_rows(shares[own]), torch.cat(shares))
    assert len(said) == 2
