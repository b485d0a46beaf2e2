import pytest
import torch

from pyg_liesym.field.action import quarter_turn
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import scalars, vectors
from pyg_liesym.nn.field.relaxed_translation_conv2d import RelaxedTranslationConv2d
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

C1, C4 = PointGroup.cyclic(1), PointGroup.cyclic(4)


def layers():
    yield RelaxedTranslationConv2d(scalars(C1, 2), scalars(C1, 3), 3, (5, 7), padding="circular")
    yield RelaxedTranslationConv2d(vectors(C4, 1), scalars(C4, 2), 3, (6, 6), rank=1, padding="circular")
    yield RelaxedTranslationConv2d(vectors(C4, 1), vectors(C4, 2), 3, (6, 6), relaxed_rotation=True, padding="circular")


def check(layer):
    field = torch.randn(2, layer.in_type.channels, *layer.size, dtype=torch.float64)
    roll = lambda f: f.roll((2, 3), (-2, -1))  # noqa: E731
    assert_equivariant(layer, [field], [roll], [roll])
    if layer.in_type.group == C4:
        turns = [lambda f, kind=kind: quarter_turn(f, kind) for kind in (layer.in_type, layer.out_type)]
        assert_equivariant(layer, [field], turns[:1], turns[1:])


@pytest.mark.parametrize("index", range(3))
def test_strict_at_first_and_after_make_strict_and_not_between(index):
    layer = list(layers())[index].double()
    check(layer)
    assert layer.relaxation() < 1e-7
    layer.relaxation_penalty().backward()
    randomize_parameters(layer)
    with pytest.raises(AssertionError, match="not equivariant"):
        check(layer)
    assert layer.relaxation() > 0.1
    layer.make_strict()
    check(layer)
    assert layer.relaxation() < 1e-7


@pytest.mark.parametrize("index", range(3))
def test_relaxation_is_the_distance_from_the_mean_kernel_over_places(index):
    layer = randomize_parameters(list(layers())[index].double())
    banks = torch.stack([kernel.matrices() for kernel in layer.kernels])
    strict = torch.stack([kernel.strict_matrices() for kernel in layer.kernels])
    at_places = torch.einsum("lhw,lpoi->hwpoi", layer.weights(), banks)
    mean = torch.einsum("l,lpoi->poi", layer.weights().mean((1, 2)), strict)
    expected = (at_places - mean).norm() / at_places.norm()
    torch.testing.assert_close(layer.relaxation(), expected.detach())


def test_every_weight_can_leave_its_start():
    layer = RelaxedTranslationConv2d(scalars(C1, 1), scalars(C1, 1), 3, (5, 7), rank=2)
    layer(torch.randn(2, 1, 5, 7)).square().sum().backward()
    assert layer.columns.grad.abs().min() > 0


def test_what_is_refused():
    layer = RelaxedTranslationConv2d(scalars(C1, 1), scalars(C1, 1), 3, (5, 7))
    with pytest.raises(ValueError, match=r"\[B, 1, 5, 7\], got \[1, 1, 7, 5\]"):
        layer(torch.ones(1, 1, 7, 5))
    with pytest.raises(ValueError, match="positive"):
        RelaxedTranslationConv2d(scalars(C1, 1), scalars(C1, 1), 3, (5, 7), rank=0)
    assert "size=(5, 7)" in repr(layer)
