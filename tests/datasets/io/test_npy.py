from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.datasets.io.jet_files import find_schema
from pyg_liesym.datasets.io.npy import ArrayRows, read_array
from pyg_liesym.systems.data import load_vectors


def test_numbers_come_back(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">f8", "<f2", ">i4", "<u8", np.longdouble])
def test_numbers_of_other_machines(dtype: object, tmp_path: Path) -> None:
    values = np.arange(12).reshape(2, 2, 3)
    for order in (values, np.asfortranarray(values)):
        np.save(tmp_path / "a.npy", order.astype(dtype))
        assert load_vectors(tmp_path / "a.npy").tolist() == values.tolist()


@pytest.mark.parametrize(
    ("array", "message"),
    [(np.full((2, 2), np.nan), "4 of 4 entries are not finite"), (np.zeros(2, dtype=complex), "got complex128")],
)
def test_bad_numbers_are_named(tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.save(tmp_path / "bad.npy", array)
    with pytest.raises(ValueError, match=rf"bad\.npy: .*{message}"):
        read_array(tmp_path / "bad.npy")


def test_files_that_are_no_arrays(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.npy"):
        read_array(tmp_path / "none.npy")
    (tmp_path / "text.npy").write_text("1, 2, 3")
    with pytest.raises(ValueError, match=r"text\.npy is not a NumPy \.npy file; .* numpy\.loadtxt"):
        read_array(tmp_path / "text.npy")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"objects\.npy: expected real numbers, got object"):
        read_array(tmp_path / "objects.npy")
    np.savez(tmp_path / "several.npz", a=np.zeros(1))
    with pytest.raises(ValueError, match=r"an archive of arrays \(.*\): .* numpy\.load\(.*several\.npz"):
        read_array(tmp_path / "several.npz")
    np.save(tmp_path / "number.npy", np.float64(3))
    with pytest.raises(ValueError, match=r"number\.npy.*got a single number"):
        read_array(tmp_path / "number.npy")


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (2**62, 2**62, 4), (4, 2, 4)])
def test_a_size_is_compared_before_anything_is_read(shape: tuple[int, ...], tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(header(shape) + bytes(64))
    with pytest.raises(
        ValueError, match=rf"a\.npy says that it has numbers \[{shape[0]}.*, but has \d+: it is damaged"
    ):
        read_array(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.zeros((3, 2)))
    with (tmp_path / "b.npy").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ValueError, match="176 bytes, but has 180"):
        read_array(tmp_path / "b.npy")


def test_a_small_archive_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("X.npy", "w", force_zip64=True) as file:
            file.write(header((3 * 2**20, 25, 4), "<f4"))
            for _ in range(300):
                file.write(bytes(4 * 2**20))
        with archive.open("y.npy", "w") as file:
            file.write(header((3 * 2**20,), "|i1") + bytes(3 * 2**20))
    assert path.stat().st_size < 2_000_000
    with pytest.raises(ValueError, match=r"a\.npz: X would unpack from \d+ to 1258291328 bytes"):
        find_schema(path)


def test_rows_stored_by_columns_are_read_at_once_or_not(tmp_path: Path) -> None:
    values = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "a.npy", np.asfortranarray(values))
    rows = ArrayRows(tmp_path / "a.npy")
    np.testing.assert_array_equal(rows.read(), values)
    with pytest.raises(ValueError, match=r"stored column by column: save numpy\.ascontiguousarray of it"):
        rows.read(0, 2)
