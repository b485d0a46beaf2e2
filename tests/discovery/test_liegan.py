import math

import numpy as np
import pytest
import torch
from torch import nn

from pyg_liesym.discovery.discriminator import QuadraticDiscriminator
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.lie.algebra import LieAlgebra


@pytest.fixture(scope="module")
def ring():
    generator = torch.Generator().manual_seed(0)
    angle = 2.0 * math.pi * torch.rand(2000, generator=generator)
    radius = 1.0 + 0.1 * torch.randn(2000, 1, generator=generator)
    return radius * torch.stack([angle.cos(), angle.sin()], dim=1)


def quick(*args, **options):
    return LieGAN(*args, **{"max_steps": 5, "batch_size": 32, "progress": False, **options})


def test_repr():
    assert repr(LieGAN(7)) == "LieGAN(num_channels=7, coefficients='normal')"


def test_the_rotation_of_a_ring(ring):
    found = LieGAN(max_steps=150, batch_size=128, progress=False).fit(ring)
    angle = found.algebra.principal_angles(LieAlgebra.rotation(2))
    assert float(angle.max()) < 0.2
    assert found.diagnostics["rates"][0] > 0.1


def test_a_start_is_held_and_then_improved(ring):
    x = ring @ torch.diag(torch.tensor([1.0, 20.0]))  # which is whitened
    skew = torch.tensor([[[0.3, -1.0], [1.0, -0.3]]], dtype=torch.float64)
    scale = torch.diag(torch.tensor([1.0, 20.0], dtype=torch.float64))
    start, truth = LieAlgebra(skew).conjugate(scale), LieAlgebra.rotation(2).conjugate(scale)
    held = quick(start=start).fit(x)
    assert float(held.algebra.principal_angles(start).max()) < 1e-3
    assert held.settings["start"] == start.basis.tolist()
    inverse = torch.linalg.inv(scale)
    before = float(LieAlgebra(skew).principal_angles(LieAlgebra.rotation(2)).max())
    found = LieGAN(start=start, max_steps=500, batch_size=128, progress=False).fit(x).algebra.conjugate(inverse)
    assert float(found.principal_angles(truth.conjugate(inverse)).max()) < 0.7 * before


def test_a_start_of_another_size_is_refused(ring):
    turn = LieAlgebra.rotation(2)
    with pytest.raises(ValueError, match="num_channels = 2 matrices, got 1"):
        LieGAN(2, start=turn)
    with pytest.raises(ValueError, match="mask forbids"):
        LieGAN(start=turn, mask=torch.eye(2))
    with pytest.raises(ValueError, match="have 2 components, but start has matrices of 3"):
        quick(3, start=LieAlgebra.rotation(3)).fit(ring)


def test_inputs_and_random_state_are_left_alone(ring):
    x, y = ring.clone(), ring.double().clone().numpy()
    before, state = y.copy(), torch.random.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    quick().fit(x, y)
    assert torch.equal(x, ring)
    assert np.array_equal(y, before)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


def test_same_seed_same_result(ring):
    first, again, other = quick().fit_seeds(ring, seeds=(1, 1, 2))
    assert torch.equal(first.algebra.basis, again.algebra.basis)
    assert not torch.equal(first.algebra.basis, other.algebra.basis)
    assert [first.seed, again.seed, other.seed] == [1, 1, 2]
    torch.manual_seed(99)
    assert torch.equal(quick().fit(ring, seed=1).algebra.basis, first.algebra.basis)


def test_mask_is_respected(ring):
    x = torch.cat([ring, ring.flip(0)], dim=1)
    mask = block_mask([2, 2])
    basis = quick(2, mask=mask).fit(x).algebra.basis
    assert bool((basis[:, mask == 0] == 0).all())
    assert bool((basis[:, mask == 1] != 0).all())


@pytest.mark.parametrize(
    "y",
    [None, torch.arange(2000) % 3, torch.linspace(0, 1, 2000), torch.linspace(0, 1, 8000).view(2000, 2, 2)],
)
def test_kinds_of_output(ring, y):
    found = quick(3).fit(ring, y)
    assert found.algebra.basis.shape == (3, 2, 2)
    assert len(found.diagnostics["visibility"]) == len(found.diagnostics["rates"]) == 3
    assert isinstance(found.report(), str)


