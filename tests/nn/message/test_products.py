from __future__ import annotations

import pytest
import torch

from pyg_liesym.nn.message import products


@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rows", [0, 1, 37])
def test_products(monkeypatch: pytest.MonkeyPatch, rows: int, dtype: torch.dtype, onednn: bool) -> None:
    """By either library, with a weight as it is stored and transposed, with and without a bias."""
    if not onednn:
        monkeypatch.setattr(products, "_ONEDNN", None)
    generator = torch.Generator().manual_seed(0)
    values, base, weight, bias = (torch.randn(*s, generator=generator) for s in ((rows, 5), (rows, 3), (5, 3), (3,)))
    values, base, weight, bias = values.to(dtype), base.to(dtype), weight.to(dtype), bias.to(dtype)
    want, close = values.double() @ weight.double(), 1e-5 if dtype == torch.float32 else 1e-12
    for stored in (weight.t(), weight.t().contiguous()):
        room = torch.full((rows, 3), torch.nan, dtype=dtype)
        torch.testing.assert_close(products.linear(values, stored, None, room).double(), want, rtol=close, atol=close)
        torch.testing.assert_close(
            products.linear(values, stored, bias, room).double(), want + bias.double(), rtol=close, atol=close
        )
        added = products.add_product(base.clone(), values, stored)
        torch.testing.assert_close(added.double(), want + base.double(), rtol=close, atol=close)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rows", [0, 1, 37, products._FEW + 3])
def test_outer_products_are_added(rows: int, dtype: torch.dtype) -> None:
    """Of few rows and of so many that a convolution's gradient computes them; the rows may lie within others."""
    generator = torch.Generator().manual_seed(1)
    left, right, total = (torch.randn(*s, generator=generator) for s in ((rows + 2, 5), (rows + 4, 3), (5, 3)))
    left, right, total = left.to(dtype)[:rows], right.to(dtype)[:rows], total.to(dtype)
    want = total.double() + left.double().T @ right.double()
    products.add_outer_products(total, left, right)
    close = 1e-5 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(total.double(), want, rtol=close, atol=close * max(rows, 1) ** 0.5)


@pytest.mark.filterwarnings("ignore:TF32 acceleration")  # of torch itself, when the switch is put back
def test_switched_off_onednn_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_ONEDNN", lambda *_: pytest.fail("took oneDNN"))
    with torch.backends.mkldnn.flags(enabled=False):
        room = torch.empty(2, 3)
        assert products.linear(torch.ones(2, 4), torch.ones(3, 4), None, room) is room
