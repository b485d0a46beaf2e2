"""What the layer of the patch computes, in a PyTorch Geometric that has it; run by ``test_upstream.py``."""

from __future__ import annotations

import pytest
import torch
import torch_geometric.nn
from textbook_egnn import TextbookEGNN
from torch import Tensor

from pyg_liesym.nn import EGNNConv as OurConv
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.testing.equivariance import randomize_parameters

OURS = {"edge_nn.2": "edge_map.phi_e.1", "node_nn.0": "phi_h.0", "node_nn.2": "phi_h.2"}
OURS |= {"pos_nn.0": "edge_map.phi_x.0", "pos_nn.2": "edge_map.phi_x.2", "attn_nn.0": "edge_map.phi_m.0"}
OURS |= {"vel_nn.0": "phi_v.0", "vel_nn.2": "phi_v.2"}


def inputs(hidden: int) -> tuple[Tensor, ...]:
    """Features, positions, velocities, edges and their attributes of two graphs of which one is a lone node."""
    edge_index = complete_graph(5).edge_index
    shapes = (6, hidden), (6, 3), (6, 3), (edge_index.size(1), 2)
    x, pos, vel, edge_attr = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
    return x, pos, vel, edge_index, edge_attr


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("velocity", [False, True])
@pytest.mark.parametrize("pos_aggr", ["mean", "sum"])
def test_it_computes_what_our_layer_computes(attention: bool, velocity: bool, pos_aggr: str) -> None:
    x, pos, vel, edge_index, edge_attr = inputs(4)
    theirs = torch_geometric.nn.EGNNConv(
        4, 4, 7, edge_dim=2, attention=attention, velocity=velocity, pos_aggr=pos_aggr
    ).double()
    randomize_parameters(theirs)
    ours = OurConv(
        4, 4, hidden_channels=7, edge_channels=7, edge_dim=2, gate=attention, velocity=velocity,
        pos_aggr="mean" if pos_aggr == "mean" else "sum",
    ).double()  # fmt: skip
    state = theirs.state_dict()
    first, bias = state.pop("edge_nn.0.weight"), state.pop("edge_nn.0.bias")
    names = [name.rpartition(".") for name in state]
    entries = {f"{OURS[module]}.{kind}": state[f"{module}.{kind}"] for module, _, kind in names}
    parts = zip(("lin_target", "lin_source", "lin_edge"), first.split([4, 4, 3], dim=1), strict=True)
    entries |= {f"edge_map.{part}.weight": weight for part, weight in parts} | {"edge_map.lin_target.bias": bias}
    assert ours.load_state_dict(entries, strict=False) == (["metric.J"], [])
    arguments = x, pos, edge_index, edge_attr, vel if velocity else None
    for theirs_out, ours_out in zip(theirs(*arguments), ours(*arguments), strict=True):
        torch.testing.assert_close(theirs_out, ours_out, rtol=0, atol=1e-12)


def test_it_computes_what_the_textbook_computes() -> None:
    x, pos, vel, edge_index, edge_attr = inputs(4)
    textbook = TextbookEGNN(4, 6, 3, edge_dim=2).double()
    randomize_parameters(textbook)
    expected = textbook(x, pos, edge_index, edge_attr, vel)
    h = textbook.embedding(x)
    for k in range(3):
        conv = torch_geometric.nn.EGNNConv(6, 6, edge_dim=2, velocity=True).double()
        for name, maps in ("edge", textbook.edge_mlps), ("node", textbook.node_mlps), ("pos", textbook.pos_mlps):
            conv.get_submodule(f"{name}_nn").load_state_dict(maps[k].state_dict())
        conv.get_submodule("vel_nn").load_state_dict(textbook.vel_mlps[k].state_dict())
        h, pos = conv(h, pos, edge_index, edge_attr, vel)
    torch.testing.assert_close((h, pos), expected, rtol=0, atol=1e-12)
