from __future__ import annotations

import torch

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.metric import FixedMetric, LearnedMetric, as_metric


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
