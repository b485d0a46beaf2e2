"""What every discovery method of a paper is: settings, and a fit that gives a candidate."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.samples import OutputKind, Samples
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.typing import OptTensor


class Learned(NamedTuple):
    """What a method made of some samples.

    Args:
        basis: ``[K, n, n]``, in the coordinates of those samples.
        diagnostics: Numbers about the fit, plain Python values.
        transformations: ``[K, n, n]``, if what was learned is single transformations and not an algebra.
    """

    basis: Tensor
    diagnostics: dict[str, Any]
    transformations: OptTensor = None


class DiscoveryMethod(ABC):
    """Finds matrices from data, and calls them a candidate: `DiscoveredSymmetry.certify` says whether they are more.

    A method says how it is set (`settings`) and how it learns (`learn`). All else is the same for all: how x and y are
    read, that data which spread unevenly are whitened, that everything random follows from a seed, and that the result
    is in the units given, in double precision.

    Args:
        mask: ``[n, n]`` of 0 and 1, the entries that may differ from zero (`block_mask`); None for all.
        progress: Whether to show a progress bar.
        accelerator: Where to compute, as in Lightning's trainer.

    Raises:
        ValueError: If the mask is not square or has no entry.
    """

    def __init__(self, *, mask: OptTensor = None, progress: bool = True, accelerator: str = "cpu") -> None:
        if mask is not None and (mask.ndim != 2 or mask.shape[0] != mask.shape[1] or not bool(mask.any())):
            raise ValueError(f"mask must be [n, n] with at least one non-zero entry, got shape {list(mask.shape)}")
        self.mask = None if mask is None else mask.detach().clone().bool()
        self.progress, self.accelerator = progress, accelerator

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The settings as plain Python values, the name of the method with them."""

    @abstractmethod
    def learn(self, samples: Samples, whitening: OptTensor, generator: torch.Generator, seed: int) -> Learned:
        """Learn a basis from samples in units in which they spread alike.

        Args:
            samples: The data. The global random state may be used: it is that of the seed, and is put back.
            whitening: ``[n, n]``, which made these units from those of the data; None where the data kept theirs.
            generator: For draws of data, seeded.
            seed: For everything else.
        """

    @property
    def by_axis(self) -> bool:
        """Whether zeros of matrices mean something, so that each coordinate keeps to itself when data are whitened."""
        return self.mask is not None

    def fit(
        self, x: Any, y: Any = None, *, output: OutputKind = "auto", num_classes: int | None = None, seed: int = 0
    ) -> DiscoveredSymmetry:
        """Find a candidate for the symmetry of a task, or of one set of vectors.

        Args:
            x: Vectors ``[S, n]`` or ``[S, v, n]``, a tensor or an array; never changed.
            y: Vectors of the same n, class labels ``[S]`` (integers), invariant scalars, or None.
            output: What y is, where its dtype and shape do not tell.
            num_classes: Number of classes, by default the largest label plus one.
            seed: Everything random follows from it; the global state is neither read nor changed.

        Returns:
            The result, with ``diagnostics`` (see `DiscoveredSymmetry.report`): ``seconds``, ``data_rank``,
            ``second_moments``, ``num_samples``, the ``reading`` of x and y, any ``other_reading`` that fits, the
            ``whitening`` of data that spread unevenly (`Samples.whitening`), and those of the method.

        Raises:
            TypeError: If x or y is not numeric.
            ValueError: On data as described at `Samples.of`, vectors of one component, or a mask of another size.
        """
        return self._fit(Samples.of(x, y, output=output, num_classes=num_classes), seed)

    def fit_seeds(
        self,
        x: Any,
        y: Any = None,
        *,
        seeds: Sequence[int] = (0, 1, 2),
        output: OutputKind = "auto",
        num_classes: int | None = None,
    ) -> list[DiscoveredSymmetry]:
        """`fit` for several seeds: do they agree?"""
        samples = Samples.of(x, y, output=output, num_classes=num_classes)
        return [self._fit(samples, seed) for seed in seeds]

    def _fit(self, samples: Samples, seed: int) -> DiscoveredSymmetry:
        n = samples.vectors.shape[-1]
        if self.mask is not None and len(self.mask) != n:
            raise ValueError(f"mask must have shape [{n}, {n}], like the vectors, got {list(self.mask.shape)}")
        if n == 1:
            raise ValueError(
                "x holds vectors of one number, [S, 1], whose only linear action is a common factor, which "
                f"{type(self).__name__} does not look for: give vectors of at least two components, [S, n] or [S, v, n]"
            )
        begun = time.perf_counter()
        whitening = samples.whitening(by_axis=self.by_axis)
        whitened = samples
        if whitening is not None:
            whitened = replace(samples, vectors=samples.vectors @ whitening.mT.to(samples.vectors.dtype))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            learned = self.learn(whitened, whitening, torch.Generator().manual_seed(seed), seed)
        diagnostics = {
            **learned.diagnostics,
            "seconds": round(time.perf_counter() - begun, 2),
            "num_samples": len(samples),
            "data_rank": samples.data_rank(),
            "second_moments": (samples.second_moments() * samples.scale**2).tolist(),
            "reading": samples.reading,
            "other_reading": samples.other_reading,
            "whitening": None if whitening is None else whitening.tolist(),
        }
        algebra = LieAlgebra(in_given_units(learned.basis, whitening))
        if learned.transformations is not None:
            diagnostics["transformations"] = in_given_units(learned.transformations, whitening).tolist()
        return DiscoveredSymmetry.of(algebra, diagnostics=diagnostics, settings=self.settings(), seed=seed)


def in_given_units(matrices: Tensor, whitening: OptTensor) -> Tensor:
    """Maps ``[K, n, n]`` of whitened vectors as maps of the vectors that were given, in double precision."""
    double = matrices.detach().double().cpu()
    return double if whitening is None else torch.linalg.inv(whitening) @ double @ whitening
