from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.discovery.method import DiscoveryMethod, Learned
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.typing import OptTensor


class Rotations(DiscoveryMethod):
    """Says that data in the plane keep their rotations, in the units in which it sees them."""

    seen: Samples

    def settings(self) -> dict[str, Any]:
        return {"method": "Rotations"}

    def learn(self, samples: Samples, whitening: OptTensor, generator: torch.Generator, seed: int) -> Learned:
        self.seen = samples
        drawn = [float(torch.rand((), generator=generator)), float(torch.rand(()))]
        return Learned(LieAlgebra.rotation(2).basis.float(), {"drawn": drawn})


@pytest.fixture
def ring() -> Tensor:
    x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return x / x.norm(dim=1, keepdim=True)


def test_a_result_is_in_the_units_given_and_double(ring: Tensor) -> None:
    method = Rotations(progress=False)
    stretch = torch.diag(torch.tensor([1.0, 100.0], dtype=torch.float64))
    found = method.fit(ring @ stretch)
    assert found.algebra.basis.dtype == torch.float64
    spread = method.seen.second_moments().diagonal()
    assert float(spread.max() / spread.min()) < 1.5
    true = LieAlgebra.rotation(2).conjugate(stretch)
    assert float(found.algebra.principal_angles(true).max()) < 0.01
    assert found.metric.signature == (2, 0, 0)
    assert found.diagnostics["whitening"] is not None
    assert found.diagnostics["num_samples"] == 500
    assert found.settings == {"method": "Rotations"}


def test_everything_random_follows_from_the_seed(ring: Tensor) -> None:
    state = torch.random.get_rng_state()
    first, again, other = Rotations().fit_seeds(ring, seeds=(3, 3, 4))
    assert first.diagnostics["drawn"] == again.diagnostics["drawn"]
    assert all(a != b for a, b in zip(first.diagnostics["drawn"], other.diagnostics["drawn"], strict=True))
    assert (first.seed, other.seed) == (3, 4)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_what_cannot_be_is_refused(ring: Tensor) -> None:
    with pytest.raises(ValueError, match=r"mask must have shape \[2, 2\], like the vectors, got \[3, 3\]"):
        Rotations(mask=block_mask([1, 2])).fit(ring)
    with pytest.raises(ValueError, match="common factor, which Rotations does not look for"):
        Rotations().fit(ring[:, :1])
    with pytest.raises(ValueError, match="at least one non-zero entry"):
        Rotations(mask=torch.zeros(2, 2))
