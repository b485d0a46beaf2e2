"""What every discovery method returns."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from pyg_liesym.discovery.report import report
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.finite import FiniteTurn
from pyg_liesym.lie.invariant import InvariantMetric
from pyg_liesym.writing import write_whole

_TENSORS = "symmetry.safetensors"
_DESCRIPTION = "symmetry.json"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class DiscoveredSymmetry:
    """A Lie algebra found in data, its invariant metric, and how far to trust both.

    Attributes:
        algebra: The matrices, one per channel, in the coordinates and units of the data.
        diagnostics: Numbers about the fit, plain Python values; for `LieGAN` those of `LieGAN.fit`.
        settings: How the method was set, plain Python values.
        seed: Seed of the run.

    Example:
        >>> found = DiscoveredSymmetry.of(LieAlgebra.lorentz(), seed=3)
        >>> found.metric.signature
        (1, 3, 0)
    """

    algebra: LieAlgebra
    diagnostics: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def of(
        cls,
        algebra: LieAlgebra,
        *,
        diagnostics: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> DiscoveredSymmetry:
        """The result for an algebra, with dictionaries of its own."""
        return cls(algebra, dict(diagnostics or {}), dict(settings or {}), seed)

    @cached_property
    def metric(self) -> InvariantMetric:
        """The best symmetric invariant form J of the algebra (LieGAN, Proposition 1).

        Raises:
            ValueError: If the result is discrete: many forms are invariant under a finite group.
        """
        if self.discrete:
            found = "; ".join(map(str, self.turns)) or "nothing"
            raise ValueError(
                f"the result is discrete ({found}) and determines no metric: a network of J-products obeys a "
                "continuous group, which was not found. Use a layer for finite groups, or discover with normal "
                "coefficients"
            )
        whitening = self.diagnostics.get("whitening")
        if whitening is None:
            return self.algebra.invariant_metric()
        matrix = torch.tensor(whitening, dtype=torch.float64)
        return self.algebra.conjugate(matrix).invariant_metric().in_coordinates(matrix)

    @property
    def discrete(self) -> bool:
        """Whether powers of single transformations were looked for, not combinations of matrices.

        The matrices are then logarithms: `algebra` is that of a continuous group for which there is no evidence, and
        `turns` is what was found.
        """
        return bool(self.settings.get("coefficients") == "integer")

    @property
    def turns(self) -> list[FiniteTurn]:
        """The transformations ``exp(Lᵢ)`` of a discrete result, as turns of some order."""
        if not self.discrete:
            return []
        relative = self.algebra.basis.flatten(1).norm(dim=1)
        strong = self.algebra.basis[relative > 0.1 * relative.max()]
        return [FiniteTurn.of(torch.linalg.matrix_exp(matrix)) for matrix in strong]

    @property
    def forms(self) -> Tensor:
        """The forms that a network may use, ``[F, n, n]``; see `InvariantMetric.forms`.

        Raises:
            ValueError: If no form is kept, or the result is discrete.
        """
        return self.metric.scaled().forms

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a folder with the basis (safetensors) and everything else (JSON).

        Each file is replaced as a whole, and the JSON, which holds the checksum of the basis, comes last: a
        save that is cut short leaves either the old result or a folder that `load` refuses.

        Args:
            path: The folder; made if missing.
        """
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = safetensors.torch.save({"basis": self.algebra.basis.detach().cpu().contiguous()})
        description = {
            "format": _FORMAT,
            "sha256": hashlib.sha256(tensors).hexdigest(),
            "name": self.algebra.name,
            "seed": self.seed,
            "settings": self.settings,
            "diagnostics": self.diagnostics,
        }
        text = json.dumps(description, indent=2, allow_nan=False)
        write_whole(folder / _TENSORS, tensors)
        write_whole(folder / _DESCRIPTION, text.encode())
        return folder

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> DiscoveredSymmetry:
        """Read what `save` wrote; the metric is computed anew.

        Raises:
            FileNotFoundError: If the folder or one of its files is missing.
            ValueError: If the files are damaged or do not belong together.
        """
        folder = Path(path)
        for name in (_DESCRIPTION, _TENSORS):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder} holds no {name}: expected a folder written by save()")
        tensors = (folder / _TENSORS).read_bytes()
        try:
            description = json.loads((folder / _DESCRIPTION).read_text())
        except ValueError as error:  # not JSON, or not UTF-8
            raise ValueError(f"{folder / _DESCRIPTION} is not valid JSON: {error}") from error
        if description.get("format") != _FORMAT:
            raise ValueError(f"{folder} has format {description.get('format')!r}, this version reads {_FORMAT}")
        if hashlib.sha256(tensors).hexdigest() != description["sha256"]:
            raise ValueError(f"{folder / _TENSORS} does not belong to its {_DESCRIPTION} (checksum): save it again")
        basis: Tensor = safetensors.torch.load(tensors)["basis"]
        return cls.of(
            LieAlgebra(basis, description["name"]),
            diagnostics=description["diagnostics"],
            settings=description["settings"],
            seed=description["seed"],
        )

    def report(self) -> str:
        """What was found, what it is called, which forms it keeps, and what could not be decided."""
        return report(self)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        found = "; ".join(map(str, self.turns)) if self.discrete else self.metric
        return f"DiscoveredSymmetry({self.algebra!r}, {found}, seed={self.seed})"


def load_metric(path: str | os.PathLike[str]) -> Tensor:
    """The forms that a saved symmetry preserves, scaled to the norm of the identity, for the settings of a network.

    Args:
        path: A folder that `DiscoveredSymmetry.save` wrote.

    Shapes:
        - **output**: ``[n, n]``, or ``[F, n, n]`` if there are several

    Raises:
        FileNotFoundError: If there is no saved symmetry.
        ValueError: If it is damaged, keeps no form, or is of a discrete group.
    """
    return DiscoveredSymmetry.load(path).forms.squeeze(0)
