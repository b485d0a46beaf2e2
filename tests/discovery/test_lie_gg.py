from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.lie_gg import LieGG, polarization
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.discovery.predictor import Predictor
from pyg_liesym.lie.algebra import LieAlgebra


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


X = normal(3000, 2)


@pytest.mark.parametrize(
    ("y", "truth"),
    [
        (X * X.square().sum(1, keepdim=True), LieAlgebra.rotation(2)),
        (X[:, 0] ** 2 - X[:, 1] ** 2, LieAlgebra.indefinite_rotation(1, 1)),
        ((X.square().sum(1) > 1.4).long(), LieAlgebra.rotation(2)),
        (X**3, None),
    ],
    ids=["vectors", "number", "labels", "none"],
)
def test_a_known_symmetry_is_found_and_none_is_none(y: Tensor, truth: LieAlgebra | None) -> None:
    found = LieGG(max_steps=500, batch_size=128, progress=False).fit(X, y)
    variances = found.diagnostics["variances"]
    assert found.diagnostics["error"] < 0.2
    if truth is None:
        assert found.algebra.rank() == 0
        assert variances[0] > 0.1
    else:
        assert found.algebra.dim == 1
        assert float(found.algebra.principal_angles(truth).max()) < 0.1
        assert variances[0] < 0.02 < variances[1] / 3


def test_the_rows_are_the_derivative_along_a_matrix() -> None:
    net = Predictor(6, 6).double()
    x, matrix = normal(4, 2, 3).double(), normal(3, 3).double()
    rows = polarization(net, x, equivariant=True) @ matrix.flatten()
    step = 1e-6
    there, back = (net(x @ torch.linalg.matrix_exp(s * matrix).mT) for s in (step, -step))
    moved = net(x).unflatten(1, (2, 3)) @ matrix.mT
    assert torch.allclose(rows, ((there - back) / (2 * step)).flatten() - moved.flatten(), atol=1e-6)


def test_mask_is_respected() -> None:
    x, mask = torch.cat([X, X.flip(0)], 1), block_mask([2, 2])
    found = LieGG(2, mask=mask, max_steps=5, progress=False).fit(x, x)
    assert bool((found.algebra.basis[:, mask == 0] == 0).all())
    assert len(found.diagnostics["variances"]) == 8
    with pytest.raises(ValueError, match="8 directions of matrices, fewer than num_channels = 9"):
        LieGG(9, mask=mask, max_steps=5, progress=False).fit(x, x)


def test_same_seed_same_result() -> None:
    y = X.square().sum(1)
    first, again, other = LieGG(1, max_steps=5, progress=False).fit_seeds(X, y, seeds=(1, 1, 2))
    assert torch.equal(first.algebra.basis, again.algebra.basis)
    assert not torch.equal(first.algebra.basis, other.algebra.basis)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to predict"):
        LieGG(progress=False).fit(X)
    for options, message in (
        ({"num_channels": 0}, "num_channels must be at least 1"),
        ({"variance": 2.0}, "variance must lie between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            LieGG(**options)  # type: ignore[arg-type]
