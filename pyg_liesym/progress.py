"""Lightning's progress bars where one looks for them: on stderr, and only if that is a terminal."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Any

from lightning.pytorch.callbacks import TQDMProgressBar


class ProgressBar(TQDMProgressBar):
    """Bars on stderr, which leaves stdout to the answer; none in a file or a pipe."""

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is shown."""
        return bool(super().is_disabled) or not sys.stderr.isatty()

    def init_sanity_tqdm(self) -> Any:
        """The bar of the first look at the validation."""
        with redirect_stdout(sys.stderr):
            return super().init_sanity_tqdm()

    def init_train_tqdm(self) -> Any:
        """The bar of the training."""
        with redirect_stdout(sys.stderr):
            return super().init_train_tqdm()

    def init_validation_tqdm(self) -> Any:
        """The bar of the validation."""
        with redirect_stdout(sys.stderr):
            return super().init_validation_tqdm()

    def init_test_tqdm(self) -> Any:
        """The bar of the test."""
        with redirect_stdout(sys.stderr):
            return super().init_test_tqdm()

    def init_predict_tqdm(self) -> Any:
        """The bar of the prediction."""
        with redirect_stdout(sys.stderr):
            return super().init_predict_tqdm()
