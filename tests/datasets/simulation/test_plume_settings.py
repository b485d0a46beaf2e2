from __future__ import annotations

import numpy as np
import pytest

from pyg_liesym.datasets.simulation.plume_settings import Plumes, plume_batches

ONE = {"inflow": np.array([[8.0, 4.0]]), "buoyancy": np.array([[0.0, 0.1]]), "resolution": (16, 16)}


def test_numbers_of_plumes_and_batches() -> None:
    sizes = {name: [len(batch) for batch in plume_batches(name, 8)] for name in ("translation", "rotation", "graded")}
    assert sizes == {"translation": [35], "rotation": [36], "graded": [40]}
    assert [len(batch) for batch in plume_batches("scale", 8)] == [1] * 38


def test_translation_has_more_buoyancy_on_the_right() -> None:
    [batch] = plume_batches("translation", 32)
    assert batch.inflow[[0, 1, 5]].tolist() == [[8, 5], [8, 10], [16, 5]]
    left, right = batch.buoyancy[:, :, :, :16], batch.buoyancy[:, :, :, 16:]
    assert np.unique(left[:, 1]).tolist() == [0.1]
    assert np.unique(right[:, 1]).tolist() == [0.2]
    assert not batch.buoyancy[:, 0].any()


@pytest.mark.parametrize("setting", ["rotation", "graded"])
def test_sides_are_quarter_turns_of_one_another(setting: str) -> None:
    [batch] = plume_batches(setting, 16)
    middle = np.array([32.0, 32.0])
    strength = np.linalg.norm(batch.buoyancy, axis=1)
    inwards = batch.buoyancy / strength[:, None]
    np.testing.assert_allclose(batch.inflow, middle - 27 * inwards, atol=1e-12)
    turned = np.stack([-inwards[:-1, 1], inwards[:-1, 0]], axis=1)
    np.testing.assert_allclose(inwards[1:], turned, atol=1e-12)
    expected = (
        0.025 * np.arange(1, 37)
        if setting == "rotation"
        else [0.005 * (1 + j * m) for j in range(10) for m in range(4)]
    )
    np.testing.assert_allclose(strength, expected)


def test_winds_blow_along_x() -> None:
    [wind], [shear] = plume_batches("wind", 16), plume_batches("shear", 16)
    assert wind.wind is not None
    assert shear.wind is not None
    assert wind.wind.tolist() == [2.0, 0.0]
    strength = np.linalg.norm(wind.buoyancy, axis=1)
    np.testing.assert_allclose(strength, [0.1 + 0.05 * j for j in range(9) for _ in range(4)])
    assert not shear.wind[1].any()
    np.testing.assert_allclose(shear.wind[0, :, 3], np.linspace(5.625, -5.625, 16))  # row 0 is the uppermost
    np.testing.assert_array_equal(shear.inflow, plume_batches("translation", 16)[0].inflow)


def test_scale_enlarges_one_problem() -> None:
    batches = plume_batches("scale", 32)
    np.testing.assert_allclose([batch.factor for batch in batches], 1 + np.arange(38) / 10)
    assert {(*batch.inflow[0], *batch.buoyancy[0], batch.radius) for batch in batches} == {(32.0, 5.0, 0.0, 0.1, 5.0)}


def test_the_box_is_the_same_at_any_resolution() -> None:
    assert {plume_batches("rotation", resolution)[0].size for resolution in (16, 32, 64)} == {(64.0, 64.0)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inflow": np.array([[17.0, 4.0]])}, r"inside the box of 16 × 16.*17"),
        ({"inflow": np.array([[np.nan, 4.0]])}, "inside the box"),
        ({"inflow": np.zeros((0, 2)), "buoyancy": np.zeros((0, 2))}, r"inflow must be \[plumes, 2\]"),
        ({"buoyancy": np.zeros((2, 2))}, r"of 1 plumes must be \[1, 2\].*got \[2, 2\]"),
        ({"buoyancy": np.zeros((1, 2, 16, 16)), "factor": 2.0}, "cannot be enlarged"),
        ({"wind": np.zeros((2, 16, 16)), "factor": 2.0}, "cannot be enlarged"),
        ({"fading": 1.5}, "fading must be between 0 and 1, got 1.5"),
        ({"wind": np.zeros((1, 2))}, r"wind must be a vector \[2\].*got \[1, 2\]"),
        ({"radius": 0.0}, "radius must be positive, got 0"),
        ({"resolution": (16, 2)}, "4 or more"),
    ],
)
def test_bad_plumes(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plumes(**{**ONE, **change})


def test_bad_settings() -> None:
    with pytest.raises(ValueError, match=r"'rotation'.*got 'rotations'"):
        plume_batches("rotations")
    with pytest.raises(ValueError, match="at least 4"):
        plume_batches("graded", 2)
