from __future__ import annotations

import pytest
import torch

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.message.metric import FixedMetric, LearnedMetric, as_metric
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.relaxed_liegnn import RelaxedLieGNN
from pyg_liesym.nn.models.taggers import build_tagger


def test_an_invariant_metric_gives_its_form() -> None:
    found = LieAlgebra.lorentz().invariant_metric()
    assert torch.equal(as_metric(found)()[0], found.J)


def test_a_form_is_copied() -> None:
    form = torch.eye(3)
    metric = FixedMetric(form)
    form.zero_()
    assert torch.equal(metric()[0], torch.eye(3))


def test_a_learned_form_is_symmetric_on_its_sphere_and_reproducible() -> None:
    metrics = [LearnedMetric(5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    torch.testing.assert_close(metrics[0].J, metrics[0].J.T)
    torch.testing.assert_close(metrics[0].J.norm() ** 2, torch.tensor(5.0))
    assert torch.equal(metrics[0].J, metrics[1].J)
    assert not torch.allclose(metrics[0].J, metrics[2].J)


def test_a_network_obeys_what_was_found_and_no_more() -> None:
    """With gravity along z only the turns about z are symmetries, and they keep two forms."""
    turns = LieAlgebra.rotation(3)
    about_z = LieAlgebra(turns.basis[:1])
    torch.manual_seed(0)
    net = LieGNN(0, 16, 1, 2, metric=about_z.invariant_metric(), readout="mean").double()
    pos = torch.randn(6, 3, dtype=torch.float64)
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    usual = net(None, pos)
    kept, broken = (algebra.exp(torch.full((algebra.dim,), 0.7)) for algebra in (about_z, LieAlgebra(turns.basis[1:2])))
    torch.testing.assert_close(net(None, pos @ kept.mT), usual, rtol=1e-9, atol=1e-9)
    assert float((net(None, pos @ broken.mT) - usual).abs().max()) > 1e-4


def test_without_a_form_nothing_is_built() -> None:
    nothing = LieAlgebra.special_linear(4).invariant_metric()
    with pytest.raises(ValueError, match="preserves no metric"):
        as_metric(nothing)
    with pytest.raises(ValueError, match="preserves no metric"):
        build_tagger("liegnn", metric=nothing)
    with pytest.raises(ValueError, match="preserves no metric"):
        RelaxedLieGNN(0, 8, 1, 2, metric=nothing)
