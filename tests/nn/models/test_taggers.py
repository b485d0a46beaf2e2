"""All taggers on one footing: what holds for each of them, and the symmetry that each claims."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.invariant import InvariantMetric
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.particlenet import ParticleNet
from pyg_liesym.nn.models.taggers import TAGGERS, build_tagger
from pyg_liesym.testing.equivariance import assert_invariant, randomize_parameters

pytestmark = pytest.mark.usefixtures("edges_in_tiles")

BATCH = torch.tensor([0] * 7 + [1] * 5 + [2] * 1 + [3] * 6)
SMALL: dict[str, dict[str, object]] = {
    "particlenet": {"blocks": ((8, 8), (6, 9)), "k": 4, "head_channels": 7},
    "liegnn-fast": {"hidden_channels": 8, "edge_channels": 4, "num_layers": 2},
    "vector-liegnn": {"hidden_channels": 8, "edge_channels": 4, "vector_channels": 2, "num_layers": 2},
}
OPTIONS: dict[str, dict[str, object]] = {
    "": {},
    "beams": {"beams": True},
    "jet": {"fractions": ["jet"]},
    "time": {"fractions": ["jet", "time"]},
    "lightcone": {"fractions": ["jet", "time", "lightcone"]},
}
CASES = [
    *TAGGERS, "lorentznet, beams", "liegnn, jet", "liegnn-fast, jet", "vector-liegnn, jet", "liegnn-fast, time",
    "liegnn-fast, lightcone",
]  # fmt: skip
LORENTZ = LieAlgebra.lorentz().exp(torch.linspace(-0.4, 0.4, 6, dtype=torch.float64))
FOUR_DIMENSIONS = LieAlgebra.rotation(4).exp(torch.linspace(-1, 1, 6, dtype=torch.float64))
ABOUT_THE_BEAM = torch.eye(4, dtype=torch.float64)
ABOUT_THE_BEAM[1:3, 1:3] = LieAlgebra.rotation(2).exp(torch.tensor([1.2], dtype=torch.float64))
A_TURN = torch.block_diag(torch.eye(1), LieAlgebra.rotation(3).exp(torch.linspace(-1, 1, 3))).double()
GROUPS = {
    "Lorentz": LORENTZ,
    "rotation of four dimensions": FOUR_DIMENSIONS,
    "rotation": A_TURN,
    "about the beam": ABOUT_THE_BEAM,
}
LORENTZ_KEEPS = {"Lorentz", "rotation", "about the beam"}
KEEPS = {
    "liegnn": LORENTZ_KEEPS,
    "liegnn, jet": LORENTZ_KEEPS,
    "liegnn-fast": LORENTZ_KEEPS,
    "liegnn-fast, jet": LORENTZ_KEEPS,
    "liegnn-fast, time": {"rotation", "about the beam"},
    "liegnn-fast, lightcone": {"about the beam"},
    "vector-liegnn": LORENTZ_KEEPS,
    "vector-liegnn, jet": LORENTZ_KEEPS,
    "lorentznet": LORENTZ_KEEPS,
    "lorentznet, beams": {"about the beam"},
    "lorentznet-plain": set(),
    "egnn": {"rotation of four dimensions", "rotation", "about the beam"},
    "particlenet": {"about the beam"},
}


def tagger(case: str, in_channels: int = 0, seed: int = 0) -> torch.nn.Module:
    name, _, more = case.partition(", ")
    options = SMALL.get(name, {"hidden_channels": 8, "num_layers": 2}) | OPTIONS[more]
    net = build_tagger(name, 3, in_channels, **options).double()
    randomize_parameters(net, generator=torch.Generator().manual_seed(seed))
    return net.eval()


def jets(mass: float = 0.2, scale: float = 1.0) -> Tensor:
    momenta = scale * torch.randn(len(BATCH), 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return torch.cat([(mass**2 + momenta.square().sum(1, keepdim=True)).sqrt(), momenta], dim=1)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("in_channels", [0, 2])
def test_one_call_for_all(case: str, in_channels: int) -> None:
    """Logits of every jet; a batch is a loop over jets; further inputs count."""
    net, p4 = tagger(case, in_channels), jets()
    x = None
    if in_channels:
        x = torch.randn(len(p4), in_channels, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    logits = net(x, p4, batch=BATCH, batch_size=4)
    assert logits.shape == (4, 3)
    for jet in range(4):
        rows = jet == BATCH
        alone = net(None if x is None else x[rows], p4[rows], batch=BATCH[rows] * 0, batch_size=1)
        torch.testing.assert_close(logits[jet : jet + 1], alone)
        torch.testing.assert_close(net(None if x is None else x[rows], p4[rows]), alone)
    if x is not None:
        assert not torch.allclose(logits, net(-x, p4, batch=BATCH, batch_size=4))


@pytest.mark.parametrize("case", CASES)
def test_the_symmetry_that_each_claims(case: str) -> None:
    net, p4 = tagger(case), jets()
    run = lambda p: net(None, p, batch=BATCH, batch_size=4)  # noqa: E731
    for name, g in GROUPS.items():
        if name in KEEPS[case]:
            assert_invariant(run, [p4], [g])
        else:
            with pytest.raises(AssertionError, match=r"not (equi|in)variant"):
                assert_invariant(run, [p4], [g])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("training", [True, False])
def test_massless_and_space_like_constituents(case: str, training: bool) -> None:
    """m² = 0, m² below zero by rounding, two at one place, one of nothing: numbers, and gradients that are numbers."""
    net, p4 = tagger(case).float().train(training), jets(mass=0.0, scale=300.0).float()
    p4[0, 0] *= 1 - 1e-6
    p4[4] = p4[3]
    p4[8] = 0
    p4.requires_grad_()
    logits = net(None, p4, batch=BATCH, batch_size=4)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
    assert bool(logits.isfinite().all())
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in net.parameters())
    if "beams" not in case:
        assert bool(p4.grad.isfinite().all())


def test_the_usual_sizes() -> None:
    count = {name: sum(p.numel() for p in build_tagger(name).parameters()) for name in TAGGERS}
    assert count == {
        "liegnn": 221_840,
        "liegnn-fast": sum(p.numel() for p in LieGNN.fast(0, 2, metric=minkowski()).parameters()),
        "vector-liegnn": 58_689,
        "lorentznet": 223_568,
        "lorentznet-plain": 223_568 + 6 * (2 * 4 - 2) * 72,
        "egnn": sum(p.numel() for p in EGNN(1, 72, 72, 6, dim=4, gate=True, pos_aggr=None).parameters()) + 2 * 73,
        "particlenet": sum(p.numel() for p in ParticleNet().parameters()),
    }
    assert sum(p.numel() for p in build_tagger("lorentznet", beams=True).parameters()) == 224_072


@pytest.mark.parametrize("name", ["liegnn", "liegnn-fast", "vector-liegnn", "lorentznet"])
def test_scale_of_the_metric_does_not_matter(name: str) -> None:
    """What a symmetry leaves open is fixed; a form of another symmetry is another network."""
    found = LieAlgebra.lorentz().invariant_metric()
    assert isinstance(found, InvariantMetric)
    nets = [tagger(name)]
    for metric in (found, 7 * minkowski(), torch.eye(4)):
        net = build_tagger(name, 3, metric=metric, **SMALL.get(name, {"hidden_channels": 8, "num_layers": 2})).double()
        weights = {key: value for key, value in nets[0].state_dict().items() if not key.endswith("metric.J")}
        net.load_state_dict(weights, strict=False)
        nets.append(net.eval())
    usual, discovered, scaled, other = (net(None, jets(), batch=BATCH) for net in nets)
    torch.testing.assert_close(discovered, usual, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(scaled, usual)
    assert not torch.allclose(other, usual, rtol=1e-3)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="one of liegnn, liegnn-fast, vector-liegnn, lorentznet"):
        build_tagger("transformer")
    for name in ("egnn", "particlenet", "lorentznet-plain"):
        with pytest.raises(ValueError, match=f"{name!r} has no metric"):
            build_tagger(name, metric=minkowski())
    for name in TAGGERS:
        net = build_tagger(name)
        with pytest.raises(ValueError, match="in_channels=0 channels, got 2"):
            net(torch.ones(3, 2), torch.ones(3, 4))
        with pytest.raises(ValueError, match=r"\[num_nodes, 4\]"):
            net(None, torch.ones(3, 3))
