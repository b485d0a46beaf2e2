from __future__ import annotations

from typing import get_args

import pytest
import torch
import torch_geometric.typing

from pyg_liesym.nn.message.reduce import Readout, pool_nodes, sum_edges

INDEX = torch.tensor([0, 0, 2, 3, 3, 3])
PTR = torch.tensor([0, 2, 2, 3, 6])


@pytest.mark.parametrize("scatter", [False, True])
@pytest.mark.parametrize("ptr", [None, PTR])
def test_sums_at_the_targets(monkeypatch: pytest.MonkeyPatch, scatter: bool, ptr: torch.Tensor | None) -> None:
    if scatter:
        pytest.importorskip("torch_scatter", reason="torch-scatter is not installed", exc_type=ImportError)
    monkeypatch.setattr(torch_geometric.typing, "WITH_TORCH_SCATTER", scatter)
    src = torch.randn(6, 3, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    expected = torch.zeros(4, 3, dtype=torch.float64)
    for row, target in enumerate(INDEX.tolist()):
        expected[target] += src[row]
    torch.testing.assert_close(sum_edges(src, INDEX, ptr, 4), expected)
    assert torch.autograd.gradcheck(lambda s: sum_edges(s, INDEX, ptr, 4) ** 2, src)
    assert torch.autograd.gradgradcheck(lambda s: sum_edges(s, INDEX, ptr, 4) ** 2, src)


def test_no_edges() -> None:
    out = sum_edges(torch.zeros(0, 3), INDEX[:0], torch.zeros(5, dtype=torch.long), 4)
    assert torch.equal(out, torch.zeros(4, 3))


@pytest.mark.parametrize("reduce", get_args(Readout))
def test_one_answer_is_read_from_the_nodes_of_a_graph(reduce: Readout) -> None:
    x = -torch.rand(4, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([getattr(x[:3], f"a{reduce}" if reduce == "max" else reduce)(0), torch.zeros(3), x[3]])
    torch.testing.assert_close(pool_nodes(x, torch.tensor([0, 0, 0, 2]), 3, reduce), expected)
    torch.testing.assert_close(pool_nodes(x[:3], None, None, reduce), expected[:1])
    assert torch.equal(pool_nodes(x[:0], None, None, reduce), torch.zeros(1, 3))
