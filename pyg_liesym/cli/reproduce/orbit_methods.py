"""What every method of discovery makes of pairs of states of bodies in the plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pyg_liesym.discovery.augerino import AugerinoPlus
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.evidence.moments import Moments
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.mask import block_mask, matrices_within
from pyg_liesym.discovery.symmetry_gan import SymmetryGAN
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.subspace import weighted_cosine
from pyg_liesym.systems.system import TrainingDiverged

TRUTH, NULL, BLOCKS = "ground truth", "random rotation", "closed form in blocks"
WARM = "LieGAN from the closed form"


class Pairs(NamedTuple):
    """States, and the states one step later.

    Args:
        x: States ``[S, 4 B]``: the positions of B bodies in the plane, then their momenta.
        y: Those one step later.
        orbit: The orbit of each pair.
    """

    x: Tensor
    y: Tensor
    orbit: Tensor

    @property
    def vectors(self) -> int:
        """Positions and momenta of a state, 2 B."""
        return self.x.size(1) // 2


def _liegan(pairs: Pairs, seed: int, blocks: list[int], progress: bool) -> DiscoveredSymmetry:
    return LieGAN(1, mask=block_mask(blocks), progress=progress).fit(pairs.x, pairs.y, seed=seed)


def _warm(pairs: Pairs, seed: int, progress: bool) -> DiscoveredSymmetry:
    """LieGAN from the closed form, told no blocks."""
    start = _closed_form(pairs, seed, progress).algebra
    return LieGAN(1, start=start, progress=progress).fit(pairs.x, pairs.y, seed=seed)


def _blocked(
    method: type[AugerinoPlus] | type[SymmetryGAN], pairs: Pairs, seed: int, progress: bool
) -> DiscoveredSymmetry:
    return method(mask=block_mask([2] * pairs.vectors), progress=progress).fit(pairs.x, pairs.y, seed=seed)


def _random(pairs: Pairs, seed: int) -> DiscoveredSymmetry:
    """A rotation of all components in random planes, as a null: what any matrix does for a network."""
    size = pairs.x.size(1)
    normal = torch.randn(1, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return DiscoveredSymmetry.of(LieAlgebra(normal - normal.mT), seed=seed)


def _closed_form(pairs: Pairs, seed: int, progress: bool) -> DiscoveredSymmetry:
    """Where the data lie. The law has no evidence here: turned states leave the region that was seen."""
    findings = find_symmetry(pairs.x, pairs.y, output="vector", groups=pairs.orbit, seed=seed).findings
    (support,) = (finding for finding in findings if finding.claim.question == "support")
    if support.symmetry.algebra.dim == 0:
        raise TrainingDiverged(f"nothing is certified: {support}")
    return support.symmetry


def _closed_form_in_blocks(pairs: Pairs, seed: int) -> DiscoveredSymmetry:
    """The one direction that breaks the relations of the data least, as LieGAN gives one. Nothing certifies it."""
    relations = Relations(Moments.of(pairs.x.double(), pairs.y.double(), output="vector"))
    return DiscoveredSymmetry.of(relations.algebra(1, matrices_within(block_mask([2] * pairs.vectors))), seed=seed)


METHODS: Mapping[str, Callable[[Pairs, int, bool], DiscoveredSymmetry]] = {
    "LieGAN": lambda pairs, seed, progress: _liegan(pairs, seed, [2] * pairs.vectors, progress),
    "LieGAN-ES": lambda pairs, seed, progress: _liegan(pairs, seed, [pairs.vectors] * 2, progress),
    "closed form": _closed_form,
    WARM: _warm,
    BLOCKS: lambda pairs, seed, progress: _closed_form_in_blocks(pairs, seed),
    "Augerino+": lambda pairs, seed, progress: _blocked(AugerinoPlus, pairs, seed, progress),
    "SymmetryGAN": lambda pairs, seed, progress: _blocked(SymmetryGAN, pairs, seed, progress),
    NULL: lambda pairs, seed, progress: _random(pairs, seed),
    TRUTH: lambda pairs, seed, progress: DiscoveredSymmetry.of(rotation(pairs), seed=seed),
}
"""Method → what it finds in pairs with a seed. LieGAN, Augerino+, SymmetryGAN and the closed form in blocks know
a 2 × 2 block for every vector, LieGAN-ES one block for all positions and one for all momenta, the closed form, which
alone must be certified, nothing, nor does LieGAN that starts from it. Of SymmetryGAN's
one element the logarithm is taken. A random rotation is the null."""


def rotation(pairs: Pairs) -> LieAlgebra:
    """The rotation of all vectors of a state."""
    return LieAlgebra.rotation(2).repeat(pairs.vectors)


def seen_of(x: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates in which data spread alike, along the directions in which they lie: z = W x and x = A z.

    In a frame in which the centre of mass rests, states of two bodies span half of their space. What matrices do to the
    other half is not in the data, and a method leaves noise there.

    Shapes:
        - **x**: ``[S, n]``; **output**: W ``[r, n]`` and A ``[n, r]``, float64
    """
    values, vectors = torch.linalg.eigh(x.double().mT @ x.double() / len(x))
    kept = values > 1e-9 * values[-1]
    spread, span = values[kept].sqrt(), vectors[:, kept]
    return (span / spread).mT, span * spread


def compared(found: DiscoveredSymmetry, pairs: Pairs) -> dict[str, Any]:
    """How far the first matrix is from the rotation, of which none knows the size or the sign."""
    true, moments = rotation(pairs).basis[0], pairs.x.double().mT @ pairs.x.double() / len(pairs.x)
    learned = found.algebra.basis[0].double()
    cosine = weighted_cosine(learned, true, moments)
    return {"dim": found.algebra.dim, "abs_cosine_data": abs(cosine), "sine_data": (1 - cosine**2) ** 0.5}
