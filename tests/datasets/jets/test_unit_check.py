"""What is said of units in which jets have momenta that no collider gives them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pyg_liesym
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import open_jet_file
from pyg_liesym.datasets.jets.unit_check import UnitCheck

SAMPLE = Path(pyg_liesym.__file__).parent / "datasets" / "samples" / "jets.root"


@pytest.mark.parametrize(
    ("unit", "factor", "says"),
    [
        ("GeV", 1, None),
        ("GeV", 1e3, "100 of 100 jets have pT above 7000 GeV .* as if the file were in MeV; it is read as GeV"),
        ("TeV", 1e3, "above 7000 GeV .* as if the file were in GeV; it is read as TeV"),
        ("MeV", 1e3, r"above 7000 GeV \(.*\); it is read as MeV$"),
        ("MeV", 1e-3, "100 of 100 jets have pT below 1 GeV .* as if the file were in GeV; it is read as MeV"),
        ("GeV", 1e-3, "below 1 GeV .* as if the file were in TeV; it is read as GeV"),
        ("TeV", 1e-3, r"below 1 GeV \(.*\); it is read as TeV$"),
    ],
)
def test_jets_in_another_unit(unit: str, factor: float, says: str | None) -> None:
    jets = scaled(open_jet_file(SAMPLE).read(0, 100), factor)
    check = UnitCheck(unit)
    check.add(jets.select(np.arange(50)))
    check.add(jets.select(np.arange(50, 100)))
    warning = check.warning()
    assert warning is None if says is None else re.search(says, str(warning))


def scaled(jets: JetArrays, factor: float) -> JetArrays:
    return replace(jets, p4=jets.p4 * np.float32(factor))


def test_most_jets_must_be_so_and_nothing_is_said_of_none() -> None:
    jets = open_jet_file(SAMPLE).read(0, 100)
    check = UnitCheck("GeV")
    assert check.warning() is None
    check.add(jets)
    check.add(scaled(jets, 1e3))
    assert check.warning() is None
    check.add(scaled(jets.select(np.arange(1)), 1e3))
    assert str(check.warning()).startswith("101 of 201 jets have pT above 7000 GeV")
