from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets import Digits
from pyg_liesym.datasets.io.pictures import find_digits, read_digits
from pyg_liesym.datasets.pictures.reading import read_turned
from pyg_liesym.field.action import turn_interpolated
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import scalars
from pyg_liesym.transforms import GridToGraph


def every(dataset: Digits) -> Data:
    return next(iter(DataLoader(dataset, len(dataset))))


def test_the_digits_of_scikit_learn_in_their_order() -> None:
    from sklearn.datasets import load_digits

    theirs = load_digits()
    pictures, labels = read_digits(find_digits())
    assert np.array_equal(pictures * 16, theirs.images)
    assert np.array_equal(labels, theirs.target)
    parts = [every(Digits(split, size=12)) for split in ("train", "val", "test")]
    assert [len(part.y) for part in parts] == [1000, 250, 547]
    assert torch.cat([part.y for part in parts]).tolist() == theirs.target.tolist()
    # Twelve pixels a side are those of the file, in a frame of paper two wide.
    upright = torch.cat([part.x for part in parts])[:, 0]
    assert torch.allclose(upright[:, 2:10, 2:10].double(), torch.from_numpy(pictures), atol=1e-6)
    assert float(upright[:, :2].abs().max()) < 1e-6


def test_a_turned_set_is_turned_by_its_angles() -> None:
    upright, turned = every(Digits("val")), every(Digits("val", turn=math.pi))
    assert turned.y.tolist() == upright.y.tolist()
    assert float(turned.angle.abs().max()) > 3
    one = scalars(PointGroup.cyclic(1), 1)

    def apart(sign: float) -> float:
        angles = sign * turned.angle
        back = [turn_interpolated(x[None], one, float(a)) for x, a in zip(turned.x, angles, strict=True)]
        return float((torch.cat(back) - upright.x).square().mean() / upright.x.square().mean())

    # Twice interpolated digits differ a little; turned the wrong way, as much as digits do from each other.
    assert apart(-1.0) < 0.05
    assert apart(1.0) > 0.5
    small = every(Digits("val", turn=0.3))
    assert 0.25 < float(small.angle.abs().max()) <= 0.3


def test_quarter_turns_are_exact() -> None:
    picture = np.random.default_rng(0).normal(size=(9, 9))
    middle, angles = np.full((4, 2), 4.0), np.arange(4) * np.pi / 2
    for size, spacing in ((5, 1.0), (6, 0.7)):
        turned = read_turned(picture, middle, angles, size, spacing)
        for k in range(4):
            assert torch.allclose(turned[k], torch.rot90(turned[0], k, (-2, -1)), atol=1e-5)
    assert torch.allclose(read_turned(picture, middle[:1], angles[:1], 9, 1.0)[0, 0].double(), torch.tensor(picture))


def test_angles_follow_from_the_seed_and_graphs_from_the_grid() -> None:
    first, again, other = (Digits("val", turn=1.0, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first[3].x, again[3].x)
    assert not torch.equal(every(first).angle, every(other).angle)
    graph = GridToGraph(3)(Data(x=first[3].x[0], y=first[3].y))
    assert graph.pos.shape == (144, 2)
    assert int(graph.y) == int(first[3].y)


def test_what_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="expected `split` to be one of"):
        Digits("all")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="from 0 to π, got 4"):
        Digits("val", turn=4.0)
    with pytest.raises(ValueError, match="a row and a column for each of 3 angles"):
        read_turned(np.zeros((3, 3)), np.zeros((2, 2)), np.zeros(3), 3, 1.0)
    for name, text, says in (("short", "1,2,3\n", "got 3 numbers"), ("bad", "1,x\n", "not a complete digits file")):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()))
        with pytest.raises(ValueError, match=says):
            Digits("train", path=path)
