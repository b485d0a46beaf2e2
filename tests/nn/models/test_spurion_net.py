"""Networks with spurions: strict while they are zero, and equivariant if they are moved along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.relaxed_liegnn import RelaxedLieGNN
from pyg_liesym.nn.models.relaxed_vector_liegnn import RelaxedVectorLieGNN
from pyg_liesym.nn.models.spurion_net import SpurionNet
from pyg_liesym.testing.equivariance import assert_equivariant, assert_invariant, randomize_parameters

ROTATION = LieAlgebra.rotation(3)
ABOUT_Z = LieAlgebra(ROTATION.basis[:1])
AREA = torch.block_diag(*2 * [torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)])
BROKEN = "not equivariant"
# Of each network: what takes ``pos`` as a vector and not only its differences.
NETWORKS: dict[str, tuple[type[SpurionNet], dict[str, Any]]] = {
    "one vector": (RelaxedLieGNN, {}),
    "channels": (RelaxedVectorLieGNN, {"vector_channels": 4, "origin": "zero"}),
    "virtual nodes": (RelaxedVectorLieGNN, {"vector_channels": 4, "origin": "zero", "virtual_nodes": 2}),
}
# Forms of every kind, and the algebra of the group that keeps them.
FORMS: dict[str, tuple[Any, LieAlgebra]] = {
    "Euclidean": (torch.eye(3), ROTATION),
    "indefinite": (minkowski(), LieAlgebra.lorentz()),
    "antisymmetric": (AREA, LieAlgebra.preserving(AREA)),
    "degenerate": (torch.diag(torch.tensor([1.0, 1.0, 0.0])), ABOUT_Z),
    "several": (ABOUT_Z.invariant_metric(), ABOUT_Z),
}
network = pytest.mark.parametrize("name", NETWORKS)


def build(name: str, metric: Any, in_channels: int = 2, **options: Any) -> Any:
    torch.manual_seed(0)
    kind, own = NETWORKS[name]
    return kind(in_channels, 16, 3, 2, metric=metric, **own, **options)  # type: ignore[call-arg]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def element(algebra: LieAlgebra) -> Tensor:
    return algebra.sample(1, 0.4, generator=torch.Generator().manual_seed(1))[0].double()


def law_of(model: SpurionNet, n: int, g: Tensor, readout: str | None) -> Callable[[], None]:
    """The assertion that vectors moved by g give the same scalars, and answers moved by g."""
    x, pos = random(6, 2), random(6, n, seed=1)
    run = lambda p: model(x, p)  # noqa: E731
    return lambda: (
        assert_invariant(run, [pos], [g]) if readout else assert_equivariant(run, [pos], [g], [None, g])
    )  # fmt: skip


@network
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("readout", [None, "mean"])
def test_strict_at_first_and_after_make_strict_and_not_between(name: str, form: str, readout: Any) -> None:
    metric, algebra = FORMS[form]
    model, g, n = build(name, metric, num_spurions=2, readout=readout).double(), element(algebra), algebra.n
    law = law_of(model, n, g, readout)
    randomize_parameters(model.net)
    law()
    randomize_parameters(model)
    with pytest.raises(AssertionError, match=BROKEN):
        law()
    spurions, (x, pos) = model.spurions.data.clone(), (random(6, 2), random(6, n, seed=1))

    def together(p: Tensor, s: Tensor) -> Any:
        model.spurions.data.copy_(s)
        return model(x, p)

    assert_equivariant(together, [pos, spurions], [g, g], [None] if readout else [None, g])
    model.spurions.data.copy_(spurions)
    assert model.relaxation() > 0
    model.make_strict()
    law()
    assert model.relaxation() == 0


@network
def test_what_leaves_the_spurions_in_their_place_is_still_a_symmetry(name: str) -> None:
    model = build(name, torch.eye(3)).double()
    randomize_parameters(model)
    model.spurions.data[0] = torch.tensor([0.0, 0.0, 2.0])
    moved = model.breaking(ROTATION)
    left = [i for i in range(3) if moved[i] == 0]
    assert left == [i for i in range(3) if (ROTATION.basis[i] @ model.spurions.data[0]).norm() == 0]
    assert len(left) == 1
    torch.testing.assert_close(model.relaxation_penalty(), model.relaxation() ** 2)
    for i in range(3):
        law = law_of(model, 3, torch.linalg.matrix_exp(0.7 * ROTATION.basis[i].double()), None)
        if i in left:
            law()
        else:
            with pytest.raises(AssertionError, match=BROKEN):
                law()


@network
def test_with_two_forms_a_spurion_along_z_breaks_the_reflection_of_z_alone(name: str) -> None:
    model = build(name, ABOUT_Z.invariant_metric()).double()
    randomize_parameters(model)
    up_and_down = law_of(model, 3, torch.diag(torch.tensor([1.0, 1.0, -1.0])).double(), None)
    model.spurions.data[0] = torch.tensor([0.0, 0.0, 1.0])
    for kept in (element(ABOUT_Z), torch.diag(torch.tensor([-1.0, 1.0, 1.0])).double()):
        law_of(model, 3, kept, None)()
    with pytest.raises(AssertionError, match=BROKEN):
        up_and_down()
    model.make_strict()
    up_and_down()


@pytest.mark.parametrize("name", ["one vector", "channels"])
def test_spurions_are_drawn_to_a_field_that_breaks_the_symmetry_and_not_without_one(name: str) -> None:
    """Bodies fall along −z by 0.1: the one spurion turns that way; without a field it stays small."""
    pos = random(32 * 3, 3).float()
    batch = torch.arange(32).repeat_interleave(3)
    for fall in (torch.tensor([0.0, 0.0, -0.1]), torch.zeros(3)):
        model = build(name, torch.eye(3), in_channels=0, gate=False)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(60):
            optimizer.zero_grad()
            loss = (model(None, pos, batch=batch)[1] - pos - fall).square().mean()
            (loss + 1e-3 * model.relaxation_penalty()).backward()
            optimizer.step()
        if fall.any():
            direction = model.spurions.detach()[0] / model.relaxation()
            assert direction[2].abs() > 0.9
            assert model.relaxation() > 0.05
        else:
            assert model.relaxation() < 0.02


def test_translations_are_kept_whatever_the_spurions_are() -> None:
    """A direction is no place: a field along z is the same everywhere."""
    model = RelaxedVectorLieGNN(2, 8, 1, 2, metric=torch.eye(3), in_vectors=1, origin="mean").double()
    randomize_parameters(model)
    x, pos, vectors = random(6, 2), random(6, 3, seed=1), random(6, 3, seed=2)
    run = lambda p: model(x, p, vectors=vectors)  # noqa: E731
    assert_equivariant(run, [pos], [lambda p: p + 3.0], [None, lambda p: p + 3.0])
    assert model.relaxation() > 0


@network
def test_one_vector_and_what_is_refused(name: str) -> None:
    model = build(name, torch.eye(2), in_channels=0)
    out, pos = model(None, torch.ones(1, 2))
    assert out.shape == (1, 3)
    assert pos.shape == (1, 2)
    kind = type(model).__name__
    assert repr(model).startswith(f"{kind}({kind.removeprefix('Relaxed')}(")
    assert repr(model).endswith("num_spurions=1)")
    with pytest.raises(ValueError, match="at least one spurion"):
        build(name, torch.eye(2), num_spurions=0)
    with pytest.raises(ValueError, match="give J as a tensor"):
        build(name, "learned", dim=2)


def test_vectors_are_counted_without_the_spurions() -> None:
    model = RelaxedVectorLieGNN(0, 8, 1, 1, metric=torch.eye(2), in_vectors=2)
    with pytest.raises(ValueError, match=r"expected `vectors` of shape \[3, 2, 2\], got \[3, 1, 2\]"):
        model(None, torch.ones(3, 2), vectors=torch.ones(3, 2))
    with pytest.raises(ValueError, match=r"must be \[num_nodes, 2\]; got \[3, 4\]"):
        model(None, torch.ones(3, 4), vectors=torch.ones(3, 2, 2))
