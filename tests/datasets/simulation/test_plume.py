from __future__ import annotations

import sys
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from pyg_liesym.datasets.simulation.plume import PlumeFrames, import_phiflow, simulate_plumes
from pyg_liesym.datasets.simulation.plume_settings import Plumes
from pyg_liesym.datasets.simulation.staggered import remove_divergence

needs_phiflow = pytest.mark.skipif(find_spec("phi") is None, reason="the extra `fluids` is not installed")

SIZE, FRAMES = 12, 8
INFLOW, LIFT = np.array([4.2, 2.7]), np.array([0.03, 0.3])


def turned(vectors: np.ndarray, turns: int) -> np.ndarray:
    for _ in range(turns % 4):
        vectors = np.stack([-vectors[..., 1], vectors[..., 0]], axis=-1)
    return vectors


def simulate(inflow: np.ndarray, buoyancy: np.ndarray, frames: int = FRAMES, **options: object) -> PlumeFrames:
    options = {"resolution": (SIZE, SIZE), "radius": 1.5, **options}
    return simulate_plumes(Plumes(inflow, buoyancy, **options), frames, dtype=np.float64, progress=False)


@pytest.fixture(scope="module")
def turns() -> PlumeFrames:
    """A crooked plume, turned by 0, 1, 2 and 3 quarters, then reflected left to right."""
    middle, mirror = SIZE / 2, np.array([-1.0, 1.0])
    inflow = [*(middle + turned(INFLOW - middle, k) for k in range(4)), middle + mirror * (INFLOW - middle)]
    return simulate(np.array(inflow), np.array([*(turned(LIFT, k) for k in range(4)), mirror * LIFT]))


@needs_phiflow
def test_turned_plumes_are_turned_frames(turns: PlumeFrames) -> None:
    assert np.abs(turns.velocity[0, -1]).max() > 1
    for k in range(1, 4):
        back = np.rot90(turns.velocity[k], -k, (-2, -1))
        back = np.moveaxis(turned(np.moveaxis(back, 1, -1), -k), -1, 1)
        np.testing.assert_allclose(back, turns.velocity[0], atol=1e-10)
        np.testing.assert_allclose(np.rot90(turns.smoke[k], -k, (-2, -1)), turns.smoke[0], atol=1e-10)
    assert np.abs(np.rot90(turns.velocity[1], -1, (-2, -1)) - turns.velocity[0]).max() > 0.1


@needs_phiflow
def test_a_reflected_plume_is_reflected_frames(turns: PlumeFrames) -> None:
    reflected = turns.velocity[4, :, :, :, ::-1] * np.array([-1.0, 1.0])[:, None, None]
    np.testing.assert_allclose(reflected, turns.velocity[0], atol=1e-10)
    np.testing.assert_allclose(turns.smoke[4, ..., ::-1], turns.smoke[0], atol=1e-10)


@needs_phiflow
def test_a_wind_breaks_the_turns_unless_it_is_turned_along(turns: PlumeFrames) -> None:
    middle, wind = np.array([SIZE / 2, SIZE / 2]), np.array([0.6, 0.2])
    field = np.tile(wind[:, None, None] * np.linspace(-1, 1, SIZE), (1, SIZE, 1))  # grows to the right
    for blowing, along in ((wind, turned(wind, 1)), (field, _quarter(field))):
        straight = simulate(INFLOW[None], LIFT[None], wind=blowing).velocity[0]
        place, lift = (middle + turned(INFLOW - middle, 1))[None], turned(LIFT, 1)[None]
        np.testing.assert_allclose(simulate(place, lift, wind=along).velocity[0], _quarter(straight), atol=1e-10)
        assert np.abs(simulate(place, lift, wind=blowing).velocity[0] - _quarter(straight)).max() > 0.1
        assert np.abs(straight - turns.velocity[0]).max() > 0.1
    constant = np.tile(wind[:, None, None], (1, SIZE, SIZE))
    of_field, of_vector = (simulate(INFLOW[None], LIFT[None], wind=blowing).velocity for blowing in (constant, wind))
    np.testing.assert_allclose(of_field, of_vector, atol=1e-12)


def _quarter(vectors: np.ndarray) -> np.ndarray:
    """A quarter turn of fields [..., 2, H, W]."""
    moved = np.rot90(vectors, 1, (-2, -1))
    return np.moveaxis(turned(np.moveaxis(moved, -3, -1), 1), -1, -3)


@needs_phiflow
def test_smoke_comes_in_and_rises(turns: PlumeFrames) -> None:
    smoke = turns.smoke[0, :, 0]
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, SIZE - 0.5 - np.arange(SIZE))  # row 0 is the uppermost
    distance = np.hypot(x - INFLOW[0], y - INFLOW[1])
    assert (smoke[0, distance < 1] == 1).all()
    assert not smoke[0, distance > 2.1].any()
    assert smoke[0].sum() == pytest.approx(np.pi * 1.5**2, rel=0.05)
    np.testing.assert_allclose(smoke[:4].sum((1, 2)), smoke[0].sum() * np.arange(1, 5), rtol=0.03)
    height = (smoke * y).sum((1, 2)) / smoke.sum((1, 2))
    assert (np.diff(height)[1:] > 0).all()


