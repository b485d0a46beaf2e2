from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.augerino import AugerinoModule, AugerinoPlus
from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.discovery.predictor import Predictor
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.lie.algebra import LieAlgebra


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


X = normal(1500, 2)
RADIAL = X * X.square().sum(1, keepdim=True)


def quick(*args: int, **options: object) -> AugerinoPlus:
    return AugerinoPlus(*args, **{"max_steps": 5, "batch_size": 32, "progress": False, **options})  # type: ignore[arg-type]


def test_the_rotation_of_a_law_is_found_and_a_law_without_one_is_given_up() -> None:
    method = AugerinoPlus(max_steps=1000, batch_size=64, progress=False)
    found = method.fit(X, RADIAL)
    assert float(found.algebra.principal_angles(LieAlgebra.rotation(2)).max()) < 0.1
    assert found.diagnostics["rates"][0] > 0.9
    assert found.diagnostics["moved_errors"][0] < 3 * found.diagnostics["error"]
    nothing = method.fit(X, X**3)
    assert nothing.algebra.rank() == 0
    assert nothing.diagnostics["rates"][0] < 0.1
    assert "Nothing found" in nothing.report()


def test_predicted_vectors_are_taken_back_before_they_are_compared() -> None:
    """Else a contraction would make any error small."""
    samples = Samples.of(X, RADIAL)
    module = AugerinoModule(Predictor.from_samples(samples), GroupDistribution(torch.eye(2)))
    x, y = samples.vectors[:, :1], samples.vectors[:, 1]
    moved, matrices = module.group(x)
    back = torch.linalg.inv(torch.linalg.matrix_exp(matrices))
    expected = torch.stack([back[i] @ row for i, row in enumerate(module.predictor(moved))])
    error = ((expected - y) / module.predictor.size).square().mean()
    assert torch.allclose(module._error(samples, moved, matrices), error, rtol=1e-4)


@pytest.mark.parametrize("y", [torch.arange(1500) % 3, X.square().sum(1), normal(1500, 2, 2), normal(1500, 5)])
def test_kinds_of_output(y: Tensor) -> None:
    found = quick(3).fit(X, y)
    assert found.algebra.basis.shape == (3, 2, 2)
    assert len(found.diagnostics["rates"]) == len(found.diagnostics["moved_errors"]) == 3
    assert isinstance(found.report(), str)


def test_mask_is_respected() -> None:
    x, mask = torch.cat([X, X.flip(0)], 1), block_mask([2, 2])
    basis = quick(2, mask=mask).fit(x, x).algebra.basis
    assert bool((basis[:, mask == 0] == 0).all())
    assert bool((basis[:, mask == 1] != 0).all())


def test_same_seed_same_result() -> None:
    first, again, other = quick().fit_seeds(X, RADIAL, seeds=(1, 1, 2))
    assert torch.equal(first.algebra.basis, again.algebra.basis)
    assert not torch.equal(first.algebra.basis, other.algebra.basis)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to predict: this method learns from an output y"):
        quick().fit(X)
    for options, message in (
        ({"num_channels": 0}, "num_channels must be at least 1"),
        ({"width": -1.0}, "width and channels_apart not negative"),
        ({"tolerance": 0.0}, "tolerance must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            AugerinoPlus(**options)  # type: ignore[arg-type]
