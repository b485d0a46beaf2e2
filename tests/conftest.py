"""What holds for every test: one thread, draws and examples that do not depend on the day or the machine."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings
from torch.utils.data import DataLoader

# The tensors of the tests are small, and the tests run in parallel.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes that tests start

settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")


@pytest.fixture(autouse=True)
def _reproducible() -> None:
    """Layers draw their weights from torch's own generator, which every process would seed anew."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _loaders_as_they_were() -> Iterator[None]:
    """Lightning wraps every loader class while it asks for a loader, and leaves the wrapper on where that fails."""
    yield
    classes: list[type] = [DataLoader]
    for cls in classes:
        classes += cls.__subclasses__()
        for name in ("__init__", "__setattr__", "__delattr__"):
            if f"__old{name}" in cls.__dict__:
                setattr(cls, name, inspect.unwrap(getattr(cls, name)))
                delattr(cls, f"__old{name}")
