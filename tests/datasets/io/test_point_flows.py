"""Velocities at points, as files have them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pyg_liesym.datasets.io.point_flows import read_point_flow

Array = NDArray[np.float64]

GENERATOR = np.random.default_rng(0)
POS = GENERATOR.random((12, 2))
VELOCITY = GENERATOR.normal(size=(4, 12, 2))
TIME = 0.5 + 0.1 * np.arange(4)
TRIANGLES = [("triangle", np.array([[0, 1, 2], [3, 4, 5]]))]


def archive(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "points.npz", **{"pos": POS, "velocity": VELOCITY, "time": TIME} | arrays)
    return folder / "points.npz"


def spatial(values: Array, third: float = 0.0) -> Array:
    return np.concatenate([values, np.full((*values.shape[:-1], 1), third)], -1)


def meshes(folder: Path, ending: str, change: Callable[[int, Any], Any] = lambda k, mesh: mesh) -> list[Path]:
    """A file for each frame, as solvers leave them, with a pressure beside the velocity."""
    meshio = pytest.importorskip("meshio", reason="the extra meshes")
    paths = [folder / f"flow_{8 + k}{ending}" for k in range(len(VELOCITY))]
    for k, path in enumerate(paths):
        data = {"U": spatial(VELOCITY[k]), "p": np.arange(12.0)}
        meshio.write(path, change(k, meshio.Mesh(spatial(POS, 3.0), TRIANGLES, data)))
    return paths


def series(path: Path, data_format: str, monkeypatch: pytest.MonkeyPatch, own: bool = False) -> None:
    """An XDMF file; the writer of meshio leaves the numbers in the folder where it runs."""
    meshio = pytest.importorskip("meshio", reason="the extra meshes")
    monkeypatch.chdir(path.parent)
    with meshio.xdmf.TimeSeriesWriter(path.name, data_format=data_format) as writer:
        writer.write_points_cells(POS, TRIANGLES)
        for k, time in enumerate(TIME):
            writer.write_data(time, point_data={"U": VELOCITY[k], "p": np.arange(12.0)})
            if own:
                writer.points(writer.collection[-1], POS + 0.1 * k)
                writer.cells(TRIANGLES, writer.collection[-1])


def test_an_archive(tmp_path: Path) -> None:
    flow = read_point_flow(archive(tmp_path))
    for found, known in ((flow.pos, POS), (flow.velocity, VELOCITY), (flow.time, TIME)):
        np.testing.assert_array_equal(found, known)
    assert flow.step == pytest.approx(0.1)
    np.savez(tmp_path / "untimed.npz", pos=POS, velocity=VELOCITY)
    assert read_point_flow(tmp_path / "untimed.npz").step is None


@pytest.mark.parametrize("ending", [".vtu", ".vtk"])
def test_files_of_a_frame_each_in_the_order_of_their_numbers(tmp_path: Path, ending: str) -> None:
    """flow_8, flow_9, flow_10, flow_11: letters would begin with 10."""
    meshes(tmp_path, ending)
    flow = read_point_flow(str(tmp_path / f"flow_*{ending}"))
    np.testing.assert_array_equal(flow.pos, POS)
    np.testing.assert_array_equal(flow.velocity, VELOCITY)
    assert flow.time is None


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["u_0.05", "u_0.1", "u_0.25", "u_0.3"], "u_0.05.vtu: expected names that differ in a whole number"),
        (["flow_1", "flow_2", "flow_4", "flow_5"], "expected numbers at equal steps, some are missing"),
        (["a", "b", "c", "d"], "a.vtu: expected names that differ in a whole number"),
    ],
)
def test_names_that_do_not_count_the_frames(names: list[str], says: str, tmp_path: Path) -> None:
    paths = [path.rename(tmp_path / f"{name}.vtu") for path, name in zip(meshes(tmp_path, ".vtu"), names, strict=True)]
    with pytest.raises(ValueError, match=f"{says}.*list the files with their times in a .pvd file"):
        read_point_flow(str(tmp_path / "*.vtu"))
    np.testing.assert_array_equal(read_point_flow(paths).velocity, VELOCITY)


@pytest.mark.parametrize("data_format", ["XML", "HDF", "Binary"])
def test_a_series_in_one_file(tmp_path: Path, data_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    series(tmp_path / "flow.xdmf", data_format, monkeypatch)
    flow = read_point_flow(tmp_path / "flow.xdmf")
    np.testing.assert_allclose(flow.pos, POS, rtol=1e-12)
    np.testing.assert_allclose(flow.velocity, VELOCITY, rtol=1e-12)
    assert flow.step == pytest.approx(0.1)


def test_a_series_whose_mesh_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series(tmp_path / "flow.xdmf", "XML", monkeypatch, own=True)
    with pytest.raises(ValueError, match=r"frame 1 has other points than .*frame 0: expected a mesh that stays"):
        read_point_flow(tmp_path / "flow.xdmf")


def collection(folder: Path, times: list[float], names: list[str]) -> Path:
    listed = "".join(
        f'<DataSet timestep="{time}" group="" part="0" file="{name}"/>' for time, name in zip(times, names, strict=True)
    )
    text = f'<?xml version="1.0"?><VTKFile type="Collection" version="0.1"><Collection>{listed}</Collection></VTKFile>'
    (folder / "flow.pvd").write_text(text)
    return folder / "flow.pvd"


def test_a_collection_has_the_times(tmp_path: Path) -> None:
    names = [path.name for path in meshes(tmp_path, ".vtu")]
    flow = read_point_flow(collection(tmp_path, [0.3, 0.2, 0.1, 0.0], names[::-1]))
    np.testing.assert_array_equal(flow.velocity, VELOCITY)
    assert flow.step == pytest.approx(0.1)
    with pytest.raises(FileNotFoundError, match=r"flow.pvd lists .*gone.vtu, which is not there"):
        read_point_flow(collection(tmp_path, [0.0], ["gone.vtu"]))
    with pytest.raises(ValueError, match="several parts at a time"):
        read_point_flow(collection(tmp_path, [0.0, 0.0], names[:2]))
    (tmp_path / "flow.pvd").write_text("<VTKFile>")
    with pytest.raises(ValueError, match=r"flow.pvd is not a complete PVD file"):
        read_point_flow(tmp_path / "flow.pvd")


def test_the_velocity_may_be_named(tmp_path: Path) -> None:
    def with_force(k: int, mesh: Any) -> Any:
        mesh.point_data["force"] = -mesh.point_data["U"]
        return mesh

    paths = meshes(tmp_path, ".vtu", with_force)
    np.testing.assert_array_equal(read_point_flow(paths, field="U").velocity, VELOCITY)
    with pytest.raises(ValueError, match=r"flow_8.vtu has vectors \['U', 'force'\]: say which is the velocity"):
        read_point_flow(paths)
    with pytest.raises(ValueError, match=r"expected vectors 'V' at the points, got \['U', 'p', 'force'\] at points"):
        read_point_flow(paths, field="V")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pos": np.stack([POS] * 4)}, r"pos \[N, 2\], places \(x, y\) that stay in all frames, got \[4, 12, 2\]"),
        ({"pos": spatial(POS)}, r"pos \[N, 2\], .* got \[12, 3\]"),
        ({"velocity": VELOCITY[:, :9]}, r"velocity \[T, 12, 2\] for pos, got \[4, 9, 2\]"),
        ({"velocity": VELOCITY[0]}, r"velocity \[T, 12, 2\] for pos, got \[12, 2\]"),
        ({"time": TIME[:3]}, r"time \[4\], one for each frame, got \[3\]"),
        ({"pos": np.where(POS[3] == POS, np.nan, POS)}, "points.npz: 1 of 12 places are not finite"),
        ({"velocity": np.where(VELOCITY[2, 3] == VELOCITY, np.inf, VELOCITY)}, "1 of 48 velocities are not finite"),
        ({"time": TIME**2}, r"frames at equal times, got steps of 0.11 to 0.15"),
        ({"time": TIME[::-1]}, r"frames at equal times, got steps of -0.1 to -0.1"),
        ({"velocity": VELOCITY.astype(object)}, "velocity: expected real numbers, got object"),
        ({"time": np.float64(0.1)}, "npz"),
    ],
)
def test_archives_that_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_point_flow(archive(tmp_path, **arrays))


def no_vectors(k: int, mesh: Any) -> Any:
    del mesh.point_data["U"]
    mesh.cell_data["U"] = [np.zeros((2, 3))]
    return mesh


def in_space(k: int, mesh: Any) -> Any:
    mesh.points[0, 2] = 0.0
    return mesh


def across(k: int, mesh: Any) -> Any:
    mesh.point_data["U"][5, 2] = 0.5
    return mesh


def moving(k: int, mesh: Any) -> Any:
    mesh.points[:, 0] += 0.1 * k
    return mesh


def nowhere(k: int, mesh: Any) -> Any:
    mesh.point_data["U"][5, 0] = np.nan
    return mesh


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (no_vectors, r"flow_8.vtu: expected vectors at the points, got \['p'\] at points and \['U'\] at cells"),
        (in_space, r"flow_8.vtu: expected a plane of one z, got z from 0 to 3: take a slice"),
        (across, r"flow_8.vtu: expected velocities in the plane, got up to 0.5 across it"),
        (moving, r"flow_9.vtu has other points than .*flow_8.vtu: expected a mesh that stays"),
        (nowhere, r"4 of 48 velocities are not finite"),
    ],
)
def test_meshes_that_are_refused(tmp_path: Path, change: Callable[[int, Any], Any], message: str) -> None:
    paths = meshes(tmp_path, ".vtu", change)
    with pytest.raises(ValueError, match=message):
        read_point_flow(paths)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file matches"):
        read_point_flow(str(tmp_path / "*.vtu"))
    with pytest.raises(ValueError, match=r"expected one file, or .vtu or .vtk files alone"):
        read_point_flow([archive(tmp_path)] * 2)
    (tmp_path / "flow.csv").write_text("1,2\n")
    with pytest.raises(ValueError, match=r"flow.csv: expected points in .npz, or meshes in .xdmf"):
        read_point_flow(tmp_path / "flow.csv")
    np.savez(tmp_path / "other.npz", x=POS)
    with pytest.raises(ValueError, match=r"got \['x'\] without pos and velocity"):
        read_point_flow(tmp_path / "other.npz")


@pytest.mark.parametrize("ending", [".vtu", ".vtk", ".xdmf"])
def test_damage_is_named(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("meshio", reason="the extra meshes")
    path = tmp_path / f"broken{ending}"
    path.write_text("nothing of the kind")
    with pytest.raises(ValueError, match=rf"broken\{ending} is not a complete"):
        read_point_flow(path)
    path.write_text('<Xdmf Version="3.0"><Domain><Grid GridType="Uniform"/></Domain></Xdmf>')
    with pytest.raises(ValueError, match="a series of frames" if ending == ".xdmf" else "is not a complete"):
        read_point_flow(path)


def test_without_meshio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flow.vtu").touch()
    monkeypatch.setitem(sys.modules, "meshio", None)
    with pytest.raises(ImportError, match=r"pip install 'pyg-liesym\[meshes\]'"):
        read_point_flow(tmp_path / "flow.vtu")
