from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.kepler import Ellipse, fitted, newton, osculating
from pyg_liesym.cli.reproduce.rolling import Curves, complete_edges
from pyg_liesym.cli.reproduce.solar_system import SolarSystemForecast
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")
needs_ephemeris = pytest.mark.skipif(
    find_spec("skyfield_data") is None or find_spec("jplephem") is None, reason="the extra `solar` is not installed"
)
ELEMENTS = np.array([0.3, 0.2, 0.4, 1.0, 2.0, 0.5, -0.45])
TIMES = np.linspace(0.0, 12.0, 60)


def motion(orbit: Ellipse, time: float, h: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    before, here, after = orbit.at(np.array([time - h, time, time + h]))
    return here, (after - before) / (2 * h)


def test_an_ellipse_solves_newtons_law_of_two_bodies() -> None:
    orbit = Ellipse(ELEMENTS)
    strength = float(np.exp(2 * ELEMENTS[6] + 3 * ELEMENTS[0]))  # Kepler's third law
    pos, vel = motion(orbit, 0.0)
    # The planet has a fifth of the mass.
    masses = strength * np.array([5 / 6, 1 / 6])
    states = [np.stack([-part / 6, 5 * part / 6]) for part in (pos, vel)]
    path = newton(*states, masses, TIMES)
    np.testing.assert_allclose(path[:, 1] - path[:, 0], orbit.at(TIMES), atol=1e-6)
    np.testing.assert_allclose(osculating(pos, vel, strength).at(TIMES), orbit.at(TIMES), atol=1e-6)


def test_the_nearest_ellipse_is_found_from_another() -> None:
    truth = Ellipse(ELEMENTS)
    found = fitted(TIMES, truth.at(TIMES), Ellipse(ELEMENTS + 0.02))
    np.testing.assert_allclose(found.elements, ELEMENTS, atol=1e-8)
    assert found.period == pytest.approx(2 * np.pi / np.exp(-0.45))


def test_curves_are_what_straight_motion_lacks() -> None:
    net = SecondOrderLieGNN(5, 8, 2, metric=torch.eye(3), span=0.3, origin="zero").double()
    curves = Curves(net, 0.3, torch.linspace(0.5, 1.0, 5), torch.linspace(1.0, 2.0, 5)).double()
    pos, vel = torch.randn(2, 10, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    batch = torch.arange(2).repeat_interleave(5)
    _, answer = curves(torch.eye(5).double().repeat(2, 1), pos, complete_edges(5, 2), None, vel, batch, 2)
    torch.testing.assert_close(answer, torch.zeros_like(answer))  # a fresh network moves straight on
    later, faster = pos + 0.3 * vel + 1.0, vel + 1.0
    own = curves.of(pos, vel, later, faster)
    torch.testing.assert_close(own[:, 0], 1 / curves.bends.repeat(2))
    torch.testing.assert_close(own[:, 3], 1 / curves.pushes.repeat(2))
    torch.testing.assert_close(curves.along(pos, vel, own), (later, faster))


@needs_ephemeris
def test_what_needs_no_network_lies_in_its_order(tmp_path: Path) -> None:
    sitting = Sitting(out=tmp_path, accelerator="cpu", progress=False)
    record = run_experiment(SolarSystemForecast(SolarSystemForecast.models[:5], (0,), years=10), sitting)
    straight, period, first, ellipses, newtons = (run["numbers"] for run in record["runs"])
    found = [one["relative_10"] for one in (newtons, ellipses, first, straight)]
    assert found == sorted(found)
    assert found[0] < 1e-4 < found[1]
    assert found[2] < 0.01 < found[3]
    assert period["Jupiter_10"] < 0.05
    assert period["Neptune_10"] is None  # 165 years ago there was no ephemeris


@needs_ephemeris
def test_networks_learn_from_earlier_decades_alone(tmp_path: Path) -> None:
    sitting = Sitting(out=tmp_path, accelerator="cpu", progress=False)
    small = {"years": 5, "starts": 3, "num_dates": 500, "epochs": 40, "hidden": 8, "num_steps": 1}
    models = ("straight", "second-order, J = I", "second-order, J found")
    record = run_experiment(SolarSystemForecast(models, (0,), **small), sitting)  # type: ignore[arg-type]
    straight, *networks = (run["numbers"] for run in record["runs"])
    for own in networks:
        assert own["relative_5"] < 0.5 * straight["relative_5"]
    # The form of the orbits is that of space.
    assert networks[1]["step_test_mse"] == pytest.approx(networks[0]["step_test_mse"], rel=0.2)
    assert (tmp_path / "planets.png").exists()


def test_refuses_what_there_is_not() -> None:
    with pytest.raises(ValueError, match="there is no model 'ptolemy'"):
        list(SolarSystemForecast(("ptolemy",)).jobs())
