"""What holds for every test: one thread, draws and examples that do not depend on the day or the machine."""

from __future__ import annotations

import os

import pytest
import torch
from hypothesis import settings

# The tensors of the tests are small, and the tests run in parallel.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes that tests start

settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")


@pytest.fixture(autouse=True)
def _reproducible() -> None:
    """Layers draw their weights from torch's own generator, which every process would seed anew."""
    torch.manual_seed(0)
