from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
import torch

from pyg_liesym.datasets import RayleighBenard
from pyg_liesym.datasets.simulation import Convection

SPLITS = ("train", "val", "test")
SMALL = {
    "convection": Convection(1e5, rows=8, seeds=(0, 1, 2, 3)),
    "frames": 9,
    "interval": 0.1,
    "start": 0.0,
    "history": 2,
    "horizon": 1,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("convection"))


def test_patches_are_pieces_of_one_box(root: str) -> None:
    data = RayleighBenard(root, **SMALL)  # type: ignore[arg-type]
    assert data.velocity.shape == (28, 9, 2, 8, 8)
    item = data[0]
    assert (item.x.shape, item.y.shape) == ((1, 2, 2, 8, 8), (1, 1, 2, 8, 8))
    # Across the borders the flow goes on: neighbouring columns differ no more there than within.
    box = torch.cat(list(data.velocity[7:14]), -1)[-1]
    steps = box.diff(dim=-1).square().mean((0, 1))
    assert steps[7::8].mean() < 3 * steps.mean()
    assert box[1].abs().max() > 0.01
    # Without divergence in the whole box: what flows through a column of cells is nothing.
    assert box[0].mean(0).abs().max() < 1e-6
    assert [path.name for path in Path(root, "raw").iterdir()] == [Path(data.processed_paths[0]).stem]


def test_splits_share_no_box(root: str) -> None:
    parts = [RayleighBenard(root, split, **SMALL) for split in SPLITS]  # type: ignore[arg-type]
    shown = [{int(item.simulation) for item in part} for part in parts]
    assert shown == [set(range(14)), set(range(14, 21)), set(range(21, 28))]
    assert all(len(part) == 7 * len(boxes) for part, boxes in zip(parts, shown, strict=True))
    boxes = parts[0].velocity.view(4, -1)
    assert all(float((boxes[a] - boxes[b]).norm()) > 0.5 * float(boxes[a].norm()) for a, b in combinations(range(4), 2))
    other = RayleighBenard(root, **{**SMALL, "convection": Convection(1e5, rows=8, seeds=(4, 5, 6, 7))})  # type: ignore[arg-type]
    assert float((other.velocity.view(4, -1) - boxes).norm(dim=1).min()) > 0.5 * float(boxes.norm(dim=1).min())


def test_the_authors_file(tmp_path: Path) -> None:
    """[T, 2, 256, 1792]: every fourth row and column, seven patches."""
    (tmp_path / "raw").mkdir()
    rows, columns = torch.arange(256.0)[:, None], torch.arange(1792.0)
    frames = torch.arange(6.0).view(-1, 1, 1, 1) * torch.tensor([1.0, -1.0]).view(2, 1, 1)
    torch.save(frames + (1000 * rows + columns), tmp_path / "raw" / "rbc_data.pt")
    data = RayleighBenard(str(tmp_path), history=1, horizon=1, published=True)
    assert data.velocity.shape == (7, 6, 2, 64, 64)
    begins = {
        split: RayleighBenard(str(tmp_path), split, history=1, horizon=1, published=True)
        .windows[:, 1]
        .unique()
        .tolist()
        for split in SPLITS
    }
    assert begins == {"train": [1], "val": [3], "test": [5]}
    assert data.velocity[3, 5, :, 2, 1].tolist() == [8000 + 4 * (3 * 64 + 1) + 5, 8000 + 4 * (3 * 64 + 1) - 5]
    turned = RayleighBenard(str(tmp_path), history=1, horizon=1, published=True, rows_upwards=True)
    assert torch.equal(turned.velocity, data.velocity.flip(-2))


def test_patches_of_the_authors(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for number in (10, 2):
        torch.save(torch.full((7, 2, 64, 64), float(number)), tmp_path / "raw" / f"patch_{number}.pt")
    data = RayleighBenard(str(tmp_path), history=1, horizon=1, published=True)
    assert data.velocity[:, 0, 0, 0, 0].tolist() == [2, 10]
    torch.save(torch.zeros(7, 2, 32, 32), tmp_path / "raw" / "patch_3.pt")
    with pytest.raises(ValueError, match=r"patch_3.pt: expected a tensor \[T, 2, 64, 64\] of at least 2 frames"):
        RayleighBenard(str(tmp_path), history=1, horizon=1, published=True)


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1 / 0",)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    torch.save(_Harmful(), tmp_path / "raw" / "rbc_data.pt")
    with pytest.raises(ValueError, match=r"rbc_data.pt is not a tensor of torch.save"):
        RayleighBenard(str(tmp_path), published=True)


def test_what_is_refused(root: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="split must be one of"):
        RayleighBenard(root, "future")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no window of 10 \\+ 6 frames"):
        RayleighBenard(root, **{**SMALL, "history": 10, "horizon": 6})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected at least 3 boxes"):
        RayleighBenard(root, **{**SMALL, "convection": Convection(seeds=(0, 1))})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"whole number of square patches, got the aspect 2\.5"):
        RayleighBenard(root, convection=Convection(aspect=2.5, seeds=(0, 1, 2)))
    with pytest.raises(ValueError, match="pass published=True"):
        RayleighBenard(root, rows_upwards=True)
    with pytest.raises(FileNotFoundError, match=r"get rbc_data.pt by the link"):
        RayleighBenard(str(tmp_path / "empty"), published=True)
