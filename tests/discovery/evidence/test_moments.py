from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.moments import CannotTell, Moments
from pyg_liesym.discovery.evidence.relations import Relations


def shells(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Pairs of massless momenta, far from the origin in their unit, and the mass of each pair squared."""
    p = 300 * torch.randn(count, 2, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    p[..., 2] += 1000
    x = torch.cat([p.norm(dim=-1, keepdim=True), p], -1)
    total = x.sum(1)
    return x, total[:, :1] ** 2 - total[:, 1:].square().sum(1, keepdim=True)


def test_moments_of_shards_are_those_of_the_whole() -> None:
    x, y = shells(3000)
    whole = Moments.of(x, y)
    parts = Moments.of(x[:700], y[:700]) + Moments.of(x[700:1000], y[700:1000]) + Moments.of(x[1000:], y[1000:])
    assert parts.count == whole.count == 3000
    torch.testing.assert_close(parts.mean, whole.mean)
    torch.testing.assert_close(parts.covariance, whole.covariance)
    ours, theirs = Relations(parts), Relations(whole)
    assert ours.num_exact == theirs.num_exact
    angles = ours.algebra(6).principal_angles(theirs.algebra(6))
    assert float(angles.max()) < 1e-5
    assert ours.moments.single().count == 6000


def test_moments_of_files_that_are_not_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyg_liesym.discovery.evidence.moments._READ", 250)
    x, y = shells(1010)
    np.save(tmp_path / "x.npy", x.numpy())
    np.save(tmp_path / "y.npy", y.numpy())
    there = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xy"]
    assert isinstance(there[0], np.memmap)
    moments = Moments.of(*there)
    torch.testing.assert_close(moments.covariance, Moments.of(x, y).covariance)
    assert "1010 samples of 2 vectors [4] and 1 numbers" in repr(moments)


def test_single_vectors_are_those_of_all_places() -> None:
    x, _ = shells(500)
    single, alone = Moments.of(x).single(), Moments.of(x.flatten(0, 1))
    torch.testing.assert_close(single.mean, alone.mean)
    torch.testing.assert_close(single.covariance, alone.covariance)
    lift = Relations(alone).lift
    torch.testing.assert_close(single.features(lift), alone.features(lift), atol=1e-9, rtol=0)


def test_moments_of_other_kinds_do_not_add() -> None:
    x, y = shells(200)
    with pytest.raises(ValueError, match="cannot be added"):
        Moments.of(x, y) + Moments.of(x)


def test_too_many_coordinates_are_refused() -> None:
    with pytest.raises(CannotTell, match="give fewer vectors"):
        Moments.of(torch.randn(200, 4, 30))
