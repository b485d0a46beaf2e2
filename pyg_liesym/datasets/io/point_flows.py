"""Velocities at points that stay where they are: NumPy archives, and meshes in the formats of VTK and XDMF."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, PathLike, find_files, naming_damage, some_of
from pyg_liesym.datasets.io.npy import ArrayRows, arrays_in

Array = NDArray[np.float64]

MESHES = (".xdmf", ".pvd", ".vtu", ".vtk")
"""The endings of meshes: a series in one file, a list of files with their times, and files of a frame each."""
_EVEN, _FLAT = 1e-3, 1e-6


@dataclass(frozen=True)
class PointFlow:
    """Velocities at points.

    Attributes:
        pos: Places (x, y), ``[N, 2]``.
        velocity: Along x and y, ``[T, N, 2]``.
        time: Of the frames, ``[T]``, ascending; None if the files do not tell.
    """

    pos: Array
    velocity: Array
    time: Array | None

    @property
    def step(self) -> float | None:
        """Time between frames, if it is known."""
        return None if self.time is None or len(self.time) < 2 else float(np.diff(self.time).mean())


def read_point_flow(files: PathLike | Sequence[PathLike], *, field: str | None = None) -> PointFlow:
    """Read velocities at points, the same in all frames.

    Args:
        files: An ``.npz`` file with ``pos`` ``[N, 2]``, ``velocity`` ``[T, N, 2]`` and, if known, ``time`` ``[T]``; a
            series of meshes in one ``.xdmf`` or, listed with their times, in a ``.pvd`` file; or a glob or a list of
            ``.vtu`` or ``.vtk`` files with a frame each; a glob is put in the order of the whole numbers in the names,
            the last of which counts frames at equal times.
        field: Name of the velocities at the nodes; by default the only vectors there.

    Raises:
        ImportError: If meshio, or h5py for the numbers of an XDMF file, is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file, if it is damaged, has no such vectors or several, is no flow in a plane, has other
            points than the first, or numbers that are not finite; or if times are not even.
    """
    paths = find_files(files)
    ending = paths[0].suffix.lower()
    if any(path.suffix.lower() != ending for path in paths) or (len(paths) > 1 and ending not in (".vtu", ".vtk")):
        raise LayoutError(f"expected one file, or .vtu or .vtk files alone, got {some_of(map(str, paths), 4)}")
    if ending == ".npz":
        flow = _archive(paths[0])
    elif ending in MESHES:
        flow = _of_meshes(
            str(paths[0]), _meshes(_in_order(paths) if isinstance(files, str | os.PathLike) else paths), field
        )
    else:
        raise LayoutError(f"{paths[0]}: expected points in .npz, or meshes in {', '.join(MESHES)}")
    _check(str(paths[0]), flow)
    return flow


def _archive(path: Path) -> PointFlow:
    names = arrays_in(path)
    if missing := {"pos", "velocity"} - set(names):
        raise LayoutError(
            f"{path}: expected arrays pos [N, 2], velocity [T, N, 2] and time [T], got {some_of(names)} without "
            f"{' and '.join(sorted(missing))}"
        )
    pos, velocity, time = (
        ArrayRows(path, name).read().astype(np.float64) if name in names else None
        for name in ("pos", "velocity", "time")
    )
    assert pos is not None
    assert velocity is not None
    if pos.ndim != 2 or pos.shape[1] != 2:
        raise LayoutError(f"{path}: expected pos [N, 2], places (x, y) that stay in all frames, got {list(pos.shape)}")
    if velocity.ndim != 3 or velocity.shape[1:] != pos.shape:
        raise LayoutError(f"{path}: expected velocity [T, {len(pos)}, 2] for pos, got {list(velocity.shape)}")
    if time is not None and time.shape != velocity.shape[:1]:
        raise LayoutError(f"{path}: expected time [{len(velocity)}], one for each frame, got {list(time.shape)}")
    return PointFlow(pos, velocity, time)


@dataclass(frozen=True)
class _Mesh:
    """Nodes ``[N, 2 or 3]`` of a frame, what is known at them, and the time if that is known."""

    where: str
    nodes: Array
    data: dict[str, NDArray[Any]]
    cells: tuple[str, ...]
    time: float | None


def _of_meshes(where: str, meshes: Iterator[_Mesh], field: str | None) -> PointFlow:
    """Frame by frame, so that one mesh is held at a time."""
    first: _Mesh | None = None
    frames, times = [], []
    for mesh in meshes:
        first = first or mesh
        if mesh.nodes.shape != first.nodes.shape or not (mesh.nodes == first.nodes).all():
            raise LayoutError(f"{mesh.where} has other points than {first.where}: expected a mesh that stays")
        frames.append(_velocity(mesh, field))
        times.append(mesh.time)
    if first is None:
        raise LayoutError(f"{where} has no frames")
    pos, third = first.nodes[:, :2], first.nodes[:, 2:]
    if np.ptp(third, axis=0).max(initial=0.0) > _FLAT * np.ptp(pos, axis=0).max():
        raise LayoutError(
            f"{first.where}: expected a plane of one z, got z from {third.min():.4g} to {third.max():.4g}: take a slice"
        )
    known = [time for time in times if time is not None]
    return PointFlow(pos, np.stack(frames), np.array(known) if len(known) == len(times) else None)


def _velocity(mesh: _Mesh, field: str | None) -> Array:
    """The components in the plane."""
    vectors = [name for name, values in mesh.data.items() if values.shape in ((len(mesh.nodes), k) for k in (2, 3))]
    if (field is not None and field not in vectors) or not vectors:
        wanted = "vectors at the points" if field is None else f"vectors {field!r} at the points"
        raise LayoutError(
            f"{mesh.where}: expected {wanted}, got {some_of(mesh.data)} at points and {some_of(mesh.cells)} at cells"
        )
    if field is None and len(vectors) > 1:
        raise LayoutError(f"{mesh.where} has vectors {some_of(vectors)}: say which is the velocity as `field`")
    values: Array = np.asarray(mesh.data[field or vectors[0]], np.float64)
    if np.abs(values[:, 2:]).max(initial=0.0) > _FLAT * np.abs(values).max():
        raise LayoutError(
            f"{mesh.where}: expected velocities in the plane, got up to {np.abs(values[:, 2]).max():.3g} across it"
        )
    return values[:, :2]


def _meshes(paths: Sequence[Path]) -> Iterator[_Mesh]:
    if paths[0].suffix.lower() == ".xdmf":
        yield from _series(paths[0])
    elif paths[0].suffix.lower() == ".pvd":
        for time, path in _listed(paths[0]):
            yield _single(path, time)
    else:
        for path in paths:
            yield _single(path, None)


def _single(path: Path, time: float | None) -> _Mesh:
    kind = path.suffix.lower()
    if kind not in (".vtu", ".vtk"):
        raise LayoutError(f"{path}: expected a .vtu or .vtk file")
    with _reading(path, kind[1:].upper()) as meshio:
        # meshio.read would end the program over a damaged file.
        found = (meshio.vtu if kind == ".vtu" else meshio.vtk).read(str(path))
        return _Mesh(str(path), np.asarray(found.points), dict(found.point_data), tuple(found.cell_data), time)


def _listed(path: Path) -> list[tuple[float, Path]]:
    """Times and files of a ParaView collection."""
    with naming_damage(path, "PVD"):
        sets = list(ElementTree.parse(path).getroot().iter("DataSet"))
        listed = [(float(one.attrib["timestep"]), path.parent / one.attrib["file"]) for one in sets]
    if len({time for time, _ in listed}) < len(listed):
        raise LayoutError(f"{path} has several parts at a time: expected one mesh for each time")
    if missing := [file for _, file in listed if not file.exists()]:
        raise FileNotFoundError(f"{path} lists {missing[0]}, which is not there")
    return sorted(listed)


def _series(path: Path) -> Iterator[_Mesh]:
    """The frames of an XDMF file, each with its own mesh if it has one."""
    with _reading(path, "XDMF") as meshio:
        try:
            reader = meshio.xdmf.TimeSeriesReader(path)
        except meshio.ReadError as error:
            raise LayoutError(
                f"{path}: expected a series of frames, a temporal collection of XDMF 3 ({error})"
            ) from error
        with reader:
            yield from _frames(path, reader)


def _frames(path: Path, reader: Any) -> Iterator[_Mesh]:
    shared, _ = reader.read_points_cells()
    for k, grid in enumerate(reader.collection):
        own = None
        if grid.find("Geometry") is not None:
            reader.mesh_grid = grid
            own, _ = reader.read_points_cells()
        time, data, cells = reader.read_data(k)
        nodes = np.asarray(shared if own is None else own)
        yield _Mesh(f"{path}, frame {k}", nodes, dict(data), tuple(cells), float(time))


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[Any]:
    """The library meshio; whatever damage shows inside the ``with`` block names the file."""
    try:
        import meshio
    except ImportError as error:
        raise ImportError(f"reading meshes needs meshio: run `pip install 'pyg-liesym[meshes]'` ({error})") from error
    with naming_damage(path, kind):
        try:
            yield meshio
        except ImportError as error:
            raise LayoutError(f"{path} keeps its numbers in HDF5: run `pip install 'pyg-liesym[meshes]'`") from error


def _in_order(paths: Sequence[Path]) -> list[Path]:
    """By the whole numbers in their names, which count evenly: ``flow_9`` comes before ``flow_10``."""
    numbers = [[int(part) for part in re.findall(r"\d+", path.stem)] for path in paths]
    pvd = "list the files with their times in a .pvd file"
    for path, own in zip(paths, numbers, strict=True):
        if len(paths) > 1 and (re.search(r"\d\.\d", path.stem) or len(own) != len(numbers[0]) or not own):
            raise LayoutError(f"{path}: expected names that differ in a whole number, as flow_0012.vtu: {pvd}")
    ordered = sorted(zip(numbers, paths, strict=True))
    steps = {tuple(np.subtract(two, one)) for (one, _), (two, _) in pairwise(ordered)}
    if len(steps) > 1:
        raise LayoutError(f"{ordered[0][1]} and others: expected numbers at equal steps, some are missing: {pvd}")
    return [path for _, path in ordered]


def _check(where: str, flow: PointFlow) -> None:
    """Refuse numbers that are not finite, and frames at uneven times."""
    time = np.zeros(0) if flow.time is None else flow.time
    rows = {"places": flow.pos, "velocities": flow.velocity.reshape(-1, 2), "times": time[:, None]}
    for name, values in rows.items():
        bad = ~np.isfinite(values).all(1)
        if bad.any():
            raise LayoutError(f"{where}: {bad.sum()} of {len(bad)} {name} are not finite: leave such points out")
    steps = np.diff(time)
    if len(steps) and (steps.min() <= 0 or np.ptp(steps) > _EVEN * steps.mean()):
        raise LayoutError(
            f"{where}: expected frames at equal times, got steps of {steps.min():.6g} to {steps.max():.6g}"
        )
