"""What a tagger makes of jets, and where."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.jets.jet_batch import jet_batch
from pyg_liesym.systems.pretrained import Tagger


def device_of(name: str) -> torch.device:
    """The device of a name; ``auto`` is a GPU if there is one.

    Raises:
        ValueError: If it cannot compute.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # the latter where torch is built without CUDA
        reason = str(error).partition("\n")[0]
        raise ValueError(f"cannot compute on the device {name!r}, try cpu: {reason}") from error


def scores_of(tagger: Tagger, jets: JetArrays, batch_size: int, device: torch.device) -> NDArray[np.float32]:
    """The probability of every class for every jet, ``[S, K]``, in the order of the jets."""
    scores = np.empty((len(jets), len(tagger.classes)), np.float32)
    # Jets of like length together, so that a long one does not make a batch large by itself.
    order = np.argsort(-jets.counts, kind="stable")
    for start in range(0, len(jets), batch_size):
        chosen = order[start : start + batch_size]
        scores[chosen] = tagger(jet_batch(jets.select(chosen), tagger.particle).to(device)).cpu().numpy()
    return scores
