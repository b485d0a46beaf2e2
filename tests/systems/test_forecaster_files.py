from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from pyg_liesym.nn.models.field_forecasters import build_forecaster
from pyg_liesym.systems.forecaster_files import load_forecaster, save_forecaster

WORDS: dict[str, Any] = {
    "name": "rsteer", "symmetry": "rotation", "width": 2, "size": (8, 8), "history": 2, "scale": 0.3, "step": 0.1,
    "num_layers": 2,
}  # fmt: skip


def test_a_network_comes_back(tmp_path: Path) -> None:
    net = build_forecaster(**WORDS)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter)
    again = load_forecaster(save_forecaster(tmp_path / "net.safetensors", net, WORDS))
    seen = torch.randn(1, 2, 2, 12, 9)
    torch.testing.assert_close(again(seen), net(seen))
    assert float(again.scale) == pytest.approx(0.3)


def test_words_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the network to be saved is not what build_forecaster"):
        save_forecaster(tmp_path / "net.safetensors", build_forecaster(**WORDS), {**WORDS, "width": 3})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("cut", "is not a complete safetensors file"),
        ("bare", "has no description of a forecaster"),
        ("wrong", "is not what build_forecaster with its arguments builds"),
        ("hostile", "is not what build_forecaster with its arguments builds"),
        ("short", "is not what build_forecaster with its arguments builds"),
    ],
)
def test_other_files_are_refused(case: str, says: str, tmp_path: Path) -> None:
    path = save_forecaster(tmp_path / "net.safetensors", build_forecaster(**WORDS), WORDS)
    if case == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif case == "bare":
        save_file({"a": torch.ones(1)}, path)
    else:
        name = {"wrong": "strict", "hostile": "os.system", "short": "mlp"}[case]
        size = [8] if case == "short" else [8, 8]
        text = json.dumps({"arguments": {"name": name, "symmetry": "rotation", "width": 9, "size": size}})
        save_file({"a": torch.ones(1)}, path, metadata={"pyg_liesym.forecaster": text})
    with pytest.raises(ValueError, match=says):
        load_forecaster(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_forecaster(tmp_path / "net.safetensors")
