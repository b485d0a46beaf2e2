"""SymmetryGAN: find one transformation that leaves the distribution of data alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import scipy.linalg
import torch
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from pyg_liesym.discovery.discriminator import QuadraticDiscriminator
from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.group_module import Pace
from pyg_liesym.discovery.liegan_module import LieGANModule
from pyg_liesym.discovery.method import DiscoveryMethod, Learned
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.discovery.training import Batches, hold_out
from pyg_liesym.typing import OptTensor

_CLEARLY = 0.05
_LARGEST_COSINE = 0.8
_PACE = Pace(lr=2e-2, decay=200.0, cold=1.0)


class SymmetryGAN(DiscoveryMethod):
    r"""Finds one matrix g for which the transformed data look like the data: one element of a group, not the group.

    Desai, Nachman, Thaler, *SymmetryGAN: Symmetry Discovery with Deep Learning*, Phys. Rev. D 105 (2022) 096031,
    arXiv:2112.05722: a generator that is a linear map plays against a discriminator,

    .. math::
        \max_g \min_D \; -\mathbb{E}\log D(z) - \mathbb{E}\log\bigl(1 - D(g z)\bigr).

    Every symmetry of the distribution is an equilibrium, and the start decides which of them a game ends in: another
    seed finds another element. The identity is one of them, so it is kept away from, as in LieGAN, but only until data
    and transformed data have a cosine of 0.8: beyond that, all elements are alike.

    Args:
        mask: ``[n, n]`` of 0 and 1, the entries that may differ from zero, in blocks (`block_mask`); None for all.
        reflections: Whether to play a second game that starts from a reflection of every block, and to keep the element
            that the discriminator sees less. The first reaches only elements connected to the identity.
        away_from_identity: Weight of the cosine between data and transformed data, where it is above 0.8.
        tolerance: Change of g per 50 steps at which a game comes to rest (`SpanStopping`).
        max_steps: Cap on the steps of a game.
        batch_size: Samples per step.
        progress: Whether to show a progress bar.
        accelerator: Where to compute, as in Lightning's trainer.

    Raises:
        ValueError: If a setting is outside its range; in `fit`, on data as described at `Samples.of`.

    Example:
        >>> angle = 6.283 * torch.rand(500, generator=torch.Generator().manual_seed(0))
        >>> x = torch.stack([angle.cos(), angle.sin()], dim=1)
        >>> found = SymmetryGAN(max_steps=100, progress=False).fit(x)
        >>> found.discrete, len(found.turns)
        (True, 1)

    **Law**: one invertible linear map, the same for all vectors of a sample. Its logarithm is the result's ``algebra``,
    which says nothing about the elements between the identity and it: a quarter turn of a square is found, and the
    turns of less are no symmetries. Of a reflection, which has no real logarithm, it is the real part.
    """

    def __init__(
        self,
        *,
        mask: OptTensor = None,
        reflections: bool = False,
        away_from_identity: float = 5.0,
        tolerance: float = 0.001,
        max_steps: int = 4000,
        batch_size: int = 256,
        progress: bool = True,
        accelerator: str = "cpu",
    ) -> None:
        super().__init__(mask=mask, progress=progress, accelerator=accelerator)
        for name, value in (("max_steps", max_steps), ("batch_size", batch_size)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if tolerance <= 0 or away_from_identity < 0:
            raise ValueError("tolerance must be positive, and away_from_identity not negative")
        if self.mask is not None and not _closed(self.mask):
            raise ValueError("mask must be of square blocks on the diagonal, in some order: products of g must obey it")
        self.reflections, self.away_from_identity = reflections, away_from_identity
        self.tolerance, self.max_steps, self.batch_size = tolerance, max_steps, batch_size

    def settings(self) -> dict[str, Any]:
        """The settings as plain Python values; the group that is found is that of the powers of g."""
        return {
            "method": type(self).__name__,
            "mask": None if self.mask is None else self.mask.int().tolist(),
            "coefficients": "integer",
            "reflections": self.reflections,
            "away_from_identity": self.away_from_identity,
            "tolerance": self.tolerance,
            "max_steps": self.max_steps,
            "batch_size": self.batch_size,
        }

    def learn(self, samples: Samples, whitening: OptTensor, generator: torch.Generator, seed: int) -> Learned:
        """Play one game, or two.

        Returns:
            The logarithm and g, with ``transformations``, ``steps``, ``stopped``, ``changes``, the ``rates`` (size of
            the logarithm's action), and the ``visibility`` of held-out data moved by g.
        """
        training, held_out = hold_out(samples, generator)
        starts = [None, _reflection(samples.vectors.shape[-1], self.mask)][: 1 + self.reflections]
        best: Learned | None = None
        for start in starts:
            learned = self._play(training, held_out, start, generator, seed)
            seen = learned.diagnostics["visibility"][0]
            if best is None or seen < best.diagnostics["visibility"][0] - _CLEARLY:
                best = learned
        assert best is not None
        return best

    def _play(
        self, training: Samples, held_out: Samples, start: OptTensor, generator: torch.Generator, seed: int
    ) -> Learned:
        module = SymmetryGANModule(
            QuadraticDiscriminator.from_samples(training),
            training.second_moments(),
            mask=self.mask,
            start=start,
            away_from_identity=self.away_from_identity,
            seed=seed,
        )
        batches = Batches(training, self.batch_size, self.max_steps, generator)
        diagnostics = module.come_to_rest(batches, self.tolerance, progress=self.progress, accelerator=self.accelerator)
        diagnostics["visibility"] = module.visibility(held_out).tolist()
        logarithm = module.average.double().cpu()
        g = torch.linalg.matrix_exp(logarithm)
        if start is not None:
            g = g @ start.double()
            logarithm = torch.as_tensor(scipy.linalg.logm((g @ g)[0].numpy()).real)[None] / 2
        return Learned(logarithm, diagnostics, transformations=g)


class SymmetryGANModule(LieGANModule):
    r"""LieGAN's game with one channel whose coefficient is always 1: :math:`g = \exp(L)\,g_0`.

    Args:
        discriminator: As in `LieGANModule`.
        second_moments: As there.
        mask: As there.
        start: :math:`g_0`, ``[n, n]``: the identity, or an element of another component of the group.
        away_from_identity: Weight of the cosine between data and transformed data, where it is above 0.8.
        seed: Of the start.
    """

    start: Tensor

    def __init__(
        self,
        discriminator: nn.Module,
        second_moments: Tensor,
        *,
        mask: OptTensor = None,
        start: OptTensor = None,
        away_from_identity: float = 5.0,
        seed: int = 0,
    ) -> None:
        group = GroupDistribution(second_moments, mask=mask, coefficients="one", max_rate=math.pi, seed=seed)
        with torch.no_grad():
            group.weight.div_(group.rates(group.basis).view(-1, 1, 1))
            group.average.copy_(group.basis)
        super().__init__(discriminator, group, regulariser=_NearIdentity(away_from_identity), pace=_PACE)
        identity = torch.eye(second_moments.shape[-1])
        self.register_buffer("start", identity if start is None else start.float())

    def _moved(self, vectors: Tensor, matrices: Tensor) -> Tensor:
        return super()._moved(vectors @ self.start.mT, matrices)


@dataclass(frozen=True)
class _NearIdentity:
    """The cosine between data and transformed data, weighted, where it is above 0.8."""

    weight: float

    def __call__(self, vectors: Tensor, moved: Tensor, group: GroupDistribution) -> Tensor:
        cosine = cosine_similarity(vectors.flatten(1), moved.flatten(1)).mean()
        return self.weight * (cosine - _LARGEST_COSINE).clamp(min=0.0)


def _blocks(mask: Tensor) -> Tensor:
    """Which block each coordinate belongs to, ``[n]``."""
    return torch.as_tensor(connected_components(mask.numpy(), directed=False)[1])


def _closed(mask: Tensor) -> bool:
    blocks = _blocks(mask)
    return bool((mask == (blocks[:, None] == blocks)).all())


def _reflection(n: int, mask: OptTensor) -> Tensor:
    """The first coordinate of every block turned over, ``[n, n]``."""
    blocks = torch.zeros(n, dtype=torch.long) if mask is None else _blocks(mask)
    signs = torch.ones(n, dtype=torch.float64)
    for block in blocks.unique():
        signs[int((blocks == block).nonzero()[0])] = -1.0
    return signs.diag()
