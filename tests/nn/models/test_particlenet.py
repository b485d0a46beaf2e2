from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pyg_liesym.nn.models.particlenet import ParticleNet, constituent_features
from pyg_liesym.testing.equivariance import assert_invariant, randomize_parameters

BATCH = torch.tensor([0] * 12 + [1] * 5 + [2] * 3)
SMALL = {"blocks": ((8, 8), (6, 9)), "k": 4, "head_channels": 7}


def jets(mass: float = 0.0, seed: int = 0) -> Tensor:
    """Constituents of three jets in different directions."""
    generator = torch.Generator().manual_seed(seed)
    direction = torch.tensor([[300.0, 100.0, 200.0], [-400.0, 10.0, -300.0], [20.0, -500.0, 0.0]]).double()
    spread = 60 * torch.randn(20, 3, dtype=torch.float64, generator=generator)
    share = torch.rand(20, 1, dtype=torch.float64, generator=generator)
    momenta = share * (direction[BATCH] + spread)
    return torch.cat([(mass**2 + momenta.square().sum(1, keepdim=True)).sqrt(), momenta], dim=1)


def turn(angle: float) -> Tensor:
    g = torch.eye(4, dtype=torch.float64)
    g[1:3, 1:3] = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return g


def boost(rapidity: float) -> Tensor:
    g = torch.eye(4, dtype=torch.float64)
    g[0, 0] = g[3, 3] = math.cosh(rapidity)
    g[0, 3] = g[3, 0] = math.sinh(rapidity)
    return g


def network(in_channels: int = 0, seed: int = 0, **options: object) -> ParticleNet:
    model = ParticleNet(in_channels, 3, **{**SMALL, **options}).double()
    randomize_parameters(model, generator=torch.Generator().manual_seed(seed))
    return model.eval()


def test_published_sizes() -> None:
    """366k and 26k parameters, as the paper's table of complexities has them."""
    count = lambda model: sum(p.numel() for p in model.parameters())  # noqa: E731
    assert round(count(ParticleNet()), -3) == 366_000
    assert round(count(ParticleNet(blocks=((32,) * 3, (64,) * 3), k=7, head_channels=128)), -3) == 26_000


def test_features_against_their_definitions() -> None:
    p4 = jets(mass=0.3)
    found = constituent_features(p4, BATCH)
    for i, (energy, px, py, pz) in enumerate(p4.tolist()):
        e, x, y, z = p4[BATCH[i] == BATCH].sum(0).tolist()
        pt, jet_pt = math.hypot(px, py), math.hypot(x, y)
        deta = -math.log(math.tan(math.atan2(pt, pz) / 2)) + math.log(math.tan(math.atan2(jet_pt, z) / 2))
        dphi = (math.atan2(py, px) - math.atan2(y, x) + 3 * math.pi) % (2 * math.pi) - math.pi
        logs = [math.log(pt), math.log(energy), math.log(pt / jet_pt), math.log(energy / e)]
        expected = torch.tensor([deta, dphi, *logs, math.hypot(deta, dphi)]).double()
        torch.testing.assert_close(found[i], expected, rtol=1e-6, atol=1e-6)


def test_what_a_boost_along_the_beam_leaves() -> None:
    before, after = (constituent_features(p4, BATCH) for p4 in (jets(), jets() @ boost(0.7).T))
    torch.testing.assert_close(after[:, [1, 2, 4]], before[:, [1, 2, 4]])
    for jet in range(3):
        rows = jet == BATCH
        torch.testing.assert_close(after[rows, 0].diff(), before[rows, 0].diff())
    assert not torch.allclose(after[:, 0], before[:, 0], atol=1e-3)
    assert not torch.allclose(after[:, 5], before[:, 5], atol=1e-3)


def test_invariant_to_rotations_about_the_beam_and_to_nothing_else() -> None:
    model, p4 = network(), jets(mass=0.3)
    run = lambda p: model(None, p, batch=BATCH)  # noqa: E731
    for angle in (0.5, math.pi, -3.0):
        assert_invariant(run, [p4], [turn(angle)])
    across = boost(0.3)[[0, 3, 2, 1]][:, [0, 3, 2, 1]]
    mirror = torch.diag(torch.tensor([1.0, 1.0, -1.0, 1.0])).double()
    for g in (boost(0.3), across, mirror):
        with pytest.raises(AssertionError):
            assert_invariant(run, [p4], [g])


def test_neighbours_are_found_in_the_plane_and_then_among_features() -> None:
    """Written out: the plane for the first block, what it made for the second."""
    model, p4 = network(), jets()[:12]
    features = constituent_features(p4, BATCH[:12])
    points, h = features[:, :2], model.norm(features)
    for conv in model.convs:
        distance = torch.cdist(points, points).fill_diagonal_(torch.inf)
        source = distance.argsort(dim=1)[:, : model.k].flatten()
        h = conv(h, torch.stack([source, torch.arange(12).repeat_interleave(model.k)]))
        points = h
    torch.testing.assert_close(model(None, p4), model.head(h.mean(0, keepdim=True)))


@pytest.mark.parametrize("odd", [[0.0, 0, 0, 0], [5.0, 0, 0, 5.0], [-1.0, 0, 0, 0], [5.0, 3, 0, 4.0]])
def test_odd_constituents_give_finite_answers_and_gradients(odd: list[float]) -> None:
    model, p4 = network().train(), jets()
    p4[0] = torch.tensor(odd)
    p4[15:17] = p4[17:19]
    p4.requires_grad_()
    out = model(None, p4, batch=BATCH)
    out.square().sum().backward()
    assert bool(out.isfinite().all() & p4.grad.isfinite().all())
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())
    single = torch.tensor([odd]).double().requires_grad_()
    model.eval()(None, single).sum().backward()
    assert bool(single.grad.isfinite().all())


def test_repr() -> None:
    text = "ParticleNet(0, 3, num_layers=2, k=4)"
    assert repr(network()) == text


def test_bad_settings_and_input() -> None:
    with pytest.raises(ValueError, match="at least one block"):
        ParticleNet(blocks=())
    with pytest.raises(ValueError, match="k=0"):
        ParticleNet(k=0)
    with pytest.raises(ValueError, match="in_channels=2 channels, got 0"):
        ParticleNet(2)(None, torch.ones(3, 4))
    with pytest.raises(ValueError, match=r"\[num_nodes, 4\], got \[3, 3\]"):
        ParticleNet()(None, torch.ones(3, 3))
