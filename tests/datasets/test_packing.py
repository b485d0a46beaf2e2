from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch_geometric.data import Data

from pyg_liesym.datasets.packing import load_packed, pack, save_packed


def packed() -> tuple[Data, dict[str, torch.Tensor]]:
    return pack(
        torch.tensor([2, 3]),
        {"pos": torch.arange(10.0).view(5, 2)},
        {"y": torch.tensor([1, 0])},
        {"edge_index": torch.tensor([[0, 1, 2], [1, 2, 0]])},
        torch.tensor([1, 2]),
    )


def test_every_kind_of_feature_has_its_slices() -> None:
    _, slices = packed()
    assert {key: value.tolist() for key, value in slices.items()} == {
        "pos": [0, 2, 5],
        "y": [0, 1, 2],
        "edge_index": [0, 1, 3],
    }


def test_round_trip_leaves_no_temporary_file(tmp_path: Path) -> None:
    data, slices = packed()
    save_packed(tmp_path / "a.safetensors", data, slices)
    again, again_slices = load_packed(tmp_path / "a.safetensors")
    assert list(again_slices) == list(slices)
    assert all(torch.equal(data[key], again[key]) for key in slices)
    assert all(torch.equal(slices[key], again_slices[key]) for key in slices)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_wrong_number_of_rows_is_named() -> None:
    with pytest.raises(ValueError, match="5 rows of the node feature 'pos', got 4"):
        pack(torch.tensor([2, 3]), {"pos": torch.zeros(4, 2)}, {})
    with pytest.raises(ValueError, match="2 rows of the graph feature 'y', got 3"):
        pack(torch.tensor([2, 3]), {"pos": torch.zeros(5, 2)}, {"y": torch.zeros(3)})


def test_damage_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_packed(path, *packed())
    content = path.read_bytes()
    for damaged in (b"", content[:3], content[:100], content[:-1], b"\xff" * len(content)):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"a\.safetensors is not a complete safetensors file"):
            load_packed(path)
    save_file({"other": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"a\.safetensors is not a complete safetensors file"):
        load_packed(path)
