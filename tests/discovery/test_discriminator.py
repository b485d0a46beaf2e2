import pytest
import torch

from pyg_liesym.discovery.discriminator import QuadraticDiscriminator
from pyg_liesym.discovery.samples import Samples


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_repr_and_shapes():
    samples = Samples.of(normal(300, 2, 3), torch.arange(300) % 4)
    discriminator = QuadraticDiscriminator.from_samples(samples)
    assert str(discriminator) == "QuadraticDiscriminator(num_coordinates=6, num_scalars=0, num_classes=4)"
    assert discriminator(samples.vectors, samples.scalars, samples.labels).shape == (300,)


def test_features_are_centred_and_decorrelated_up_to_the_floor():
    mix = torch.tensor([[3.0, 1.0], [0.0, 0.1]])
    samples = Samples.of(normal(5000, 2) @ mix + 1.0)
    features = QuadraticDiscriminator.from_samples(samples, floor=1e-9)._features(samples.vectors)
    assert torch.allclose(features.mean(dim=0), torch.zeros(5), atol=1e-2)
    assert torch.allclose(torch.cov(features.T), torch.eye(5), atol=5e-2)


def test_products_reach_every_quadratic_form():
    discriminator = QuadraticDiscriminator(3)
    z = normal(10, 1, 3)
    expected = torch.cat([z[:, 0], torch.stack([z[:, 0, a] * z[:, 0, b] for a in range(3) for b in range(a, 3)], 1)], 1)
    assert torch.allclose(discriminator._features(z), expected)


def test_scalars_and_labels_are_seen():
    samples = Samples.of(normal(300, 2), 100.0 + 5.0 * normal(300, 2, seed=1), output="scalar")
    discriminator = QuadraticDiscriminator.from_samples(samples)
    assert torch.allclose(discriminator.scalar_mean, samples.scalars.mean(dim=0))
    there = discriminator(samples.vectors, samples.scalars)
    elsewhere = discriminator(samples.vectors, samples.scalars + 10.0)
    assert not torch.allclose(there, elsewhere)


def test_too_many_coordinates_are_refused():
    with pytest.raises(ValueError, match="at most 64 are allowed"):
        QuadraticDiscriminator(65)
