"""What is asked of a network is the mean over the outermost layers that can leave their symmetry."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.nn.relaxable import Relaxable, make_strict, relaxation, relaxation_penalty, relaxed_layers


class Offset(Relaxable):
    """As relaxed as one number is large."""

    def __init__(self, value: float, *, relaxed: bool = True, inner: nn.Module | None = None) -> None:
        super().__init__()
        self.relaxed, self.inner = relaxed, inner
        self.value = nn.Parameter(torch.tensor(value))

    def relaxation_penalty(self) -> Tensor:
        return self.value.square()

    def make_strict(self) -> None:
        with torch.no_grad():
            self.value.zero_()


def network() -> nn.Module:
    deep = nn.ModuleDict({"a": Offset(3.0, inner=Offset(7.0)), "b": nn.Linear(2, 2)})
    return nn.Sequential(Offset(1.0), nn.ReLU(), Offset(5.0, relaxed=False, inner=Offset(9.0)), deep)


def test_layers_answer_for_what_they_hold_and_strict_ones_do_not_count() -> None:
    assert [(name, float(layer.relaxation())) for name, layer in relaxed_layers(network()).items()] == [
        ("0", 1.0),
        ("3.a", 3.0),
    ]


def test_the_penalty_is_the_mean_and_the_relaxation_its_root() -> None:
    net = network()
    penalty = relaxation_penalty(net)
    assert penalty.item() == 5.0
    torch.testing.assert_close(relaxation(net), penalty.detach().sqrt())
    penalty.backward()
    assert [None if p.grad is None else p.grad.item() for p in net.parameters() if p.dim() == 0] == [
        1.0, None, None, 3.0, None,
    ]  # fmt: skip


def test_a_layer_alone_is_a_network_of_one() -> None:
    layer = Offset(2.0)
    assert list(relaxed_layers(layer)) == [""]
    assert relaxation(layer) == layer.relaxation() == 2.0


def test_make_strict_reaches_the_layers_that_count_and_no_others() -> None:
    net = network()
    make_strict(net)
    assert relaxation(net) == 0
    assert sorted(p.item() for p in net.parameters() if p.dim() == 0) == [0.0, 0.0, 5.0, 7.0, 9.0]


@pytest.mark.parametrize("net", [nn.Linear(2, 2).double(), nn.ReLU(), Offset(1.0, relaxed=False)])
def test_a_network_that_cannot_relax_has_none(net: nn.Module) -> None:
    penalty = relaxation_penalty(net)
    assert penalty == relaxation(net) == 0
    assert penalty.dtype == next(net.parameters(), torch.zeros(())).dtype
    make_strict(net)


def test_what_can_relax_must_say_how() -> None:
    class Silent(Relaxable):
        def make_strict(self) -> None:
            pass

    with pytest.raises(TypeError, match="relaxation_penalty"):
        Silent()
