from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.datasets.io.npy import read_array


def test_numbers_come_back(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), [[0, 1, 2], [3, 4, 5]])


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
    with pytest.raises(ValueError, match=r"text\.npy is not a NumPy"):
        read_array(tmp_path / "text.npy")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"objects\.npy is not a NumPy"):
        read_array(tmp_path / "objects.npy")
    np.savez(tmp_path / "several.npz", a=np.zeros(1))
    with pytest.raises(ValueError, match="archive of several"):
        read_array(tmp_path / "several.npz")
