"""LieGAN: find the symmetry of data in an adversarial game."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import nn

from pyg_liesym.discovery.discriminator import QuadraticDiscriminator
from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.group_module import Pace
from pyg_liesym.discovery.liegan_module import LieGANModule, LieGANRegulariser
from pyg_liesym.discovery.method import DiscoveryMethod, Learned
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.discovery.training import Batches, hold_out
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.typing import OptTensor

CoefficientLaw: TypeAlias = Literal["normal", "uniform", "integer"]
DiscriminatorFactory: TypeAlias = Callable[[Samples], nn.Module]


class LieGAN(DiscoveryMethod):
    r"""Finds matrices ``L₁ … L_K`` such that ``g = exp(Σ wᵢLᵢ)`` leaves the distribution of the data unchanged.

    Yang, Walters, Dehmamy, Yu, *Generative Adversarial Symmetry Discovery*, ICML 2023, arXiv:2302.00236: g
    acts on the input and the output of a task, ``(x, y) ↦ (g x, g y)``, and a discriminator tries to tell
    the transformed data from the data; equations in `LieGANModule`. A task ``y = f(x)`` is then equivariant,
    ``f(g x) = g f(x)``, on the support of the data. Channels beyond the dimension of the symmetry shrink or
    depend on the others. The weight of the first regulariser is high, so that a weak symmetry is not given
    up; without any symmetry, the answer is what the discriminator notices least, and `visibility` says how much.

    Args:
        num_channels: Number of matrices K; rather too many than too few.
        mask: ``[n, n]`` of 0 and 1, the entries that may differ from zero (`block_mask`); None for all.
        coefficients: Law of w: ``"normal"``, ``"uniform"``, or ``"integer"`` (a grid: discrete groups; start with
            a largest integer of 1 or 2, as larger ones leave many local optima).
        coefficient_scale: Standard deviation or half width, of √K · wᵢ; or the largest integer.
        away_from_identity: Weight of the cosine between data and transformed data.
        channels_apart: Weight of the squared cosines between matrices.
        sparsity: Weight of the mean absolute entry of the matrices.
        discriminator: A module ``(vectors [B, V, n], scalars [B, F], labels [B] or None) -> logits [B]``, of
            which every fit trains a copy, or a function that builds one from `Samples`; by default
            `QuadraticDiscriminator`.
        tolerance: Change of the span per 50 steps at which a fit comes to rest (`SpanStopping`). Twenty times the
            default ends in a third of the steps, with a metric several times further off on thin data, such as
            massless momenta, on which it matters most.
        max_steps: Cap on the steps; the rule mostly ends a fit before.
        batch_size: Samples per step.
        start: An algebra of ``num_channels`` matrices to start from, such as a closed form (`Relations.algebra`): the
            basis is held there until the discriminator has learned, and then moves slowly.
        progress: Whether to show a progress bar.
        accelerator: Where to compute, as in Lightning's trainer.

    Raises:
        ValueError: If a setting is outside its range; in `fit`, on data as described at `Samples.of`.

    Example:
        >>> angle = 6.283 * torch.rand(500, generator=torch.Generator().manual_seed(0))
        >>> x = torch.stack([angle.cos(), angle.sin()], dim=1)
        >>> found = LieGAN(max_steps=100, progress=False).fit(x)
        >>> found.algebra
        LieAlgebra(dim=1, n=2)

    **Law**: linear actions connected to the identity (with ``"integer"``, powers of one matrix exponential).
    A pure scaling does not change the cosine, so nothing rewards finding it.
    """

    def __init__(
        self,
        num_channels: int = 1,
        *,
        mask: OptTensor = None,
        coefficients: CoefficientLaw = "normal",
        coefficient_scale: float = 1.0,
        away_from_identity: float = 5.0,
        channels_apart: float = 1.0,
        sparsity: float = 0.0,
        discriminator: nn.Module | DiscriminatorFactory = QuadraticDiscriminator.from_samples,
        tolerance: float = 0.001,
        max_steps: int = 4000,
        batch_size: int = 256,
        start: LieAlgebra | None = None,
        progress: bool = True,
        accelerator: str = "cpu",
    ) -> None:
        for name, value in (("num_channels", num_channels), ("max_steps", max_steps), ("batch_size", batch_size)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if coefficients not in get_args(CoefficientLaw):
            raise ValueError(f"coefficients must be one of {list(get_args(CoefficientLaw))}, got {coefficients!r}")
        if coefficient_scale <= 0 or (coefficients == "integer" and coefficient_scale != int(coefficient_scale)):
            raise ValueError(
                f"coefficient_scale must be positive, and whole for integer coefficients, got {coefficient_scale}"
            )
        if tolerance <= 0:
            raise ValueError(f"tolerance must be positive, got {tolerance}")
        self.regulariser = LieGANRegulariser(away_from_identity, channels_apart, sparsity)
        super().__init__(mask=mask, progress=progress, accelerator=accelerator)
        if start is not None and start.dim != num_channels:
            raise ValueError(f"start must have num_channels = {num_channels} matrices, got {start.dim}")
        if start is not None and mask is not None and bool((start.basis[:, ~mask.bool()] != 0).any()):
            raise ValueError("start has entries that the mask forbids: look for it among the same matrices")
        self.start = start
        self.num_channels = num_channels
        self.coefficients, self.coefficient_scale = coefficients, coefficient_scale
        self.discriminator = discriminator
        self.tolerance, self.max_steps, self.batch_size = tolerance, max_steps, batch_size

    def settings(self) -> dict[str, Any]:
        """The settings as plain Python values."""
        return {
            "method": type(self).__name__,
            "num_channels": self.num_channels,
            "mask": None if self.mask is None else self.mask.int().tolist(),
            "coefficients": self.coefficients,
            "coefficient_scale": self.coefficient_scale,
            **asdict(self.regulariser),
            "discriminator": _name(self.discriminator),
            "tolerance": self.tolerance,
            "max_steps": self.max_steps,
            "batch_size": self.batch_size,
            "start": None if self.start is None else self.start.basis.tolist(),
        }

    def learn(self, samples: Samples, whitening: OptTensor, generator: torch.Generator, seed: int) -> Learned:
        """Play the game; every tenth sample, 5000 at most, is kept aside to measure the visibility.

        Returns:
            The averaged basis, with ``steps``, ``stopped`` (``"stable"`` or ``"max_steps"``), ``changes`` of the span
            per window, the ``rates`` of the channels (size of their action relative to the data, at most 1), and their
            ``visibility`` (2 AUC − 1, from 0 to 1, of the discriminator that tells held-out data moved along one
            channel from data).
        """
        training, held_out = hold_out(samples, generator)
        module = LieGANModule(
            self._discriminator(training),
            self._group(samples, whitening, seed),
            regulariser=self.regulariser,
            pace=self._pace(),
        )
        batches = Batches(training, self.batch_size, self.max_steps, generator)
        diagnostics = module.come_to_rest(batches, self.tolerance, progress=self.progress, accelerator=self.accelerator)
        diagnostics["visibility"] = module.visibility(held_out).tolist()
        return Learned(module.average, diagnostics)

    @property
    def by_axis(self) -> bool:
        """With a mask, and where few entries are wanted."""
        return self.mask is not None or self.regulariser.sparsity > 0

    def _discriminator(self, samples: Samples) -> nn.Module:
        if isinstance(self.discriminator, nn.Module):
            return copy.deepcopy(self.discriminator)
        return self.discriminator(samples)

    def _group(self, samples: Samples, whitening: OptTensor, seed: int) -> GroupDistribution:
        """Matrices whose size means nothing, but on the grid, where a whole one may turn by up to half a turn."""
        grid = self.coefficients == "integer"
        return GroupDistribution(
            samples.second_moments(),
            num_channels=self.num_channels,
            mask=self.mask,
            coefficients=self.coefficients,
            scale=self.coefficient_scale if grid else self.coefficient_scale / self.num_channels**0.5,
            start=self._start(samples.vectors.size(-1), whitening),
            max_rate=math.pi if grid else 1.0,
            held=not grid,
            seed=seed,
        )

    def _pace(self) -> Pace:
        if self.start is not None:
            return Pace(lr=2e-3, decay=200.0, cold=1.0, waiting=True)
        return Pace(lr=2e-2, decay=200.0, cold=1.0 if self.coefficients == "integer" else 0.1)

    def _start(self, n: int, whitening: OptTensor) -> OptTensor:
        """The basis to start from, in the coordinates of the fit."""
        if self.start is None:
            return None
        if self.start.n != n:
            raise ValueError(f"the vectors have {n} components, but start has matrices of {self.start.n}")
        return (self.start if whitening is None else self.start.conjugate(whitening)).basis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_channels={self.num_channels}, coefficients={self.coefficients!r})"


def _name(discriminator: nn.Module | DiscriminatorFactory) -> str:
    if isinstance(discriminator, nn.Module):
        return type(discriminator).__name__
    return getattr(discriminator, "__qualname__", type(discriminator).__name__)
