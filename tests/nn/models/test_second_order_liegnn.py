from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

BATCH = torch.tensor([0] * 4 + [1] * 3 + [2] * 2)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def network(**options: Any) -> SecondOrderLieGNN:
    usual = {"metric": torch.eye(3), "vector_channels": 4, "num_steps": 3}
    model = SecondOrderLieGNN(1, 8, **usual | options).double()
    randomize_parameters(model, generator=torch.Generator().manual_seed(0))
    return model


def state(n: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    return random(9, 1), random(9, n, seed=1), random(9, n, seed=2)


@pytest.mark.parametrize("scheme", ["euler", "verlet"])
@pytest.mark.parametrize("origin", ["mean", "zero"])
def test_keeps_turns_and_boosts_of_bodies_that_are_alone(origin: Any, scheme: Any) -> None:
    model, (x, pos, vel) = network(scheme=scheme, origin=origin, span=0.7), state()
    run = lambda p, v: model(x, p, vel=v, batch=BATCH, batch_size=3)  # noqa: E731
    g = LieAlgebra.rotation(3).sample(1, 0.5, generator=torch.Generator().manual_seed(0))[0].double()
    assert_equivariant(run, [pos, vel], [g, g], [None, g, g])
    u = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    boost = [lambda p: p + 3.0, lambda v: v + u], [None, lambda p: p + 3.0 + 0.7 * u, lambda v: v + u]
    if origin == "mean":
        assert_equivariant(run, [pos, vel], *boost)
    else:
        with pytest.raises(AssertionError):
            assert_equivariant(run, [pos, vel], *boost)


def test_momentum_is_kept_by_each_graph_that_is_alone() -> None:
    x, pos, vel = state()
    for origin, kept in (("mean", True), ("zero", False)):
        _, _, after = network(origin=origin)(x, pos, vel=vel, batch=BATCH)
        assert not torch.allclose(after, vel, atol=1e-3)
        for graph in range(3):
            drift = (after - vel)[graph == BATCH].sum(0).abs().max()
            assert (drift < 1e-12) == kept


def test_another_group_than_that_of_space() -> None:
    model, (x, pos, vel) = network(metric=minkowski()), state(4)
    run = lambda p, v: model(x, p, vel=v)  # noqa: E731
    good, bad = (
        a.sample(1, 0.5, generator=torch.Generator().manual_seed(0))[0].double()
        for a in (LieAlgebra.lorentz(), LieAlgebra.rotation(4))
    )
    assert_equivariant(run, [pos, vel], [good, good], [None, good, good])
    with pytest.raises(AssertionError):
        assert_equivariant(run, [pos, vel], [bad, bad], [None, bad, bad])


def test_is_its_layers_and_a_scheme_of_second_order() -> None:
    model, (x, pos, vel) = network(origin="zero", num_layers=2, num_steps=2, span=3.0), state()
    h, channels, q, v = model.embedding(x), torch.zeros(9, 4, 3).double(), pos, vel
    for _ in range(2):
        a, b = model.lift.weight.unbind(1)
        channels = channels + a[:, None] * q[:, None] + b[:, None] * v[:, None]
        for conv in model.convs:
            h, channels = conv(h, q, vectors=channels, metric=model.metric().double())
        v = v + 1.5 * torch.einsum("c,ncd->nd", model.acceleration.weight[0], channels)
        q = q + 1.5 * v
    torch.testing.assert_close(model(x, pos, vel=vel), (h, q, v))


class Steady(nn.Module):
    """In place of a layer: the same first vector at every step."""

    def __init__(self, vector: Tensor) -> None:
        super().__init__()
        self.vector = vector

    def forward(self, h: Tensor, pos: Tensor, edges: Any, edge_attr: Any, channels: Tensor, *_: Any) -> Any:
        return h, torch.zeros_like(channels).index_fill(1, torch.tensor([0]), 1.0) * self.vector


@pytest.mark.parametrize("num_steps", [1, 3])
def test_a_constant_acceleration_is_followed_by_verlet_and_not_by_euler(num_steps: int) -> None:
    push, pos, vel = torch.tensor([1.0, -2.0, 0.5]), torch.zeros(2, 3), torch.ones(2, 3)
    for scheme, share in (("euler", (num_steps + 1) / (2 * num_steps)), ("verlet", 0.5)):
        model = SecondOrderLieGNN(1, 4, num_steps, metric=torch.eye(3), span=1.5, origin="zero", scheme=scheme)  # type: ignore[arg-type]
        model.convs = nn.ModuleList([Steady(push)])
        with torch.no_grad():
            model.acceleration.weight.copy_(torch.eye(1, 8))
        _, later, faster = model(torch.ones(2, 1), pos, vel=vel)
        torch.testing.assert_close(later, pos + 1.5 * vel + share * 1.5**2 * push)
        torch.testing.assert_close(faster, vel + 1.5 * push)


def test_number_of_weights_does_not_depend_on_the_steps() -> None:
    count = {sum(p.numel() for p in network(num_steps=steps).parameters()) for steps in (1, 5)}
    assert len(count) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_steps": 0}, "at least one step"),
        ({"origin": None}, "'zero' or 'mean'"),
        ({"scheme": "rk4"}, "'euler' or"),
    ],
)
def test_refuses_what_does_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(**options)


def test_refuses_inputs_that_do_not_fit() -> None:
    model, (x, pos, vel) = network(), state()
    with pytest.raises(ValueError, match="expected `vel` of the shape of `pos`"):
        model(x, pos)
    with pytest.raises(ValueError, match="in_channels=1"):
        model(vel, pos, vel=vel)
    with pytest.raises(ValueError, match=r"must be \[num_nodes, 3\]"):
        model(x, random(9, 4), vel=vel)
