from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.testing.equivariance import assert_equivariant, assert_invariant, randomize_parameters

ABOUT_Z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
BATCH = torch.tensor([0] * 4 + [1] * 3 + [2] * 2)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def network(*args: Any, **options: Any) -> VectorLieGNN:
    model = VectorLieGNN(*args, **{"vector_channels": 4} | options).double()
    randomize_parameters(model, generator=torch.Generator().manual_seed(0))
    return model


def drawn(algebra: LieAlgebra) -> Tensor:
    return algebra.sample(1, 0.5, generator=torch.Generator().manual_seed(0))[0].double()


def test_bodies_turn_and_move_along() -> None:
    model = network(1, 8, 2, 3, metric=torch.eye(3), in_vectors=2, origin="mean")
    x, pos, vectors, g = random(9, 1), random(9, 3, seed=1), random(9, 2, 3, seed=2), drawn(LieAlgebra.rotation(3))
    run = lambda p, v: model(x, p, vectors=v, batch=BATCH, batch_size=3)  # noqa: E731
    move = lambda p: p @ g.mT + 5.0  # noqa: E731
    assert_equivariant(run, [pos, vectors], [move, g], [None, move])


@pytest.mark.parametrize("origin", ["zero", None])
def test_where_vectors_are_measured_from(origin: Any) -> None:
    """Momenta have an origin: their masses are seen, and a translation is no symmetry."""
    model = network(1, 8, 2, 2, metric=minkowski(), origin=origin, readout="mean")
    x, pos = random(9, 1), random(9, 4, seed=1)
    run = lambda p: model(x, p, batch=BATCH)  # noqa: E731
    assert_invariant(run, [pos], [drawn(LieAlgebra.lorentz())])
    if origin is None:
        assert_invariant(run, [pos], [lambda p: p + 1.0])
    else:
        with pytest.raises(AssertionError):
            assert_invariant(run, [pos], [lambda p: p + 1.0])


@pytest.mark.parametrize("readout", [None, "sum"])
def test_vectors_as_answers(readout: Any) -> None:
    model = network(0, 8, 2, 2, metric=torch.eye(3), in_vectors=1, out_vectors=3, readout=readout)
    pos, vel, g = random(9, 3, seed=1), random(9, 3, seed=2), drawn(LieAlgebra.rotation(3))
    scalars, vectors = model(None, pos, vectors=vel, batch=BATCH, batch_size=3)
    rows = 9 if readout is None else 3
    assert scalars.shape == (rows, 2)
    assert vectors.shape == (rows, 3, 3)
    run = lambda p, v: model(None, p, vectors=v, batch=BATCH, batch_size=3)  # noqa: E731
    assert_equivariant(run, [pos, vel], [lambda p: p @ g.mT - 2.0, g], [None, g])


def test_starts_as_motion_along_what_it_was_given() -> None:
    model = VectorLieGNN(1, 8, 1, 2, metric=torch.eye(3), in_vectors=1)
    x, pos, vel = torch.ones(4, 1), torch.randn(4, 3), torch.randn(4, 3)
    moved = model(x, pos, vectors=vel)[1] - pos
    torch.testing.assert_close(torch.linalg.cross(moved, vel), torch.zeros(4, 3), rtol=0, atol=1e-5)
    assert moved.abs().max() > 1e-3


def test_gravity_is_not_turned_away() -> None:
    """What was found about one axis imposes no turn about another."""
    model = network(0, 8, 1, 2, metric=DiscoveredSymmetry.of(ABOUT_Z).metric, in_vectors=1, origin="zero")
    assert model.metric().shape == (2, 3, 3)
    pos, vel = random(9, 3, seed=1), random(9, 3, seed=2)
    run = lambda p, v: model(None, p, vectors=v, batch=BATCH)  # noqa: E731
    g, other = drawn(ABOUT_Z), drawn(LieAlgebra.rotation(3))
    assert_equivariant(run, [pos, vel], [g, g], [None, g])
    with pytest.raises(AssertionError):
        assert_equivariant(run, [pos, vel], [other, other], [None, other])


def test_a_learned_metric_is_one_for_all_layers_and_learns() -> None:
    model = network(0, 8, 1, 2, metric="learned", dim=3, in_vectors=1, readout="mean")
    pos, vel = random(9, 3, seed=1), random(9, 3, seed=2)
    model(None, pos, vectors=vel, batch=BATCH).sum().backward()
    assert sum("metric" in name for name, _ in model.named_parameters()) == 1
    assert model.metric.weight.grad.abs().max() > 0
    g = drawn(LieAlgebra.preserving(model.metric.J.detach()))
    assert_invariant(lambda p, v: model(None, p, vectors=v, batch=BATCH), [pos, vel], [g, g])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_layers": 0}, "at least one layer"),
        ({"readout": "max"}, "'mean', 'sum' or None"),
        ({"origin": "centre"}, "'zero', 'mean' or None"),
        ({"in_channels": 0, "in_vectors": 0}, "must be vectors or an `origin`"),
        ({"metric": LieAlgebra.symplectic(4).invariant_metric()}, "preserves no metric"),
    ],
)
def test_refuses_what_does_not_fit(options: dict[str, Any], message: str) -> None:
    usual = {"in_channels": 1, "hidden_channels": 8, "out_channels": 1, "num_layers": 2, "metric": torch.eye(3)}
    with pytest.raises(ValueError, match=message):
        VectorLieGNN(**usual | options)


def test_refuses_inputs_that_do_not_fit() -> None:
    model = network(1, 8, 1, 2, metric=torch.eye(3), in_vectors=2)
    with pytest.raises(ValueError, match=r"expected `vectors` of shape \[4, 2, 3\], got \[4, 1, 3\]"):
        model(random(4, 1), random(4, 3), vectors=random(4, 3))
    with pytest.raises(ValueError, match="in_channels=1"):
        model(random(4, 2), random(4, 3), vectors=random(4, 2, 3))
    with pytest.raises(ValueError, match=r"must be \[num_nodes, 3\]"):
        model(random(4, 1), random(4, 4), vectors=random(4, 2, 3))
