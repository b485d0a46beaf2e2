from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyg_liesym.cli.files import save_figure, write_json


def test_a_result_is_whole_or_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    write_json(path, {"x": [1.5]})
    with pytest.raises(TypeError):
        write_json(path, {"x": object()})
    assert json.loads(path.read_text()) == {"x": [1.5]}
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


def test_a_picture_is_whole_or_not_there(tmp_path: Path) -> None:
    class Broken:
        def savefig(self, path: Path, **options: object) -> None:
            path.write_bytes(b"half")
            raise MemoryError

    with pytest.raises(MemoryError):
        save_figure(tmp_path / "a.png", Broken())  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