@needs_phiflow
def test_smoke_fades() -> None:
    """Without buoyancy nothing moves, and what is there is a geometric series."""
    kept = simulate(INFLOW[None], np.zeros((1, 2)), fading=0.25).smoke[0]
    np.testing.assert_allclose(kept, [(1 - 0.75**k) / 0.25 * kept[0] for k in range(1, FRAMES + 1)], atol=1e-10)


@needs_phiflow
def test_the_first_step_against_its_formula() -> None:
    """From rest there is nothing to carry along: u = P(b s). On a lattice with H ≠ W, with a field of buoyancy."""
    height, width = 8, 12
    buoyancy = np.random.default_rng(0).normal(size=(1, 2, height, width))
    phi, _ = import_phiflow()
    before = phi.math.get_precision(), phi.backend.default_backend()
    result = simulate(np.array([[7.5, 5.0]]), buoyancy, 1, resolution=(height, width), rate=2.0)
    assert (phi.math.get_precision(), phi.backend.default_backend()) == before
    force = np.flip(buoyancy * result.smoke[:, 0], 2)
    u, v = (force[:, 0, :, 1:] + force[:, 0, :, :-1]) / 2, (force[:, 1, 1:] + force[:, 1, :-1]) / 2
    u, v = remove_divergence(u, v)
    u, v = np.pad(u, ((0, 0), (0, 0), (1, 1))), np.pad(v, ((0, 0), (1, 1), (0, 0)))
    expected = np.stack([u[..., 1:] + u[..., :-1], v[:, 1:] + v[:, :-1]], axis=1)[:, :, ::-1] / 2
    np.testing.assert_allclose(result.velocity[:, 0], expected, atol=1e-12)


@needs_phiflow
def test_an_enlarged_plume_is_a_finer_one_brought_back() -> None:
    inflow, lift = INFLOW[None], LIFT[None]
    enlarged = simulate(inflow, lift, 3, factor=2.0)
    fine = simulate(2 * inflow, 2 * lift, 3, radius=3.0, resolution=(2 * SIZE, 2 * SIZE))
    averaged = torch.nn.functional.interpolate(
        torch.from_numpy(fine.velocity[0]), (SIZE, SIZE), mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(enlarged.velocity[0], averaged.numpy() / 2, atol=1e-12)


@needs_phiflow
def test_the_flow_does_not_depend_on_the_unit_of_length(turns: PlumeFrames) -> None:
    result = simulate(10 * INFLOW[None], 10 * LIFT[None], 3, radius=15.0, spacing=10.0)
    np.testing.assert_allclose(result.velocity / 10, turns.velocity[:1, :3], atol=1e-12)


def test_no_divergence_is_left_and_nothing_else_is_taken() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(2, 5, 8)), rng.normal(size=(2, 4, 9))
    u, v = remove_divergence(*first)
    divergence = np.diff(u, axis=2, prepend=0, append=0) + np.diff(v, axis=1, prepend=0, append=0)
    assert np.abs(divergence).max() < 1e-12
    for once, twice in zip((u, v), remove_divergence(u, v), strict=True):
        np.testing.assert_allclose(twice, once, atol=1e-12)
    assert sum((a * (b - a)).sum() for a, b in zip((u, v), first, strict=True)) == pytest.approx(0, abs=1e-11)


@needs_phiflow
def test_projection_against_that_of_phiflow() -> None:
    phi, torch_backend = import_phiflow()
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(1, 6, 4)), rng.normal(size=(1, 5, 5))
    with warnings.catch_warnings(), torch_backend, phi.math.precision(64):
        warnings.simplefilter("ignore")
        faces = [phi.math.tensor(values[0].T, phi.math.spatial("x,y")) for values in (u, v)]
        stacked = phi.math.stack(dict(zip("xy", faces, strict=True)), phi.dual("vector"))
        grid = phi.StaggeredGrid(stacked, 0, x=5, y=6, bounds=phi.Box(x=5, y=6))
        free, _ = phi.fluid.make_incompressible(grid, (), phi.Solve("CG", 1e-13, 1e-13))
        expected = [free.values.vector.dual[axis].numpy("y,x") for axis in "xy"]
    for ours, theirs in zip(remove_divergence(u, v), expected, strict=True):
        np.testing.assert_allclose(ours[0], theirs, atol=1e-10)


def test_bad_number_of_frames() -> None:
    with pytest.raises(ValueError, match="frames must be at least 1, got 0"):
        simulate(INFLOW[None], LIFT[None], 0)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phi", None)
    monkeypatch.setitem(sys.modules, "phi.flow", None)
    with pytest.raises(ImportError, match=r'pip install "pyg-liesym\[fluids\]"'):
        simulate(INFLOW[None], LIFT[None])
