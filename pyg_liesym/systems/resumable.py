"""What a data module promises if a training may go on from the middle of an epoch."""

from __future__ import annotations

import lightning as L


class ResumesWithinEpoch(L.LightningDataModule):
    """Data whose loader has its place in a checkpoint: a training goes on with the batches that were to come.

    The loader of the training implements ``state_dict`` and ``load_state_dict``, as
    :class:`~pyg_liesym.datasets.StreamingLoader` does, and Lightning keeps its state.
    """
