import numpy as np
import pytest
import torch

from pyg_liesym.discovery.samples import Samples


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_vectors_of_input_and_output_share_one_scale():
    x, y = 10.0 * normal(200, 3), 2.0 * normal(200, 2, 3, seed=1)
    samples = Samples.of(x, y)
    assert samples.vectors.shape == (200, 3, 3)
    assert torch.allclose(samples.vectors.square().mean(), torch.tensor(1.0))
    assert torch.allclose(samples.vectors[:, 0] * samples.scale, x, atol=1e-5)
    assert torch.allclose(samples.vectors[:, 1:] * samples.scale, y, atol=1e-5)


def test_arrays_are_read_and_copied():
    x = normal(200, 2).double().numpy()
    before = x.copy()
    samples = Samples.of(x, np.arange(200) % 3)
    samples.vectors.mul_(0.0)
    assert np.array_equal(x, before)
    assert samples.num_classes == 3
    assert samples.scalars.shape == (200, 0)


def test_a_tensor_at_scale_one_is_copied_too():
    x = torch.ones(200, 2)
    x[::2] = -1
    Samples.of(x).vectors.zero_()
    assert bool((x.abs() == 1).all())


@pytest.mark.parametrize("y", [normal(200), normal(200, 1), normal(200, 5)])
def test_other_numbers_are_scalars(y):
    assert Samples.of(normal(200, 2), y).scalars.shape == (200, y[0].numel())


def test_the_kind_of_output_can_be_given():
    samples = Samples.of(normal(200, 2), normal(200, 2), output="scalar")
    assert samples.scalars.shape == (200, 2)
    assert samples.vectors.shape == (200, 1, 2)
    labels = Samples.of(normal(200, 2), torch.arange(200.0) % 2, output="label").labels
    assert labels is not None
    assert labels.dtype == torch.long


def test_rank_counts_the_dimensions_that_the_data_span():
    x = normal(200, 2)
    assert Samples.of(torch.cat([x, -x], dim=1)).data_rank() == 2
    assert Samples.of(torch.cat([x, 1e-3 * normal(200, 2, seed=1)], dim=1)).data_rank() == 4


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (normal(200), None, {}, r"x must be vectors .* got shape \[200\]"),
        (normal(20, 2), None, {}, "x holds 20 samples; at least 100"),
        (1e39 * normal(200, 2).double(), None, {}, "beyond single precision"),
        (torch.zeros(200, 2), None, {}, "x is the same in all 200 samples"),
        (normal(200, 2).index_fill(0, torch.tensor([3]), float("nan")), None, {}, "x holds NaN .* in 1 of 200"),
        (normal(200, 2), normal(199), {}, r"one row per sample of x \(200\)"),
        (normal(200, 2), normal(200, 3), {"output": "vector"}, "last dimension of x, n = 2"),
        (normal(200, 2), normal(200) * float("inf"), {}, "y holds NaN or infinite"),
        (normal(200, 2), torch.arange(200) - 1, {}, r"labels in y must lie in 0 … 198, got values from -1"),
        (normal(200, 2), torch.arange(200) % 3, {"num_classes": 2}, r"must lie in 0 … 1, got values from 0 to 2"),
        (normal(200, 2), normal(200), {"output": "label"}, "must be whole numbers"),
        (
            normal(200, 2),
            torch.arange(400).view(200, 2),
            {"output": "label"},
            r"labels in y must have shape \[S\]",
        ),
    ],
)
def test_bad_input_is_named(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        Samples.of(x, y, **options)


@pytest.mark.parametrize("x", ["text", None, normal(200, 2).to(torch.complex64)])
def test_input_must_be_real_numbers(x):
    with pytest.raises(TypeError, match="x must be"):
        Samples.of(x)


@pytest.mark.parametrize(
    ("x", "y", "reading", "other"),
    [
        (normal(200, 2, 2), normal(200, 4), "4 invariant numbers", "2 vectors in R² as x has"),
        (normal(200, 2, 2), normal(200, 3, 2), "3 vectors, moved", ""),
        (normal(200, 3), normal(200, 3), "1 vector, moved", "3 numbers that nothing moves"),
        (normal(200, 2), torch.arange(400).reshape(200, 2), "1 vector, moved", "2 numbers that nothing moves"),
        (normal(200, 2), torch.arange(200), "labels of 200 classes", "whole by chance"),
        (normal(200, 2), torch.arange(200.0) % 2, "1 invariant number", "labels of classes"),
        (normal(200, 2), torch.arange(200) % 2, "labels of 2 classes", ""),
        (normal(200, 2), normal(200), "1 invariant number", ""),
    ],
)
def test_how_y_was_read_is_said(x, y, reading, other):
    samples = Samples.of(x, y)
    assert samples.reading.startswith(f"x: 200 samples of {x[0].numel() // x.shape[-1]} vector")
    assert f"y: {reading}" in samples.reading
    assert other in samples.other_reading
    assert bool(other) == bool(samples.other_reading)
    if "output vector" in samples.other_reading:
        assert Samples.of(x, y, output="vector").vectors.shape == (200, 4, 2)


def test_uneven_data_are_whitened():
    stretch = torch.tensor([[1.0, 0.0, 0.0], [0.9, 0.2, 0.0], [0.9, 0.1, 0.01]])
    samples = Samples.of(normal(4000, 3) @ stretch.T)
    whitening = samples.whitening()
    moments = whitening @ samples.second_moments() @ whitening.mT
    torch.testing.assert_close(moments, moments[0, 0] * torch.eye(3).double(), atol=1e-3, rtol=0.0)
    by_axis = samples.whitening(by_axis=True)
    assert by_axis is None or int((by_axis != 0).sum()) == 3
    assert Samples.of(normal(200, 3) * torch.tensor([1.0, 2.0, 5.0])).whitening() is None
    flat = torch.cat([normal(200, 2), torch.zeros(200, 1)], dim=1)
    assert Samples.of(flat).whitening() is None
