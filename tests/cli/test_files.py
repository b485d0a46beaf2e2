from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.cli.files import save_figure, write_json
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES

SAMPLE = Path(__file__).parents[2] / "pyg_liesym" / "datasets" / "samples" / "jets.root"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


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


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (["data", "info", str(SAMPLE)], "reading jets.root"),
        (["data", "convert", str(SAMPLE), "out.h5"], "jets.root → out.h5"),
        (["tag", str(SAMPLE), "out.h5", "--device=cpu"], "tagging jets.root"),
        (["simulate", "charged-particles", "--root=charged"], "blocks of systems"),
        (["simulate", "jets", "--folder=jets", "--num-jets=1"], "simulating"),
        (["discover", "x.npy", "y.npy", "--method=liegan", "--liegan.max-steps=50"], "Epoch"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_bars_of_a_terminal_can_be_switched_off(
    words: list[str], title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "charged", replace(RECIPES["charged"], systems={"train": 1}))
    if words[1] == "jets":
        pytest.importorskip("pythia8mc")
        pytest.importorskip("fastjet")
    for options, shown in ([], True), (["--progress=false"], False):
        folder = tmp_path / str(shown)
        folder.mkdir()
        monkeypatch.chdir(folder)
        if words[0] == "discover":
            x = np.random.default_rng(0).standard_normal((300, 1, 2))
            np.save("x.npy", x)
            np.save("y.npy", x[..., ::-1])
        err = Terminal()
        monkeypatch.setattr(sys, "stderr", err)
        main([*words, *options])
        assert (title in err.getvalue()) is shown
