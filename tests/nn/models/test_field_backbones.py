"""Residual networks and U-Nets of fields: what the contract does not ask."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from pyg_liesym.field import PointGroup, regulars, scalars, vectors
from pyg_liesym.field.action import quarter_turn, reflect
from pyg_liesym.nn.field import ScaleConv2d, SteerableConv2d
from pyg_liesym.nn.field.kernels import ScaleKernel
from pyg_liesym.nn.models.canonicalized import Canonicalized
from pyg_liesym.nn.models.field_res_net import FieldResNet
from pyg_liesym.nn.models.field_u_net import FieldUNet
from pyg_liesym.testing.equivariance import randomize_parameters

D4 = PointGroup.dihedral(4)
FRAMES, FLOW, HIDDEN = vectors(D4, 3), vectors(D4, 1), regulars(D4, 2)


def conv(before: Any, after: Any) -> SteerableConv2d:
    return SteerableConv2d(before, after, 3, padding="circular")


def backbone(name: str) -> Any:
    torch.manual_seed(0)
    if name == "resnet":
        net: Any = FieldResNet(FRAMES, HIDDEN, FLOW, conv, num_blocks=2)
    else:
        net = FieldUNet(FRAMES, [HIDDEN, HIDDEN, regulars(D4, 3)], FLOW, conv)
    return randomize_parameters(net.double(), generator=torch.Generator().manual_seed(0))


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["resnet", "unet"])
def test_whole_networks_keep_everything_together_exactly(name: str) -> None:
    """Quarter turns, reflections, uniform motion and magnitude, one after the other, in one network."""
    net, flow = Canonicalized(backbone(name), 2, lattice_dims=2), random(2, 6, 16, 16)
    wind = torch.tensor([20.0, -3.0], dtype=torch.float64)

    def act(field: Tensor, kind: Any) -> Tensor:
        moved = reflect(quarter_turn(7 * field, kind), kind)
        return moved + wind.repeat(field.size(1) // 2)[:, None, None]

    expected = act(net(flow).detach(), FLOW)
    torch.testing.assert_close(net(act(flow, FRAMES)), expected, rtol=0, atol=1e-10 * float(expected.abs().max()))
    assert not torch.allclose(backbone(name)(act(flow, FRAMES)), act(backbone(name)(flow), FLOW), rtol=1e-2)


def test_a_block_that_says_nothing_is_a_skip() -> None:
    net, flow = backbone("resnet"), random(2, 6, 8, 8)
    with torch.no_grad():
        for block in net.blocks:
            for parameter in block[3].parameters():
                parameter.zero_()
        torch.testing.assert_close(net(flow), net.last(net.act(net.first(flow))))


def test_every_lattice_of_a_u_net_is_heard() -> None:
    """With its coarsest layers silent a place is told of its neighbours alone, else of all."""
    net, flow = backbone("unet"), random(1, 6, 32, 32)
    far = flow.clone()
    far[..., 16, 16] += 1
    reach = lambda: (net(far) - net(flow)).abs().sum(1)[0] > 1e-12  # noqa: E731
    with torch.no_grad():
        net.reset_parameters()
        whole = int(reach().sum())
        for parameter in net.down[1].parameters():
            parameter.zero_()
        assert 0 < int(reach().sum()) < whole, "what the skips carry is still heard"


@pytest.mark.parametrize("name", ["resnet", "unet"])
def test_a_first_layer_may_lift_to_rows_of_scales(name: str) -> None:
    """Each scale is halved and doubled by itself: rows that do not hear each other stay apart."""
    torch.manual_seed(0)
    hidden = scalars(PointGroup.cyclic(1), 3)
    row = lambda before, after, **more: ScaleConv2d(  # noqa: E731
        before.channels, after.channels, 5, (1.0, 1.5), interaction=0, padding="circular", **more
    )
    lift = partial(row, lifting=True)
    if name == "resnet":
        net: Any = FieldResNet(hidden, hidden, hidden, row, num_blocks=1, first=lift)
    else:
        net = FieldUNet(hidden, [hidden, hidden], hidden, row, first=lift)
    net, flow = net.double(), random(1, 3, 8, 8)
    before = net(flow)
    assert before.shape == (1, 3, 2, 8, 8)
    for module in net.modules():
        if isinstance(module, ScaleKernel):
            module.functions[1] = 0
    torch.testing.assert_close(net(flow)[:, :, 0], before[:, :, 0], rtol=0, atol=0)
    assert not torch.allclose(net(flow)[:, :, 1], before[:, :, 1])


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"multiples of 4 places, as it is halved 2 times, got \[16, 18\]"):
        backbone("unet")(random(1, 6, 16, 18))
    with pytest.raises(ValueError, match="at least one block"):
        FieldResNet(FRAMES, HIDDEN, FLOW, conv, num_blocks=0)
    with pytest.raises(ValueError, match="field types of every lattice"):
        FieldUNet(FRAMES, [], FLOW, conv)
