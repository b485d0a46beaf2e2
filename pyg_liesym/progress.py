"""Lightning's progress bars where one looks for them: on stderr, and only if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from lightning.pytorch.callbacks import TQDMProgressBar


def _on_stderr(make: Callable[[TQDMProgressBar], Any]) -> Callable[[TQDMProgressBar], Any]:
    """The same bar on what is stderr when it is made; Lightning makes them on stdout."""

    def bar(self: TQDMProgressBar) -> Any:
        with redirect_stdout(sys.stderr):
            return make(self)

    return bar


class ProgressBar(TQDMProgressBar):
    """Bars on stderr, which leaves stdout to the answer; none in a file or a pipe."""

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is shown."""
        return bool(super().is_disabled) or not sys.stderr.isatty()

    init_sanity_tqdm = _on_stderr(TQDMProgressBar.init_sanity_tqdm)
    init_train_tqdm = _on_stderr(TQDMProgressBar.init_train_tqdm)
    init_validation_tqdm = _on_stderr(TQDMProgressBar.init_validation_tqdm)
    init_test_tqdm = _on_stderr(TQDMProgressBar.init_test_tqdm)
    init_predict_tqdm = _on_stderr(TQDMProgressBar.init_predict_tqdm)
