"""The taggers of others: the call of ours, masks that hide what is filled up, and the symmetry that is left."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest
import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.models.peers import PEERS
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.testing.equivariance import assert_invariant, randomize_parameters

BATCH = torch.tensor([0] * 7 + [1] * 5 + [2] * 6)
# Where vectors are nearly collinear, the package lloca adds noise to them, in a jet of one constituent always.
TOLERANCE = {"lgatr-slim": 1e-9, "lloca": 1e-5}
ABOUT_THE_BEAM = torch.eye(4, dtype=torch.float64)
ABOUT_THE_BEAM[1:3, 1:3] = LieAlgebra.rotation(2).exp(torch.tensor([1.2], dtype=torch.float64))
LORENTZ = LieAlgebra.lorentz().exp(torch.linspace(-0.4, 0.4, 6, dtype=torch.float64))

needs_peers = pytest.mark.skipif(
    find_spec("lgatr") is None or find_spec("lloca") is None, reason="needs the extra `peers`"
)


def tagger(name: str, in_channels: int = 0) -> torch.nn.Module:
    net = build_tagger(name, 3, in_channels, blocks=2, heads=2, vector_channels=2, scalar_channels=6).double()
    net(torch.zeros(len(BATCH), in_channels).double() if in_channels else None, jets(), batch=BATCH)
    # Frames from wild weights are boosts without bound: the transformer's weights alone are drawn anew.
    randomize_parameters(net.net, generator=torch.Generator().manual_seed(0), scale=0.3)
    return net.eval()


def jets(mass: float = 0.2) -> Tensor:
    momenta = 30 * torch.randn(len(BATCH), 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    momenta[:, 0] += 100
    return torch.cat([(mass**2 + momenta.square().sum(1, keepdim=True)).sqrt(), momenta], dim=1)


@needs_peers
@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("in_channels", [0, 2])
def test_a_batch_is_a_loop(name: str, in_channels: int) -> None:
    """Neither what fills jets up nor the others in a batch change an answer; the order does not, further inputs do."""
    net, p4 = tagger(name, in_channels), jets()
    x = torch.randn(len(p4), in_channels, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    x = x if in_channels else None
    logits = net(x, p4, batch=BATCH, batch_size=3)
    assert logits.shape == (3, 3)
    for jet in range(3):
        rows = (jet == BATCH).nonzero().flatten().flip(0)
        alone = net(None if x is None else x[rows], p4[rows])
        torch.testing.assert_close(logits[jet : jet + 1], alone, rtol=TOLERANCE[name], atol=TOLERANCE[name])
    if x is not None:
        assert not torch.allclose(logits, net(-x, p4, batch=BATCH, batch_size=3))


@needs_peers
@pytest.mark.parametrize("name", PEERS)
def test_rotations_about_the_beam(name: str) -> None:
    net = tagger(name)
    run = lambda p: net(None, p, batch=BATCH, batch_size=3)  # noqa: E731
    assert_invariant(run, [jets()], [ABOUT_THE_BEAM], tol=TOLERANCE[name])
    with pytest.raises(AssertionError, match=r"not (equi|in)variant"):
        assert_invariant(run, [jets()], [LORENTZ], tol=1e-3)


@needs_peers
@pytest.mark.parametrize("name", PEERS)
def test_massless_and_space_like_constituents(name: str) -> None:
    """In single precision: m² = 0, m² below zero by rounding, two at one place, one of nothing, a jet of one."""
    p4 = jets(mass=0.0).float()
    p4[0, 0] *= 1 - 1e-6
    p4[4] = p4[3]
    p4[8] = 0
    batch = BATCH.clone()
    batch[-1] = 3
    net = build_tagger(name, 3)
    logits = net(None, p4, batch=batch, batch_size=4)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
    assert bool(logits.isfinite().all())
    trained = [p for p in net.parameters() if p.requires_grad]
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in trained)
    assert 60_000 < sum(p.numel() for p in net.parameters()) < 70_000


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgatr", None)
    monkeypatch.setitem(sys.modules, "lloca.backbone.transformer", None)
    for name in PEERS:
        with pytest.raises(ImportError, match=r"pyg-liesym\[peers\]"):
            build_tagger(name)
        with pytest.raises(ValueError, match=f"{name!r} has no metric"):
            build_tagger(name, metric=torch.eye(4))
