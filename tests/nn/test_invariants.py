from __future__ import annotations

import torch

from pyg_liesym.nn.invariants import bilinear, pair_invariants, signed_log


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
