"""A LieGNN with spurions: strict while they are zero, and equivariant if they are moved along."""

import pytest
import torch

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.relaxed_liegnn import RelaxedLieGNN
from pyg_liesym.testing.equivariance import assert_equivariant, assert_invariant, randomize_parameters

ROTATION, LORENTZ = LieAlgebra.rotation(3), LieAlgebra.lorentz()


def build(readout=None, metric=None, **kwargs):
    metric = minkowski() if metric is None else metric
    return RelaxedLieGNN(2, 16, 3, 2, metric=metric, num_spurions=2, readout=readout, **kwargs).double()


def inputs(n=4, count=6):
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(count, d, dtype=torch.float64, generator=generator) for d in (2, n))


def element(algebra):
    return algebra.sample(1, 0.4, generator=torch.Generator().manual_seed(1))[0].double()


@pytest.mark.parametrize("readout", [None, "mean"])
def test_strict_at_first_and_after_make_strict_and_not_between(readout):
    model, (x, p), g = build(readout), inputs(), element(LORENTZ)
    run = lambda p: model(x, p)  # noqa: E731
    law = (
        (lambda: assert_invariant(run, [p], [g])) if readout else (lambda: assert_equivariant(run, [p], [g], [None, g]))
    )
    randomize_parameters(model.net)
    law()
    randomize_parameters(model)
    with pytest.raises(AssertionError, match="not equivariant"):
        law()
    spurions = model.spurions.data.clone()

    def together(p, s):
        model.spurions.data.copy_(s)
        return model(x, p)

    actions_out = [None] if readout else [None, g]
    assert_equivariant(together, [p, spurions], [g, g], actions_out)
    assert model.relaxation() > 0
    model.make_strict()
    law()
    assert model.relaxation() == 0


def test_breaking_tells_which_rotations_are_left():
    model = build(metric=torch.eye(3, dtype=torch.float64))
    model.spurions.data[0] = torch.tensor([0.0, 0.0, 2.0])
    basis = LieAlgebra(torch.stack([ROTATION.basis[i] for i in range(3)]))
    moved = model.breaking(basis)
    about_z = [i for i in range(3) if (basis.basis[i] @ model.spurions.data[0]).norm() == 0]
    assert len(about_z) == 1
    assert (moved == 0).nonzero().flatten().tolist() == about_z
    torch.testing.assert_close(model.relaxation_penalty(), model.relaxation() ** 2)


def test_spurions_are_drawn_to_a_field_that_breaks_the_symmetry_and_not_without_one():
    """Bodies fall along −z by 0.1: the one spurion turns that way; without a field it stays small."""
    torch.manual_seed(0)
    pos = torch.randn(32 * 3, 3)
    batch = torch.arange(32).repeat_interleave(3)
    for fall in (torch.tensor([0.0, 0.0, -0.1]), torch.zeros(3)):
        model = RelaxedLieGNN(0, 8, 1, 1, metric=torch.eye(3), gate=False)
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


def test_one_vector_and_what_is_refused():
    model = RelaxedLieGNN(0, 8, 1, 1, metric=torch.eye(2))
    out, pos = model(None, torch.ones(1, 2))
    assert out.shape == (1, 1)
    assert pos.shape == (1, 2)
    assert repr(model) == "RelaxedLieGNN(LieGNN(1, 2, num_layers=1), num_spurions=1)"
    with pytest.raises(ValueError, match="at least one spurion"):
        RelaxedLieGNN(0, 8, 1, 1, metric=torch.eye(2), num_spurions=0)
    with pytest.raises(ValueError, match="give J as a tensor"):
        RelaxedLieGNN(0, 8, 1, 1, metric="learned", dim=2)
