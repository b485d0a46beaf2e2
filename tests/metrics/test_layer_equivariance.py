import pytest
import torch
from torch import nn

from pyg_liesym.metrics.layer_equivariance import layer_equivariance_errors

QUARTER = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)


def net():
    """A layer that commutes with rotations, one that does not, and one that does again."""
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    ).double()
    layers[0].weight.data = torch.tensor([[2.0, -1.0], [1.0, 2.0]], dtype=torch.float64)
    layers[2].weight.data = 3 * torch.eye(2, dtype=torch.float64)
    return layers


def test_the_error_appears_where_the_symmetry_is_lost():
    model, x = net(), torch.randn(20, 2, dtype=torch.float64)
    errors = layer_equivariance_errors(model, [x], [QUARTER], {str(i): QUARTER for i in range(3)})
    assert errors["0"] < 1e-12
    assert errors["1"] > 0.1
    assert errors["2"] == pytest.approx(errors["1"])
    reference = model[1](model[0](x)).detach()
    moved = model[1](model[0](x @ QUARTER.mT)).detach()
    assert errors["1"] == pytest.approx(float((moved - reference @ QUARTER.mT).norm() / reference.norm()))
    assert not any(module._forward_hooks for module in model.modules())


def test_what_is_refused():
    x = torch.randn(3, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"no layers \['7'\]"):
        layer_equivariance_errors(net(), [x], [None], {"7": None})
    with pytest.raises(ValueError, match="one action for each of 1 inputs"):
        layer_equivariance_errors(net(), [x], [], {"0": None})
    lstm = nn.LSTM(2, 2).double()
    with pytest.raises(ValueError, match="puts out a tuple"):
        layer_equivariance_errors(lstm, [x], [None], {"": None})

    class Lazy(nn.Module):
        def __init__(self):
            super().__init__()
            self.idle = nn.Identity()

        def forward(self, x):
            return x

    with pytest.raises(ValueError, match=r"\['idle'\] were not called"):
        layer_equivariance_errors(Lazy(), [x], [None], {"idle": None})