def test_channels_share_the_size_of_their_coefficients_but_on_the_grid(ring):
    for num_channels in (1, 4):
        group = LieGAN(num_channels, coefficient_scale=2.0)._group(Samples.of(ring), None, 0)
        assert group.sample_coefficients(20_000).std().item() == pytest.approx(2.0 / num_channels**0.5, rel=0.05)
        assert group.rates(group.basis).max().item() == pytest.approx(1.0)
    method = LieGAN(4, coefficients="integer", coefficient_scale=2)
    group = method._group(Samples.of(ring), None, 0)
    assert set(group.sample_coefficients(1000).flatten().tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert group.rates(group.basis).max().item() < 3.0  # up to half a turn, not held there
    assert (method._pace().size_at(0), LieGAN()._pace().size_at(0)) == (1.0, 0.1)


@pytest.mark.parametrize("law", ["uniform", "integer"])
def test_laws_of_the_coefficients(ring, law):
    assert quick(coefficients=law, coefficient_scale=3).fit(ring).settings["coefficients"] == law


def test_the_cap_is_kept_and_reported(ring):
    diagnostics = quick(max_steps=7).fit(ring).diagnostics
    assert (diagnostics["steps"], diagnostics["stopped"]) == (7, "max_steps")


def test_a_result_survives_saving(ring, tmp_path):
    found = quick(mask=block_mask([1, 1])).fit(ring, torch.arange(2000) % 2)
    again = type(found).load(found.save(tmp_path))
    assert torch.equal(again.algebra.basis, found.algebra.basis)
    assert again.diagnostics == found.diagnostics
    assert again.settings == found.settings
    assert str(again) == str(found)


def test_scale_of_the_data_is_immaterial(ring):
    small, large = quick().fit(ring), quick().fit(2.0**20 * ring)
    assert torch.allclose(small.algebra.basis, large.algebra.basis)


def test_an_own_discriminator_is_copied_or_built(ring):
    own = QuadraticDiscriminator(2, hidden_channels=4)
    before = {name: value.clone() for name, value in own.state_dict().items()}
    found = quick(discriminator=own).fit(ring)
    assert found.settings["discriminator"] == "QuadraticDiscriminator"
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())
    seen = []
    quick(discriminator=lambda samples: seen.append(samples) or own).fit(ring)
    assert seen[0].vectors.shape[1:] == (1, 2)


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, vectors, scalars, labels):
        return self.linear(vectors[:, 0])


def test_a_discriminator_of_the_wrong_shape_is_refused(ring):
    with pytest.raises(ValueError, match=r"one logit per sample, shape \[32\], got \[32, 1\]"):
        quick(discriminator=Flat()).fit(ring)


def test_a_mask_of_the_wrong_size_is_refused(ring):
    with pytest.raises(ValueError, match=r"mask must have shape \[2, 2\], like the vectors, got \[3, 3\]"):
        quick(mask=torch.ones(3, 3)).fit(ring)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_channels": 0}, "num_channels must be at least 1"),
        ({"max_steps": 0}, "max_steps must be at least 1"),
        ({"coefficients": "cauchy"}, "coefficients must be one of"),
        ({"coefficient_scale": 0.0}, "coefficient_scale must be positive"),
        ({"coefficients": "integer", "coefficient_scale": 1.5}, "whole for integer"),
        ({"sparsity": -1.0}, "must not be negative"),
        ({"mask": torch.zeros(2, 2)}, "at least one non-zero entry"),
        ({"mask": torch.ones(2, 3)}, r"mask must be \[n, n\]"),
    ],
)
def test_settings_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        LieGAN(**options)


def test_too_few_samples_and_nan_are_refused(ring):
    with pytest.raises(ValueError, match="at least 100"):
        quick().fit(ring[:50])
    with pytest.raises(ValueError, match="NaN"):
        quick().fit(ring * float("nan"))
