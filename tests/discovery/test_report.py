import pytest
import torch

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.report import nothing_found, report
from pyg_liesym.lie.algebra import LieAlgebra


def fitted(algebra, **diagnostics):
    usual = {"steps": 10, "seconds": 1.0, "stopped": "stable", "num_samples": 100}
    return DiscoveredSymmetry.of(algebra, diagnostics={**usual, **diagnostics}, settings={"method": "LieGAN"})


def test_says_how_many_and_what():
    noise = 1e-3 * torch.randn(7, 4, 4, generator=torch.Generator().manual_seed(0)).double()
    learned = LieAlgebra(torch.cat([LieAlgebra.lorentz().basis, torch.zeros(1, 4, 4).double()]) + noise)
    text = report(fitted(learned))
    assert "6 of 7 directions matter" in text
    assert "so(1,3), same subspace" in text
    assert "signature (1, 3)" in text
    assert "Not decided" not in text
    assert "at rest after 10 steps" in text


def test_says_what_is_undecided():
    text = report(fitted(LieAlgebra.rotation(2).repeat(4), data_rank=4, stopped="max_steps"))
    assert "the data span 4 of 8 dimensions" in text
    assert "independent metrics are kept" in text
    assert "still turning" in text


def test_a_metric_kept_up_to_a_factor_is_told_apart():
    conformal = torch.cat([LieAlgebra.lorentz().basis, torch.eye(4).double().unsqueeze(0)])
    text = report(DiscoveredSymmetry.of(LieAlgebra(conformal)))
    assert "no invariant metric" in text
    assert "without the scaling (trace) in the channels: invariant metric, signature (1, 3)" in text


def test_nothing_is_a_result():
    assert "Nothing found" in report(fitted(LieAlgebra(torch.zeros(2, 3, 3))))
    assert "Nothing found" in report(fitted(LieAlgebra.rotation(2), visibility=[0.95], rates=[1.0]))
    assert "Doubtful" in report(fitted(LieAlgebra.rotation(2), visibility=[0.7], rates=[1.0]))
    assert "Doubtful" not in report(fitted(LieAlgebra.rotation(2), visibility=[0.3], rates=[1.0]))
    assert nothing_found({"visibility": [0.1], "rates": [0.01]})
    assert not nothing_found({"visibility": [0.1, 0.99], "rates": [1.0, 1.0]})


def test_str_is_the_report():
    found = DiscoveredSymmetry.of(LieAlgebra.rotation(3))
    assert str(found) == found.report() == report(found)


def test_a_discrete_result_is_a_turn_and_no_network_comes_from_it():
    quarter = LieAlgebra(torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]).double() * torch.pi / 2 * 1.003)
    found = DiscoveredSymmetry.of(quarter, settings={"coefficients": "integer"})
    text = report(found)
    assert "Discrete: turn by 90.3°, g⁴ = 1 to 1 %: C4" in text
    assert "so(2)" not in text
    assert "Metric:" not in text
    with pytest.raises(ValueError, match=r"discrete \(turn by 90.3°.*continuous group"):
        _ = found.forms
    with pytest.raises(ValueError, match=r"discrete \(turn by 90.3°.* determines no metric"):
        _ = found.metric
    assert repr(found).endswith("turn by 90.3°, g⁴ = 1 to 1 %: C4, seed=0)")
    assert DiscoveredSymmetry.of(quarter).forms.shape == (1, 2, 2)
    assert DiscoveredSymmetry.of(quarter).metric.signature == (2, 0, 0)


def test_uneven_units_do_not_change_the_verdict():
    stretch = torch.diag(torch.tensor([1000.0, 1000.0, 1.0, 1.0], dtype=torch.float64))
    turns = LieAlgebra.rotation(2).direct_sum(LieAlgebra.rotation(2))
    noisy = LieAlgebra(turns.basis + 1e-3 * torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0)).double())
    raw = noisy.conjugate(stretch)
    found = DiscoveredSymmetry.of(raw, diagnostics={"whitening": torch.linalg.inv(stretch).tolist()})
    assert found.metric.signature == (4, 0, 0)
    assert found.metric.null_dim == 2
    assert "so(2) on coordinates (0, 1) ⊕ so(2) on coordinates (2, 3)" in report(found)
    for form in found.forms:
        white = stretch @ form @ stretch  # kept, where the data spread alike
        changed = white @ noisy.basis + noisy.basis.mT @ white
        assert float(changed.norm()) < 0.01 * float(white.norm() * noisy.basis.norm())


def test_what_was_not_certified_is_a_candidate():
    assert "Candidate: only `certify`" in report(fitted(LieAlgebra.rotation(3), visibility=[0.2] * 3, rates=[1.0] * 3))
    claim = {"question": "law", "status": "certified", "samples": 500}
    text = report(DiscoveredSymmetry.of(LieAlgebra.rotation(3), diagnostics={"claim": claim}))
    assert "Law: certified on 500 samples that were kept aside" in text
    assert "Candidate" not in text
