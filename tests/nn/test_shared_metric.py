"""A network holds its metric once."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.message.metric import FixedMetric
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.lorentznet import LorentzNet

NETS: dict[str, Callable[[], nn.Module]] = {
    "liegnn": lambda: LieGNN(2, 8, 1, 2, metric=minkowski()),
    "learned": lambda: LieGNN(2, 8, 1, 2, metric="learned", dim=4),
    "lorentznet": lambda: LorentzNet(2, 8, 1, 2).eval(),
}


def answer(net: nn.Module) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    out = net(torch.ones(5, 2), torch.randn(5, 4, generator=generator))
    return out if isinstance(out, Tensor) else torch.cat([part.flatten() for part in out])


@pytest.fixture(params=NETS)
def net(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return NETS[request.param]()


def test_one_name(net: nn.Module) -> None:
    names = [name for name in net.state_dict() if "metric" in name]
    assert len(names) == 1
    assert names[0].startswith("metric.")


def test_a_functional_call_uses_another_metric_and_leaves_the_net_alone(net: nn.Module) -> None:
    before, plain = copy.deepcopy(net.state_dict()), answer(net)
    (name,) = (name for name in before if "metric" in name)
    state = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    args = (torch.ones(5, 2), torch.randn(5, 4, generator=torch.Generator().manual_seed(0)))
    out = functional_call(net, {**state, name: state[name].detach() * 3 + torch.eye(4)}, args)
    out = out if isinstance(out, Tensor) else torch.cat([part.flatten() for part in out])
    assert not torch.allclose(out, plain)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert set(dict(net.named_parameters())) | set(dict(net.named_buffers())) == set(state)
    assert torch.equal(answer(net), plain)


def test_a_learned_metric_stays_a_parameter_that_learns() -> None:
    torch.manual_seed(0)
    net = NETS["learned"]()
    assert isinstance(net.get_parameter("metric.weight"), nn.Parameter)
    answer(net).square().sum().backward()
    assert net.get_parameter("metric.weight").grad is not None


def test_state_dicts_with_a_metric_in_every_layer_load(net: nn.Module) -> None:
    state = net.state_dict()
    (name,) = (name for name in state if "metric" in name)
    layers = {f"convs.{layer}.{name}": state[name] for layer in range(2)}
    old = {key.replace("edge_map.", ""): value for key, value in {**state, **layers}.items()}
    torch.manual_seed(1)
    for prefix in ("", "0."):
        other = copy.deepcopy(net)
        for parameter in other.parameters():
            nn.init.normal_(parameter)
        outer = nn.Sequential(other) if prefix else other
        outer.load_state_dict({prefix + key: value for key, value in old.items()})
        assert torch.equal(answer(other), answer(net))


def test_copies_share_their_own_metric(net: nn.Module) -> None:
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    for other in (copy.deepcopy(net), torch.load(file, weights_only=False)):
        assert torch.equal(answer(other), answer(net))
        assert other.get_submodule("metric") is not net.get_submodule("metric")
    assert answer(net.double().float()).dtype == torch.float32


def test_another_metric_put_in_its_place_is_used(net: nn.Module) -> None:
    before = answer(net)
    net.metric = FixedMetric(torch.eye(4))
    assert not torch.allclose(answer(net), before)
