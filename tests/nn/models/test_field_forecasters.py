"""The networks that forecast flows: strict ones keep their symmetry, relaxed ones at first and after make_strict."""

import pytest
import torch
from torch import nn

from pyg_liesym.field.action import quarter_turn
from pyg_liesym.field.representation import scalars, vectors
from pyg_liesym.metrics.equivariance import relative_error
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.models.field_conv_net import FieldConvNet
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import C1, C4, FORECASTERS, STRICT, build_forecaster, widest
from pyg_liesym.nn.models.scale_conv_net import ScaleConvNet
from pyg_liesym.nn.relaxable import make_strict, relaxation, relaxation_penalty, relaxed_layers
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

FLOW = vectors(C4, 1)
SIZE = (12, 12)
ALL = [(symmetry, name) for symmetry, names in FORECASTERS.items() for name in names]
RELAXED = [(symmetry, name) for symmetry, name in ALL if name in ("rgroup", "rsteer", "rriesz", "rpp", "clcnn", "lift")]


@pytest.fixture(autouse=True)
def in_double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def build(symmetry, name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_forecaster(name, symmetry, width=2, size=SIZE, history=2, num_layers=3, rank=2)


def randomized(net):
    return randomize_parameters(net, generator=torch.Generator().manual_seed(1))


def turned(frames):
    """A quarter turn of frames [B, T, 2, H, W] or [B, 2, H, W]."""
    return quarter_turn(frames.flatten(0, -4), FLOW).view_as(frames)


def moved(frames):
    return frames.roll((1, -1), (-2, -1))


def check(net, symmetry):
    frames = torch.randn(2, 2, 2, *SIZE, generator=torch.Generator().manual_seed(2))
    if symmetry == "rotation":
        assert_equivariant(net, [frames], [turned], [turned])
    elif symmetry == "translation":
        # three layers see three places far, and one is moved over the border
        inside = (..., slice(4, -4), slice(4, -4))
        with torch.no_grad():
            error = relative_error(net(moved(frames))[inside], moved(net(frames))[inside])
        assert error < 1e-10, f"not equivariant: {error}"


@pytest.mark.parametrize(("symmetry", "name"), ALL)
def test_shapes_gradients_and_penalty(symmetry, name):
    net = build(symmetry, name)
    frames = torch.randn(3, 2, 2, *SIZE, generator=torch.Generator().manual_seed(2))
    out = net.rollout(frames, 3)
    assert out.shape == (3, 3, 2, *SIZE)
    torch.testing.assert_close(out[:, 0], net(frames))
    torch.testing.assert_close(out[:, 1], net(torch.stack([frames[:, 1], out[:, 0]], 1)))
    loss = out.square().mean() + relaxation_penalty(net)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert relaxation(net) < 1e-7
    again = build(symmetry, name)
    again.load_state_dict(randomized(net).state_dict())
    torch.testing.assert_close(again(frames), net(frames))


@pytest.mark.parametrize("symmetry", ["rotation", "translation"])
def test_strict_networks_keep_the_symmetry_with_any_parameters(symmetry):
    net = randomized(build(symmetry, STRICT[symmetry]))
    check(net, symmetry)
    assert relaxation(net) < 1e-7


@pytest.mark.parametrize("name", ["convnet", "mlp"])
def test_plain_networks_keep_no_rotations(name):
    with pytest.raises(AssertionError, match="not equivariant"):
        check(build("rotation", name), "rotation")


@pytest.mark.parametrize(("symmetry", "name"), RELAXED)
def test_relaxed_networks_are_strict_at_first_and_after_make_strict_and_not_between(symmetry, name):
    net = build(symmetry, name)
    check(net, symmetry)
    randomized(net)
    assert relaxation(net) > 0.1
    if symmetry != "scale":
        with pytest.raises(AssertionError, match="not equivariant"):
            check(net, symmetry)
    make_strict(net)
    assert relaxation(net) < 1e-7
    check(net, symmetry)


def test_a_relaxed_network_of_scales_equals_its_strict_twin_at_first():
    strict, relaxed = build("scale", "strict"), build("scale", "rgroup")
    for own, other in zip(strict.net, relaxed.net, strict=True):
        if isinstance(own, ScaleConv2d):
            own.kernel.weight.data = other.kernel.weight.sum(0, keepdim=True) * len(other.kernel.weight) ** -0.5
            own.bias.data = other.bias.data
    frames = torch.randn(1, 2, 2, *SIZE)
    torch.testing.assert_close(relaxed(frames), strict(frames))


def test_the_mean_over_layers_is_the_networks_relaxation():
    net = randomized(build("rotation", "rsteer"))
    layers = relaxed_layers(net)
    assert list(layers) == ["net.0", "net.2", "net.4"]
    expected = torch.stack([layer.relaxation() for layer in layers.values()]).square().mean().sqrt()
    torch.testing.assert_close(relaxation(net), expected)


@pytest.mark.parametrize(("symmetry", "name"), ALL)
def test_new_parameters_are_drawn_in_all_layers_and_leave_them_strict(symmetry, name):
    net, fresh = randomized(build(symmetry, name)), build(symmetry, name).state_dict()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    net.reset_parameters()
    assert relaxation(net) < 1e-7
    for key, value in net.state_dict().items():
        assert value.numel() == 0 or key in ("scale", "step") or not value.equal(before[key]), key
        assert value.eq(0).all() == fresh[key].eq(0).all(), key


@pytest.mark.parametrize(
    ("symmetry", "name"), [("rotation", "strict"), ("translation", "convnet"), ("scale", "strict")]
)
def test_strict_layers_are_not_among_the_relaxed(symmetry, name):
    net = randomized(build(symmetry, name))
    assert relaxed_layers(net) == {}
    assert float(relaxation(net)) == 0


def test_sizes_of_the_flow_only_change_units():
    net = build("rotation", "convnet")
    scaled = FieldForecaster(net.net, 2, scale=4.0, step=4.0)
    frames = torch.randn(1, 2, 2, *SIZE)
    torch.testing.assert_close(scaled(4 * frames), 4 * net(frames))


def test_the_widest_network_within_a_budget():
    def size(width):
        return sum(p.numel() for p in build_forecaster("convnet", "scale", width=width, size=SIZE).parameters())

    def net(width):
        return build_forecaster("convnet", "scale", width=width, size=SIZE)

    for budget in (size(3), size(4) - 1, 20_000):
        width = widest(net, budget)
        assert size(width) <= budget < size(width + 1)
    assert widest(net, 1) == 1


def test_what_is_refused():
    with pytest.raises(ValueError, match="no network 'rsteer' for 'scale'; there are translation: convnet"):
        build_forecaster("rsteer", "scale", width=1, size=SIZE)
    with pytest.raises(ValueError, match=r"expected frames \[B, 2, 2, H, W\], got \[1, 3, 2, 12, 12\]"):
        build("rotation", "convnet")(torch.ones(1, 3, 2, *SIZE))
    with pytest.raises(ValueError, match="positive sizes of the flow"):
        FieldForecaster(nn.Identity(), 1, scale=0.0)
    with pytest.raises(ValueError, match="field types of the input"):
        FieldConvNet([scalars(C1, 1)], lambda a, b: nn.Identity())
    with pytest.raises(ValueError, match="channels of the input"):
        ScaleConvNet([1], lambda a, b, *, lifting: nn.Identity())
    with pytest.raises(ValueError, match="readout"):
        ScaleConvNet([1, 1], lambda a, b, *, lifting: nn.Identity(), readout="max")
