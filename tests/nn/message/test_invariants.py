from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.message.invariants import bilinear, pair_invariants, signed_log


def test_signed_log_is_the_formula_with_slope_one_at_zero() -> None:
    s = torch.tensor([-1e6, -2.0, 0.0, 3.0, 1e6], dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(signed_log(s), torch.sign(s) * torch.log(1 + s.abs()))
    signed_log(s).sum().backward()
    torch.testing.assert_close(s.grad, 1 / (1 + s.detach().abs()))


def test_bilinear_against_einsum() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(5, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    forms = torch.randn(2, 3, 3, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(bilinear(a, b, forms), torch.einsum("ni,fij,nj->nf", a, forms, b))


def test_pair_invariants_come_in_the_order_asked_for() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(5, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    forms = torch.eye(3, dtype=torch.float64)[None]
    out = pair_invariants(a - b, a, b, forms, ("inner", "distance"), "identity")
    torch.testing.assert_close(out, torch.stack([(a * b).sum(1), ((a - b) ** 2).sum(1)], dim=1))


def massive(seed: int) -> torch.Tensor:
    """Particles of 100 GeV and mass 1: a mass squared is the difference of numbers 10⁴ times as large."""
    momenta = torch.randn(20, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    momenta *= 100 / momenta.norm(dim=1, keepdim=True)
    return torch.cat([(1 + momenta.square().sum(1, keepdim=True)).sqrt(), momenta], dim=1)


@pytest.mark.parametrize("autocast", [True, False])
def test_masses_survive_mixed_precision(autocast: bool) -> None:
    p, eta = massive(0), torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))[None]
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = bilinear(p.float(), p.float(), eta)
        pair = pair_invariants((p - p.flip(0)).float(), p.float(), p.flip(0).float(), eta, ("inner",), "log")
        naive = ((p.float() @ eta[0]) * p.float()).sum(1, keepdim=True)
    assert found.dtype is pair.dtype is torch.float32
    torch.testing.assert_close(found, torch.ones(20, 1), rtol=0, atol=1e-2)
    assert ((naive - 1).abs().max() > 1) == autocast


def test_half_precision_neither_overflows_nor_changes_the_type() -> None:
    p, eta = 3 * massive(0), torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0])).half()[None]
    half = p.half()
    found = pair_invariants(half - half.flip(0), half, half.flip(0), eta, ("distance", "inner"), "log")
    exact = half.double()
    expected = pair_invariants(exact - exact.flip(0), exact, exact.flip(0), eta.double(), ("distance", "inner"), "log")
    assert found.dtype is torch.float16
    torch.testing.assert_close(found.double(), expected, rtol=2e-2, atol=2e-2)
