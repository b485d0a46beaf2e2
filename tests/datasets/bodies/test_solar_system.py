import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.datasets import SolarSystem
from pyg_liesym.datasets.io.ephemeris import BODIES, Ephemeris, find_ephemeris
from pyg_liesym.discovery import DiscoveredSymmetry
from pyg_liesym.discovery.evidence.moments import Moments
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.lie import LieAlgebra

pytest.importorskip("jplephem")
needs_ephemeris = pytest.mark.skipif(find_spec("skyfield_data") is None, reason="the extra `solar` is not installed")

DAY, J2000, AU, GM = 86400.0, 2451545.0, 149_597_870.7, 2.959e-4
DAYS, INTERVAL, DEGREE = 480, 16.0, 13


def orbit(number, days):
    """Kilometres on a circle around the Sun, of another radius and plane for each planet."""
    if number == 10:
        return np.zeros((3, len(days)))
    radius, tilt = 0.4 + 0.3 * number, 0.07 * (number - 4)
    phase = np.sqrt(GM / radius**3) * days + number
    flat = radius * AU * np.stack([np.cos(phase), np.sin(phase), 0 * phase])
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return turn @ flat


def polynomials(number):
    """Chebyshev coefficients of one segment, as SPK lays out type 2."""
    records = []
    for start in np.arange(0, DAYS, INTERVAL):
        nodes = np.cos(np.pi * (np.arange(40) + 0.5) / 40)
        values = orbit(number, start + INTERVAL * (nodes + 1) / 2)
        fitted = np.polynomial.chebyshev.chebfit(nodes, values.T, DEGREE)
        records.append(np.concatenate([[(start + INTERVAL / 2) * DAY, INTERVAL / 2 * DAY], fitted.T.ravel()]))
    size = len(records[0])
    return np.concatenate([*records, [0.0, INTERVAL * DAY, size, len(records)]])


@pytest.fixture
def spk(tmp_path):
    """Writes an ephemeris of 480 days after J2000 in the layout of DE421."""
    from jplephem.daf import DAF

    def spk(numbers=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)):
        path = tmp_path / "tiny.bsp"
        head = struct.pack(
            "<8sII60sIII8s603s28s297s", b"DAF/SPK ", 2, 6, b"tiny".ljust(60), 2, 2, 385, b"LTL-IEEE", bytes(603),
            b"FTPSTR:\r:\n:\r\n:\r\x00:\x81:\x10\xce:ENDFTP", bytes(297),
        )  # fmt: skip
        path.write_bytes(head + bytes(1024) + b" " * 1024)
        with path.open("r+b") as file:
            daf = DAF(file)
            for number in numbers:
                daf.add_array(b"tiny", (0.0, DAYS * DAY, number, 0, 1, 2, 0, 0), polynomials(number))
        return path

    return spk


def test_states_are_those_of_the_orbits(spk):
    dates = J2000 + np.array([3.0, 100.3, 476.0])
    with Ephemeris(spk()) as ephemeris:
        states = ephemeris.states(dates)
    for place, number in enumerate((10, 1, 2, 3, 4, 5, 6, 7, 8, 9)):
        expected = orbit(number, dates - J2000).T / AU
        np.testing.assert_allclose(states.pos[:, place], expected, atol=1e-9)
        if number < 10:
            radius = 0.4 + 0.3 * number
            np.testing.assert_allclose(states.acc[:, place], -GM / radius**3 * expected, rtol=1e-4, atol=1e-9)
            np.testing.assert_allclose((states.vel[:, place] ** 2).sum(-1), GM / radius, rtol=1e-6)


def test_graphs_and_splits(spk, tmp_path):
    path = spk()
    parts = {name: SolarSystem(str(tmp_path), name, num_dates=20, path=path) for name in ("train", "val", "test")}
    assert parts["train"].date.max() < parts["val"].date.min()
    assert parts["val"].date.max() < parts["test"].date.min()
    item = parts["train"][3]
    assert (item.pos.shape, item.vel.shape, item.y.shape, item.edge_index.shape) == ((10, 3), (10, 3), (10, 3), (2, 90))
    assert item.x.argmax(1).tolist() == list(range(len(BODIES)))
    again = SolarSystem(None, "train", num_dates=20, path=path)
    assert torch.equal(again.pos, parts["train"].pos)
    assert not torch.equal(again.pos, SolarSystem(None, "train", num_dates=20, seed=1, path=path).pos)


def test_pulls_need_no_metric(spk):
    """In skew coordinates k is the same number, and k^(-2/3) the quadratic form that belongs to them."""
    dataset = SolarSystem(None, num_dates=200, path=spk())
    r, k = dataset.pulls(BODIES[1:])
    assert torch.allclose(k ** (-2 / 3), r.square().sum(1) / GM ** (2 / 3), rtol=1e-4)
    skew = torch.tensor([[1.0, 0.3, 0.0], [0.0, 1.2, -0.5], [0.1, 0.0, 0.8]])
    dataset._data.pos, dataset._data.y = dataset._data.pos @ skew.mT, dataset._data.y @ skew.mT
    moved, same = dataset.pulls(BODIES[1:])
    assert torch.allclose(moved, r @ skew.mT.double(), atol=1e-5)
    assert torch.allclose(same, k, rtol=1e-5)


def test_bad_input(spk, tmp_path):
    path = spk()
    with pytest.raises(ValueError, match="expected `split` to be one of"):
        SolarSystem(split="all", path=path)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one date or more"):
        SolarSystem(num_dates=0, path=path)
    with pytest.raises(ValueError, match=r"expected some of Mercury, .*, got \['Vulcan'\]"):
        SolarSystem(num_dates=2, path=path).pulls(["Vulcan"])
    with Ephemeris(path) as ephemeris, pytest.raises(ValueError, match="expected dates from"):
        ephemeris.states(np.array([J2000 - 5]))
    with pytest.raises(FileNotFoundError, match="there is no ephemeris"):
        Ephemeris(tmp_path / "none.bsp")
    (tmp_path / "noise.bsp").write_bytes(b"noise" * 1000)
    with pytest.raises(ValueError, match="is not a complete SPK file"):
        Ephemeris(tmp_path / "noise.bsp")


def test_a_missing_body_is_named(spk):
    with pytest.raises(ValueError, match="has no Pluto about the barycentre"):
        Ephemeris(spk((1, 2, 3, 4, 5, 6, 7, 8, 10)))


def test_without_the_package(monkeypatch):
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(ImportError, match=r"pip install 'pyg-liesym\[solar\]'"):
        find_ephemeris()


@needs_ephemeris
def test_rotations_in_the_real_solar_system():
    """The quadric of the first decades is kept by so(3) to a tenth of a degree, and later decades certify that."""
    r, k = SolarSystem(num_dates=500).pulls()
    quadric = Relations(Moments.of(r, (k / GM) ** (-2 / 3), output="scalar")).form()
    found = LieAlgebra.preserving(quadric)
    assert float(found.principal_angles(LieAlgebra.rotation(3)).max().rad2deg()) < 0.1
    later, pull = SolarSystem(split="test", num_dates=500).pulls()
    y = (pull / GM) ** (-2 / 3)
    support = DiscoveredSymmetry.of(found).certify(later, y, output="scalar").findings[1]
    assert (support.claim.question, support.claim.status) == ("support", "certified")
    stretched = found.conjugate(torch.diag(torch.tensor([1.0, 1.0, 1.01], dtype=torch.float64)))
    assert DiscoveredSymmetry.of(stretched).certify(later, y, output="scalar").findings[1].claim.status == "refuted"
    assert Path(find_ephemeris()).exists()
