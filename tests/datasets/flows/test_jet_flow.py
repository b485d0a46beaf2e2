from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pyg_liesym.datasets import JetFlow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three sub-regions in the authors' layout; their numbers are not in the order of the alphabet."""
    (tmp_path / "raw").mkdir()
    for number, frames in ((2, 40), (10, 42), (1, 40)):
        values = torch.arange(frames).view(-1, 1, 1, 1) + torch.arange(62.0).view(62, 1) / 100
        torch.save(1000.0 * number + values.expand(frames, 2, 62, 23), tmp_path / "raw" / f"jet_{number}.pt")
    return tmp_path


def test_windows_of_sub_regions(root: Path) -> None:
    dataset = JetFlow(str(root), history=4, horizon=2)
    assert dataset.velocity.shape == (3, 40, 2, 62, 23)
    assert (dataset.velocity[:, 0, 0, 0, 0] // 1000).tolist() == [1, 2, 10]
    item = dataset[3]
    assert (item.x.shape, item.y.shape, item.simulation, item.frame) == ((1, 4, 2, 62, 23), (1, 2, 2, 62, 23), 0, 7)
    assert item.x[0, :, 0, 0, 0].tolist() == [1003, 1004, 1005, 1006]
    assert item.y[0, :, 1, 0, 0].tolist() == [1007, 1008]


def test_splits_follow_one_another(root: Path) -> None:
    begins = {
        split: JetFlow(str(root), split, history=4, horizon=2).windows[:, 1].unique().tolist()  # type: ignore[arg-type]
        for split in ("train", "val", "test")
    }
    assert begins == {"train": list(range(4, 28)), "val": list(range(28, 34)), "test": list(range(34, 39))}


def test_rows_can_be_turned_over_and_have_their_own_cache(root: Path) -> None:
    down = JetFlow(str(root), history=1, horizon=1)
    up = JetFlow(str(root), history=1, horizon=1, rows_upwards=True)
    assert torch.equal(up.velocity, down.velocity.flip(-2))
    (root / "raw" / "jet_10.pt").unlink()
    assert len(JetFlow(str(root), history=1, horizon=1).velocity) == 2


def test_foreign_files_are_named(root: Path) -> None:
    torch.save(torch.zeros(40, 2, 23, 62), root / "raw" / "jet_7.pt")
    with pytest.raises(ValueError, match=r"jet_7.pt: expected a tensor \[T, 2, 62, 23\].*got \[40, 2, 23, 62\]"):
        JetFlow(str(root))


def test_wrong_arguments(tmp_path: Path, root: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no \.pt file in .*one file a sub-region"):
        JetFlow(str(tmp_path / "empty"))
    with pytest.raises(ValueError, match="'val', 'test'"):
        JetFlow(str(root), "future")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no window of 10 \\+ 20 frames"):
        JetFlow(str(root), "test", horizon=20)
