"""What holds for every test: one thread, draws and examples that do not depend on the day or the machine."""

from __future__ import annotations

import inspect
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from torch.utils.data import DataLoader

# The tensors of the tests are small, and the tests run in parallel.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes that tests start

# Kernels for a GPU are read by Triton's interpreter where there is none; it must know before it is imported.
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# To load this takes longer than what most processes that tests start then do.
PRELOADED = [
    "distributed",
    "lightning.pytorch.cli",
    "pyg_liesym.cli.tag_file",
    "pyg_liesym.cli.train",
    "pyg_liesym.discovery.liegan",
    "pyg_liesym.systems.tagging",
]

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


@pytest.fixture(scope="session")
def copied_processes() -> ForkServerContext:
    """Processes of this context are copies of one that has loaded `PRELOADED`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
    return context


@pytest.fixture(scope="session")
def copied_workers(copied_processes: ForkServerContext) -> Iterator[None]:
    """So are the workers of a local cluster, which are started afresh otherwise."""
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        yield


@pytest.fixture(scope="session")
def write_currents() -> Callable[..., Path]:
    """Writes NetCDF in the layout of Copernicus Marine; land is NaN."""
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")

    def write(
        path: Path,
        velocity: np.ndarray,
        latitude: np.ndarray,
        longitude: np.ndarray,
        *,
        names: tuple[str, ...] = ("uo", "vo"),
        units: str | None = "m s-1",
        depths: int | None = None,
        axes: tuple[str, str] = ("latitude", "longitude"),
        first_day: int = 0,
        days: list[int] | None = None,
        packed: bool = False,
        **options: object,
    ) -> Path:
        dims = ("time", *axes) if depths is None else ("time", "depth", *axes)
        attributes = {"cell_methods": "area: mean"} | ({} if units is None else {"units": units})
        frames = range(first_day, first_day + len(velocity)) if days is None else days
        coordinates = {
            "time": ("time", np.array("2024-01-03", "M8[ns]") + np.array(list(frames), "m8[D]")),
            axes[0]: (axes[0], latitude.astype(np.float32), {"units": "degrees_north", "axis": "Y"}),
            axes[1]: (axes[1], longitude.astype(np.float32), {"units": "degrees_east", "axis": "X"}),
        }
        encoding = {}
        if depths is not None:
            coordinates["depth"] = ("depth", 0.494 + np.arange(depths, dtype=np.float32), {"units": "m"})
        variables = {}
        for k, name in enumerate(names):
            values = velocity[:, k].astype(np.float32)
            values = values if depths is None else np.repeat(values[:, None], depths, 1)
            variables[name] = (dims, values, attributes)
            if packed:
                encoding[name] = {"dtype": "i2", "scale_factor": 1e-3, "add_offset": 0.5, "_FillValue": -32767}
        file = xarray.Dataset(variables, coordinates)
        file.to_netcdf(path, **{"engine": "h5netcdf", "encoding": encoding, **options})
        return path

    return write
