"""What momentum fractions are, written out jet by jet, and where they have none."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.momentum_fractions import MomentumFractions, num_columns
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.testing.equivariance import randomize_parameters

ALL = ("jet", "time", "lightcone")
BATCH = torch.tensor([0, 0, 0, 1, 3, 3])


def fractions(references: tuple[str, ...] = ALL, **sizes: object) -> MomentumFractions:
    net = build_tagger("liegnn-fast", 2, fractions=references, **{"hidden_channels": 8, "num_layers": 1, **sizes})
    assert isinstance(net, MomentumFractions)
    return net


def jets(seed: int = 0) -> Tensor:
    momenta = 50 * torch.randn(len(BATCH), 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.cat([(1 + momenta.square().sum(1, keepdim=True)).sqrt(), momenta], dim=1)


def test_the_columns_are_those_of_the_formula() -> None:
    p4, vectors = jets(), {"time": (1, 0, 0, 0), "ahead": (1, 0, 0, 1), "back": (1, 0, 0, -1)}
    product = lambda a, b: float(a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3])  # noqa: E731
    rows = []
    for node, jet in enumerate(BATCH.tolist()):
        total = sum(p for p, other in zip(p4, BATCH.tolist(), strict=True) if other == jet)
        pairs = [(product(p4[node], total), product(total, total), 1e4)]
        pairs += [(product(p4[node], s), product(total, s), 100.0) for s in vectors.values()]
        rows.append([math.log10(100 * a / b) for a, b, _ in pairs] + [math.log1p(b / unit) for _, b, unit in pairs])
    columns = fractions().columns(p4, BATCH, 4)
    assert columns.shape == (6, num_columns(ALL)) == (6, 8)
    torch.testing.assert_close(columns, torch.tensor(rows, dtype=torch.float64))
    only = fractions(("jet",)).columns(p4, BATCH, 4)
    torch.testing.assert_close(only, columns[:, [0, 4]])
    behind = fractions(("lightcone", "jet")).columns(p4, BATCH, 4)
    torch.testing.assert_close(behind, columns[:, [2, 3, 0, 6, 7, 4]])


def test_fractions_of_a_jet_add_up_to_one() -> None:
    columns = fractions().columns(jets(), BATCH, 4)
    sums = torch.zeros(4, 4, dtype=torch.float64).index_add(0, BATCH, 10 ** columns[:, :4] / 100)
    torch.testing.assert_close(sums, torch.tensor([1.0, 1, 0, 1], dtype=torch.float64)[:, None].expand(4, 4))


def test_rounding_of_float32_at_a_boost() -> None:
    """The products cancel: computed in float64, they lose what the momenta lose by being float32, and no more."""
    boost = LieAlgebra.lorentz().basis[0]
    assert torch.equal(boost, boost.T)  # of turns it is antisymmetric
    p4 = jets() @ torch.linalg.matrix_exp(5 * boost).T
    net = fractions(("jet",))
    kept = net.columns(p4.float().double(), BATCH, 4)
    torch.testing.assert_close(net.columns(p4.float(), BATCH, 4), kept.float(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "p4",
    [
        [[5.0, 0, 0, 5.0]], [[0.0, 0, 0, 0]], [[5.0, 3.0, 0, 4.0], [0.0, 0, 0, 0]],
        [[3 * 0.1, 0, 0, 3 * 0.1], [0.7, 0, 0, 0.7]],
    ],
)  # fmt: skip
def test_jets_without_a_mass_or_of_nothing(p4: list[list[float]]) -> None:
    """No fraction of nothing, nor of what is rounding."""
    momenta = torch.tensor(p4, dtype=torch.float64, requires_grad=True)
    columns = fractions().columns(momenta, torch.zeros(len(p4), dtype=torch.long), 1)
    columns.sum().backward()
    assert bool(columns.isfinite().all())
    assert momenta.grad is not None
    assert bool(momenta.grad.isfinite().all())
    assert columns[:, 0].tolist() == [-4.0] * len(p4)


def test_another_metric_is_meant_by_another_product() -> None:
    p4 = jets()
    euclidean = fractions(("jet",), metric=torch.eye(4)).columns(p4, BATCH, 4)
    total = p4[:3].sum(0)
    torch.testing.assert_close(euclidean[:3, 0], (100 * p4[:3] @ total / total.square().sum()).log10())


def test_the_answer_depends_on_what_is_given_besides() -> None:
    torch.manual_seed(0)
    net = fractions(in_channels=2).double()
    randomize_parameters(net, generator=torch.Generator().manual_seed(0))
    x = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    given, other = (net.eval()(own, jets(), batch=BATCH, batch_size=4) for own in (x, -x))
    assert given.shape == (4, 2)
    assert not torch.allclose(given, other)
    before = net.net.embedding.weight.clone()
    net.reset_parameters()
    assert not torch.equal(net.net.embedding.weight, before)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="references among jet, time, lightcone, got \\['beam'\\]"):
        fractions(("beam",))
    with pytest.raises(ValueError, match="each reference once, got \\['jet', 'jet'\\]"):
        fractions(("jet", "jet"))
    for name in ("particlenet", "egnn", "lorentznet", "lorentznet-plain"):
        with pytest.raises(ValueError, match=f"{name!r} takes no momentum fractions"):
            build_tagger(name, fractions=("jet",))
    options = {"metric": minkowski(), "readout": "mean"}
    with pytest.raises(ValueError, match="in_channels of 4 or more"):
        MomentumFractions(LieGNN(3, 8, 2, 1, **options), ("jet", "time"))
    with pytest.raises(ValueError, match="readout=None"):
        MomentumFractions(LieGNN(2, 8, 2, 1, metric=minkowski()))
    area = torch.block_diag(*2 * [torch.tensor([[0.0, 1.0], [-1.0, 0.0]])])
    for metric in (area, torch.eye(3), torch.stack([minkowski(), torch.eye(4)])):
        with pytest.raises(ValueError, match="one symmetric J of four dimensions"):
            MomentumFractions(LieGNN(2, 8, 2, 1, **{**options, "metric": metric}))
    assert "references=['jet', 'time', 'lightcone']" in repr(fractions())
