from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.datasets.io.current_files import read_currents
from pyg_liesym.datasets.io.current_writer import write_currents

pytest.importorskip("xarray", reason="the extra ocean")
pytest.importorskip("h5netcdf", reason="the extra ocean")
PLACES = {
    "latitude": np.array([10.0, 9.5, 9.0]),
    "longitude": np.array([179.5, 180.5]),
    "time": np.array(["2024-02-29T12:00:01", "2024-03-01T12:00:01"], "M8[s]"),
}


def flow() -> np.ndarray:
    velocity = np.random.default_rng(0).normal(size=(2, 2, 3, 2)).astype(np.float32)
    velocity[:, :, 0, 1] = np.nan
    return velocity


@pytest.mark.parametrize("names", [("uo", "vo"), ("ugos", "vgos")])
def test_what_is_written_is_read(names: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.nc"
    write_currents(path, flow(), **PLACES, names=names, attributes={"title": "x"})
    found = read_currents(path)
    np.testing.assert_array_equal(found.velocity, flow())
    for name, values in PLACES.items():
        np.testing.assert_array_equal(getattr(found, name), values)
    assert found.names == names


def test_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_currents(tmp_path / "a.nc", flow(), **PLACES, attributes={})
    assert list(tmp_path.iterdir()) == []
