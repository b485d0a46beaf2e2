"""What the jets of a training are like, and whether others are like them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.jets.jet_summary import jet_quantities
from pyg_liesym.systems.gather import gather_rows

RANGES = "jet_tagging_ranges"
"""Where a checkpoint has the ranges of the jets that it was trained on."""
UNITS = {"pT": " GeV", "mass": " GeV", "constituents": ""}
"""What a tagger can know the range of."""
_FEW = 0.01
_ROUNDING = 1e-3


class TrainingRange:
    """Compares jets, given piece by piece, with the ranges of those that a tagger was trained on.

    Args:
        ranges: Smallest and largest transverse momentum and mass of the jets (their constituents' sum), and number of
            constituents: any of :data:`UNITS`.

    Units:
        GeV.

    Raises:
        ValueError: If a name is unknown, or a range is none of two growing numbers.

    Example:
        >>> jets = JetArrays(
        ...     p4=np.array([[6e5, 5.9e5, 0, 0]], np.float32), plane=np.zeros((1, 2), np.float32),
        ...     offsets=np.array([0, 1]), axis=np.ones((1, 4), np.float32), label=np.array([0]),
        ... )
        >>> check = TrainingRange({"pT": (550.0, 650.0)})
        >>> check.add(jets)
        >>> print(check.warning())
        1 of 1 jets are unlike those that the tagger was trained on, so that their scores mean little: pT 5.9e+05 to \
5.9e+05 GeV (trained on 550 to 650). These numbers look like MeV; the tagger takes GeV: say `unit: MeV` \
in a schema.
    """

    def __init__(self, ranges: Mapping[str, tuple[float, float]]) -> None:
        for name, (low, high) in ranges.items():
            if name not in UNITS or not -math.inf < low <= high < math.inf:
                raise ValueError(f"expected ranges of {', '.join(UNITS)}, low before high, got {name}: {low}, {high}")
        self._ranges = dict(ranges)
        self._seen: dict[str, list[NDArray[np.float64]]] = {name: [] for name in ranges}
        self._outside = dict.fromkeys(ranges, 0)
        self._num = self._num_outside = 0

    def add(self, jets: JetArrays) -> None:
        """Compare some jets; those without constituents, or not finite, do not count."""
        values = jet_quantities(jets)
        finite = np.isfinite(values["pT"])
        values["constituents"] = jets.counts.astype(np.float64)
        beyond = np.zeros(len(jets), bool)
        for name, (low, high) in self._ranges.items():
            value = values[name]
            outside = finite & ((value < low - _ROUNDING * abs(low)) | (value > high + _ROUNDING * abs(high)))
            beyond |= outside
            self._outside[name] += int(outside.sum())
            self._seen[name].append(value[finite & np.isfinite(value)])
        self._num += int(finite.sum())
        self._num_outside += int(beyond.sum())

    def warning(self) -> str | None:
        """What is to be said of the jets; None if few are outside."""
        if self._num_outside <= _FEW * self._num:
            return None
        seen = {name: np.concatenate(parts) for name, parts in self._seen.items()}
        found = [
            f"{name} {seen[name].min():.4g} to {seen[name].max():.4g}{UNITS[name]} (trained on {low:.4g} to {high:.4g})"
            for name, (low, high) in self._ranges.items()
            if self._outside[name] > _FEW * self._num
        ]
        said = ""
        if "pT" in seen and 300 < np.median(seen["pT"]) / np.mean(self._ranges["pT"]) < 3000:
            said = " These numbers look like MeV; the tagger takes GeV: say `unit: MeV` in a schema."
        return (
            f"{self._num_outside} of {self._num} jets are unlike those that the tagger was trained on, so that their "
            f"scores mean little: {', '.join(found) or 'each a little'}.{said}"
        )


class SeenRange:
    """Gathers the ranges of the jets of a training, batch by batch, for :class:`TrainingRange` to compare with.

    Nothing waits for the device until the ranges are asked for.

    Args:
        ranges: What was seen before.

    Units:
        GeV.

    Example:
        >>> seen = SeenRange({"pT": (550.0, 560.0), "mass": (0.0, 80.0), "constituents": (2.0, 9.0)})
        >>> seen.add(torch.tensor([[600.0, 600.0, 0, 0], [9.0, 0, 0, 0]]), torch.tensor([0, 0]), num_jets=2)
        >>> seen.ranges()["pT"], seen.ranges()["constituents"]
        ((550.0, 600.0), (2.0, 9.0))
    """

    def __init__(self, ranges: Mapping[str, tuple[float, float]] | None = None) -> None:
        ends = [(ranges or {}).get(name, (math.inf, -math.inf)) for name in UNITS]
        self._low, self._high = torch.tensor(ends, dtype=torch.float64).T

    def add(self, p4: Tensor, batch: Tensor, num_jets: int) -> None:
        """Take up the jets of a batch; those without constituents, or not finite, do not count.

        Shapes:
            - **p4**: :math:`(N, 4)`
            - **batch**: :math:`(N)`, the jet of every constituent
        """
        total = p4.new_zeros(num_jets, 4, dtype=torch.float64).index_add(0, batch, p4.detach().double())
        count = torch.bincount(batch, minlength=num_jets)
        square = total[:, 0].square() - total[:, 1:].square().sum(1)
        values = torch.stack([total[:, 1:3].norm(dim=1), square.sign() * square.abs().sqrt(), count.double()])
        counts = (count > 0) & values.isfinite().all(0)
        self._low = torch.minimum(self._low.to(values.device), values.where(counts, math.inf).amin(1))
        self._high = torch.maximum(self._high.to(values.device), values.where(counts, -math.inf).amax(1))

    def gather(self, device: torch.device) -> None:
        """Take up what the other ranks have seen."""
        self._low = gather_rows(self._low[None].to(device)).amin(0)
        self._high = gather_rows(self._high[None].to(device)).amax(0)

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest values; nothing if no jet was seen."""
        ends = zip(UNITS, self._low.tolist(), self._high.tolist(), strict=True)
        return {name: (low, high) for name, low, high in ends if low <= high}
