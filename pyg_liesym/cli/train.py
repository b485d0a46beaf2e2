"""``liesym fit``, ``validate``, ``test`` and ``predict``: Lightning's command line over our systems and data."""

from __future__ import annotations

import os
import sys
import warnings

import lightning as L

# Lightning's command line calls jsonargparse by names that the latter has since changed; not the user's concern.
os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
from lightning.pytorch.cli import LightningCLI


def train(words: list[str]) -> None:
    """Run LightningCLI on a subcommand and its options.

    Args:
        words: For example ``["fit", "--config", "jets.yaml", "--trainer.max_epochs", "3"]``.
    """
    import pyg_liesym.systems.data
    import pyg_liesym.systems.forecasting
    import pyg_liesym.systems.tagging  # noqa: F401  (their classes can then be named without the module)

    sys.argv = ["liesym", *words]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        LightningCLI(
            L.LightningModule,
            L.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_kwargs={"overwrite": True},
            auto_configure_optimizers=False,
        )
