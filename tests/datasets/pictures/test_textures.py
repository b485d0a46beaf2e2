from __future__ import annotations

import math
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from PIL import Image
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets import Textures
from pyg_liesym.datasets.io.pictures import read_picture
from pyg_liesym.datasets.pictures.textures import TEXTURES, photograph, picture_gradients
from pyg_liesym.field.action import turn_interpolated
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import scalars

needs_photographs = pytest.mark.skipif(find_spec("skimage") is None, reason="the extra `vision` is not installed")


def every(dataset: Textures) -> Data:
    return next(iter(DataLoader(dataset, len(dataset))))


@needs_photographs
def test_windows_are_where_they_belong_and_of_one_brightness() -> None:
    columns = {}
    for split in ("train", "val", "test"):
        windows = every(Textures(split, count=30))
        assert windows.x.shape == (90, 1, 12, 12)
        assert torch.bincount(windows.y).tolist() == [30] * len(TEXTURES)
        columns[split] = windows.place[:, 1]
        inside = windows.x[0, 0] != 0
        assert float(inside.sum()) == pytest.approx(math.pi * 36, rel=0.05)
        assert torch.allclose(windows.x[:, 0, inside].mean(1), torch.zeros(90), atol=1e-3)
        assert torch.allclose(windows.x[:, 0, inside].square().mean(1), torch.ones(90), atol=1e-4)
    reach = 6 * 2 * math.sqrt(2)
    assert float(columns["train"].max()) + reach < float(columns["val"].min()) - reach
    assert float(columns["val"].max()) + reach < float(columns["test"].min()) - reach


@needs_photographs
def test_a_turned_set_is_turned_by_its_angles() -> None:
    upright, turned = (every(Textures("test", count=30, turn=turn, size=20, seed=4)) for turn in (0.0, math.pi))
    one = scalars(PointGroup.cyclic(1), 1)
    # Places are drawn before angles, of the first texture alike.
    assert torch.equal(upright.place[:30], turned.place[:30])

    def apart(sign: float) -> float:
        pairs = zip(turned.x[:30], sign * turned.angle[:30], strict=True)
        back = torch.cat([turn_interpolated(x[None], one, float(angle)) for x, angle in pairs])
        middle = slice(5, 15)
        gap = (back - upright.x[:30])[..., middle, middle]
        return float(gap.square().mean() / upright.x[:30, :, middle, middle].square().mean())

    assert apart(-1.0) < 0.1
    assert apart(1.0) > 0.5


def test_gradients_turn_with_the_picture_and_stretch_with_it() -> None:
    y, x = np.mgrid[0:64, 0:64].astype(float)
    picture = 0.3 * x - 0.1 * y  # up is the other way than rows
    vectors, blocks = picture_gradients(picture, 200)
    assert torch.allclose(vectors, torch.tensor([0.3, 0.1], dtype=torch.float64).expand_as(vectors))
    assert len(torch.unique(blocks)) == 4
    turned, _ = picture_gradients(np.rot90(picture).copy(), 200)
    assert torch.allclose(turned, torch.tensor([-0.1, 0.3], dtype=torch.float64).expand_as(turned))
    squeezed, _ = picture_gradients(picture[::2], 200)
    assert torch.allclose(squeezed, torch.tensor([0.3, 0.2], dtype=torch.float64).expand_as(squeezed))


@needs_photographs
def test_a_tilt_takes_heights_alone() -> None:
    flat, tilted = photograph("gravel"), photograph("gravel", math.pi / 3)
    assert flat.shape == (512, 512)
    assert tilted.shape == (256, 512)
    spread = [picture_gradients(each, 20_000)[0].square().mean(0) for each in (flat, tilted)]
    ratios = spread[1] / spread[0]
    assert float(ratios[0]) == pytest.approx(1.0, abs=0.1)
    assert 2.5 < float(ratios[1]) < 4.0  # four times, but for what central differences lose of half the pixels


@needs_photographs
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"split": "all"}, "expected `split` to be one of"),
        ({"tilt": 1.6}, "from 0 to below π/2, got 1.6"),
        ({"turn": -0.1}, "from 0 to π, got -0.1"),
        ({"spacing": 9.0}, "no window of half a side 55 fits"),
    ],
)
def test_what_is_refused(arguments: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Textures(**{"split": "test", **arguments})  # type: ignore[arg-type]


def test_pictures_are_read_as_grey_levels(tmp_path) -> None:
    Image.fromarray(np.array([[0, 51], [255, 0]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").tolist() == [[0.0, 0.2], [1.0, 0.0]]
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"b.png is not a complete picture file"):
        read_picture(tmp_path / "b.png")
    with pytest.raises(FileNotFoundError, match="there is no picture"):
        read_picture(tmp_path / "c.png")
    with pytest.raises(ValueError, match="expected one of the textures brick, grass, gravel, got 'sand'"):
        photograph("sand")  # type: ignore[arg-type]
