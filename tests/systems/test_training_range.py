from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import pyg_liesym
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import open_jet_file
from pyg_liesym.datasets.jets.jet_batch import jet_batch
from pyg_liesym.datasets.jets.jet_summary import jet_quantities
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.pretrained import load_tagger, save_tagger
from pyg_liesym.systems.training_range import SeenRange, TrainingRange

SAMPLE = Path(pyg_liesym.__file__).parent / "datasets" / "samples" / "jets.root"
RANGES = {"pT": (10.0, 20.0), "mass": (0.0, 5.0), "constituents": (1.0, 2.0)}


def jets(pt: list[float]) -> JetArrays:
    """Jets of two equal massless constituents along x; of none where pt is 0."""
    rows = [[value / 2, value / 2, 0, 0] for value in pt for _ in range(2) if value]
    offsets = np.concatenate([[0], np.cumsum([2 * bool(value) for value in pt])])
    p4 = np.array(rows, np.float32).reshape(-1, 4)
    none = np.full(len(pt), -1)
    return JetArrays(p4, p4[:, :2], offsets, np.ones((len(pt), 4), np.float32), none)


def warning_of(*pieces: list[float]) -> str | None:
    check = TrainingRange(RANGES)
    for pt in pieces:
        check.add(jets(pt))
    return check.warning()


def test_what_is_within_is_not_spoken_of() -> None:
    assert warning_of() is None
    assert warning_of([10.0, 15.0, 0.0], [20.0], [float("nan")]) is None
    assert warning_of([15.0] * 99, [21.0]) is None
    assert TrainingRange({}).warning() is None


def test_what_is_outside_is_counted_over_all_pieces() -> None:
    said = warning_of([15.0] * 9, [21.0, 0.0, float("inf")])
    assert said is not None
    assert said.startswith("1 of 10 jets are unlike")
    assert said.endswith("pT 15 to 21 GeV (trained on 10 to 20).")
    assert "look like MeV" in str(warning_of([15e3, 12e3]))
    assert "look like MeV" not in str(warning_of([15e2, 12e2]))


@pytest.mark.parametrize("ranges", [{"E": (0.0, 1.0)}, {"pT": (2.0, 1.0)}, {"pT": (0.0, float("inf"))}])
def test_ranges_that_cannot_be(ranges: dict[str, tuple[float, float]], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected ranges of pT, mass, constituents, low before high"):
        TrainingRange(ranges)


def test_what_was_seen_is_what_the_jets_are_like() -> None:
    content = open_jet_file(SAMPLE).read(0, 60)
    seen = SeenRange()
    assert seen.ranges() == {}
    seen.add(torch.tensor([[torch.nan, 0, 0, 0]]), torch.tensor([1]), 2)
    assert seen.ranges() == {}
    for start in range(0, 60, 20):
        batch = jet_batch(content.select(np.arange(start, start + 20)))
        seen.add(batch.p4, batch.batch, batch.num_graphs)
    found, expected = seen.ranges(), jet_quantities(content)
    expected["constituents"] = content.counts
    for name, (low, high) in found.items():
        assert (low, high) == pytest.approx((expected[name].min(), expected[name].max()), rel=1e-6)
    assert SeenRange(found).ranges() == found
    check = TrainingRange(found)
    check.add(content)
    assert check.warning() is None
    with_more = SeenRange(found)
    with_more.add(torch.tensor([[1e6, 1e6, 0, 0]]), torch.tensor([0]), 1)
    assert with_more.ranges()["pT"] == (found["pT"][0], 1e6)


def test_a_tagger_keeps_its_ranges(tmp_path: Path) -> None:
    arguments = {"name": "liegnn-fast", "hidden_channels": 8}
    torch.manual_seed(0)
    net = build_tagger(**arguments)
    path = tmp_path / "a.safetensors"
    save_tagger(path, net, "build_tagger", arguments, classes=("a", "b"), ranges=RANGES)
    assert load_tagger(path).ranges == RANGES
    save_tagger(path, net, "build_tagger", arguments, classes=("a", "b"))
    assert load_tagger(path).ranges == {}
    with pytest.raises(ValueError, match="got pT: 2, 1"):
        save_tagger(path, net, "build_tagger", arguments, classes=("a", "b"), ranges={"pT": (2, 1)})
