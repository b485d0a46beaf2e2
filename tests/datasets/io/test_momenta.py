"""Every convention names the same four-momenta."""

from __future__ import annotations

import numpy as np
import pytest

from pyg_liesym.datasets.io.momenta import CARTESIAN, axis_of, check_components, contradictions, four_momenta

RNG = np.random.default_rng(0)
MOMENTUM = RNG.normal(0, 20, (100, 3))
MASS = RNG.exponential(1, 100)
P4 = np.concatenate([np.sqrt((MOMENTUM**2).sum(1, keepdims=True) + MASS[:, None] ** 2), MOMENTUM], axis=1)
PT = np.hypot(P4[:, 1], P4[:, 2])
ALL = {**dict(zip(CARTESIAN, P4.T, strict=True)), "pt": PT, "eta": np.arcsinh(P4[:, 3] / PT), "m": MASS,
       "phi": np.arctan2(P4[:, 2], P4[:, 1]), "y": np.arctanh(P4[:, 3] / P4[:, 0])}  # fmt: skip


@pytest.mark.parametrize("across", [("px", "py"), ("pt", "phi")])
@pytest.mark.parametrize("along", ["pz", "eta", "y"])
@pytest.mark.parametrize("rest", ["E", "m"])
def test_conventions(across: tuple[str, str], along: str, rest: str) -> None:
    names = (*across, along, rest)
    check_components(names)
    values = {name: ALL[name] for name in names}
    np.testing.assert_allclose(four_momenta(values), P4, rtol=1e-11, atol=1e-10)
    axis = np.stack([ALL[name] for name in ("pt", "eta", "phi", "E")], axis=-1)
    np.testing.assert_allclose(axis_of(values), axis, rtol=1e-11, atol=1e-11)
    both = {**values, "E": ALL["E"], "m": ALL["m"]}
    assert len(contradictions(both)) == 0
    both["m"] = ALL["m"].copy()
    both["m"][[3, 50]] = 2 * ALL["E"][[3, 50]]
    if along != "y":
        assert contradictions(both).tolist() == [3, 50]


@pytest.mark.parametrize("along", ["pz", "eta", "y"])
def test_without_energy_and_mass_they_are_massless(along: str) -> None:
    p4 = four_momenta({name: ALL[name] for name in ("pt", "phi", along)})
    np.testing.assert_allclose(p4[:, 0], np.linalg.norm(p4[:, 1:], axis=1))


def test_a_negative_mass_is_that_of_a_negative_square() -> None:
    (p4,) = four_momenta({"px": np.array([5.0]), "py": np.zeros(1), "pz": np.zeros(1), "m": np.array([-3.0])})
    assert p4.tolist() == [4, 5, 0, 0]


def test_float32_stays_float32() -> None:
    values = {name: ALL[name].astype(np.float32) for name in CARTESIAN}
    assert four_momenta(values).dtype == np.float32


@pytest.mark.parametrize(
    "names",
    [(), ("E",), ("px", "py"), ("pt", "phi"), ("px", "phi", "pz"), ("px", "py", "pt", "phi", "pz"),
     ("px", "py", "pz", "eta"), ("px", "py", "pz", "M")],
)  # fmt: skip
def test_components_that_say_too_little_or_too_much(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected the components E, px, py, pz; .*, got "):
        check_components(names)
