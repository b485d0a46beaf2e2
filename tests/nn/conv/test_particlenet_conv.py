from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import Sequential

from pyg_liesym.nn.conv.particlenet_conv import ParticleNetConv
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.nn.message.neighbours import nearest_neighbours
from pyg_liesym.testing.equivariance import assert_permutation_equivariant, randomize_parameters

BATCH = torch.tensor([0] * 4 + [1] * 3 + [2] * 2)


def layer(seed: int = 0, **options: object) -> ParticleNetConv:
    conv = ParticleNetConv(5, (6, 4, 7), **options).double()
    randomize_parameters(conv, generator=torch.Generator().manual_seed(seed))
    for name, buffer in conv.named_buffers():
        if "running" in name:
            torch.nn.init.uniform_(buffer, 0.5, 1.5, generator=torch.Generator().manual_seed(seed))
    return conv


def inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(9, 5, dtype=torch.float64, generator=generator), torch.randint(9, (2, 30), generator=generator)


def test_equals_the_formula_edge_by_edge() -> None:
    """Batch normalisation with the moments that it keeps; the first map on (xᵢ, xⱼ − xᵢ) as published."""
    conv, (x, edge_index) = layer().eval(), inputs()
    first = torch.cat([conv.lin_target.weight, conv.lin_difference.weight], dim=1)
    expected = []
    for i in range(9):
        messages = [
            conv.phi((first @ torch.cat([x[i], x[j] - x[i]]))[None])[0] for j, t in edge_index.T.tolist() if t == i
        ]
        mean = torch.stack(messages).mean(0) if messages else torch.zeros(7).double()
        expected.append(torch.relu(conv.shortcut(x[i : i + 1])[0] + mean))
    torch.testing.assert_close(conv(x, edge_index), torch.stack(expected))


def test_batch_statistics_are_those_of_all_edges() -> None:
    conv, (x, edge_index) = layer().train(), inputs()
    first = conv.lin_target(x)[edge_index[1]] + conv.lin_difference(x[edge_index[0]] - x[edge_index[1]])
    before = conv.phi[0].running_mean.clone()
    conv(x, edge_index)
    torch.testing.assert_close(conv.phi[0].running_mean, 0.9 * before + 0.1 * first.mean(0))


@pytest.mark.parametrize("training", [True, False])
def test_numbering_of_the_nodes_does_not_matter(training: bool) -> None:
    conv, (x, edge_index) = layer().train(training), inputs()
    assert_permutation_equivariant(conv, [x], edge_index, generator=torch.Generator().manual_seed(1))
    assert_permutation_equivariant(conv, [x], generator=torch.Generator().manual_seed(1))


def test_batch_is_a_loop_over_graphs() -> None:
    conv, (x, _) = layer().eval(), inputs()
    whole = conv(x, batch=BATCH)
    for graph in range(3):
        torch.testing.assert_close(whole[graph == BATCH], conv(x[graph == BATCH]))
    torch.testing.assert_close(whole, conv(x, nearest_neighbours(x, 3, BATCH)))
    torch.testing.assert_close(whole, conv(x, complete_graph(9, BATCH).edge_index))


@pytest.mark.parametrize("training", [True, False])
def test_no_edges(training: bool) -> None:
    conv, (x, edge_index) = layer().train(training), inputs()
    out = conv(x, edge_index[:, :0])
    torch.testing.assert_close(out, torch.relu(conv.shortcut(x)))
    assert bool(conv.phi[0].running_mean.isfinite().all())
    assert layer().eval()(x[:0]).shape == (0, 7)


def test_flow() -> None:
    x, edge_index = inputs()
    torch.testing.assert_close(
        layer().eval()(x, edge_index), layer(flow="target_to_source").eval()(x, edge_index.flip(0))
    )


def test_in_sequential_and_compiled() -> None:
    x, edge_index = inputs()
    model = Sequential("x, edge_index", [(layer().eval(), "x, edge_index -> x")])
    compiled = torch.compile(model[0], backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, edge_index), model(x, edge_index))


def test_repr() -> None:
    text = "ParticleNetConv(5, (6, 4, 7))"
    assert repr(layer()) == text


def test_bad_settings_and_input() -> None:
    with pytest.raises(ValueError, match="at least one map"):
        ParticleNetConv(5, ())
    with pytest.raises(ValueError, match=r"\[num_nodes, 5\], got \[9, 4\]"):
        ParticleNetConv(5, (4,))(torch.ones(9, 4))
