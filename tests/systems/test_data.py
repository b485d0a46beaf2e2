from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import save_jets
from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES
from pyg_liesym.systems.data import ChargedParticlesData, JetsData, OrbitsData, VectorData, load_vectors
from pyg_liesym.systems.streaming_data import StreamingJetData

SAMPLE = Path(__file__).parents[2] / "pyg_liesym" / "datasets" / "samples" / "jets.root"


def test_jets_of_the_sample() -> None:
    data = JetsData(max_constituents=4, batch_size=8)
    batch = next(iter(data.train_dataloader()))
    assert batch.num_graphs == 8
    assert batch.p4.shape[1] == 4
    assert int(batch.ptr.diff().max()) <= 4
    sizes = {split: len(data.dataset(split)) for split in ("train", "val", "test")}
    assert sizes["train"] > sizes["test"] > sizes["val"] > 0


def test_ranks_with_less_than_a_batch_train_on_what_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    data = JetsData(max_constituents=2)
    for rank in (0, 1):
        monkeypatch.setattr("pyg_liesym.datasets.loader._rank_and_world", lambda rank=rank: (rank, 2))
        for data.batch_size, batches in ((1500, 1), (1400, 1), (700, 2), (900, 1)):  # of 1400 jets for each
            assert len(list(data.train_dataloader())) == batches


def test_jets_of_other_classes_with_columns_and_weights(tmp_path: Path) -> None:
    count = 40
    rng = np.random.default_rng(0)
    jets = JetArrays(
        np.tile(np.array([[5, 3, 0, 4]], np.float32), (count, 1)), np.zeros((count, 2), np.float32),
        np.arange(count + 1), np.ones((count, 4), np.float32), np.arange(count) % 3,
        {"part_charge": np.arange(count, dtype=np.float32)}, rng.uniform(size=count).astype(np.float32),
    )  # fmt: skip
    schema = JetSchema(("a", "b", "c"), tree="events", particle=("part_charge",), weight="weight")
    file = save_jets(tmp_path / "jets.root", jets, schema)
    data = JetsData(
        str(file), batch_size=count, classes=["c", "b", "a"], tree="events", particle=["part_charge"], weight="weight"
    )
    batch = next(iter(data.train_dataloader()))
    number = batch.x[:, 0].long()
    assert batch.y.tolist() == (2 - number % 3).tolist()
    assert torch.equal(batch.weight, torch.from_numpy(jets.weight)[number])


@pytest.fixture
def jets_of(tmp_path: Path) -> Callable[..., str]:
    """Writes the first jets of the sample with other classes, their labels in turn."""

    def write(name: str, *classes: str) -> str:
        jets = read_jets(SAMPLE, ("QCD", "Tbqq")).select(np.arange(40))
        jets = replace(jets, label=np.arange(40) % len(classes))
        return str(save_jets(tmp_path / name, jets, JetSchema(classes)))

    return write


@pytest.mark.parametrize("kind", [JetsData, StreamingJetData])
def test_files_name_their_classes(
    kind: type[JetsData | StreamingJetData], tmp_path: Path, jets_of: Callable[..., str]
) -> None:
    assert kind().schema.classes == kind(jets_of("turned.root", "Tbqq", "QCD")).schema.classes == ("QCD", "Tbqq")
    three = jets_of("three.root", "W", "Z", "H")
    assert kind(three).schema.classes == kind(jets_of("three.h5", "W", "Z", "H")).schema.classes == ("W", "Z", "H")
    assert kind(three, classes=["H", "W", "Z"]).schema.classes == ("H", "W", "Z")
    assert kind(three, jet_labels={7: "W", 3: "Z", 5: "W"}).schema.classes == ("W", "Z")
    momenta = np.tile([10.0, 0.1, 0.2, 211.0], (40, 3, 1))
    np.savez(tmp_path / "QG_jets.npz", X=momenta, y=np.arange(40) % 2)
    data = kind(str(tmp_path / "QG_jets.npz"), batch_size=4)
    assert data.schema.classes == ("gluon", "quark")
    one = [jets_of("a.h5", "QCD"), jets_of("b.h5", "Tbqq")]
    assert kind(one).schema.classes == ("QCD", "Tbqq")
    assert len(list(kind(one, batch_size=8).train_dataloader())) == 7  # of 70 % of 80 jets


@pytest.mark.parametrize("kind", [JetsData, StreamingJetData])
def test_a_checkpoint_names_the_classes(
    kind: type[JetsData | StreamingJetData], tmp_path: Path, jets_of: Callable[..., str]
) -> None:
    three = jets_of("three.root", "W", "Z", "H")
    state = kind(three, classes=["H", "W", "Z"]).state_dict()
    assert state == {"classes": ["H", "W", "Z"]}
    gone = kind(str(tmp_path / "gone.root"))
    gone.load_state_dict(state)
    assert gone.schema.classes == ("H", "W", "Z")
    seen = kind(three)
    assert seen.schema.classes == ("W", "Z", "H")
    seen.load_state_dict(state)
    assert seen.schema.classes == ("H", "W", "Z")
    asked = kind(three, classes=["Z", "W", "H"])
    asked.load_state_dict(state)
    asked.load_state_dict({})
    assert asked.schema.classes == ("Z", "W", "H")


def test_orbits_are_one_step_pairs() -> None:
    data = OrbitsData(num_orbits=2, batch_size=1000, seed=3)
    batch = next(iter(data.train_dataloader()))
    x, _ = one_step_pairs(simulate_orbits("two_body", num_orbits=2, seed=3))
    found = batch.pos.view(-1, 8)
    assert {tuple(row) for row in found.tolist()} == {tuple(row) for row in torch.from_numpy(x).float().tolist()}


def test_charged_particles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "charged", replace(RECIPES["charged"], systems={"train": 4, "val": 2, "test": 2}))
    batch = next(iter(ChargedParticlesData(str(tmp_path), batch_size=2).predict_dataloader()))
    assert batch.pos.shape == (10, 3)


def test_arrays_are_split_in_order(tmp_path: Path) -> None:
    x = np.arange(60.0).reshape(10, 3, 2)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x + 1)
    data = VectorData(tmp_path / "x.npy", tmp_path / "y.npy", batch_size=100)
    found = torch.cat([data.dataset(split)._data.pos for split in ("train", "val", "test")])
    np.testing.assert_array_equal(found.view(10, 3, 2), x)
    assert len(data.dataset("train")) == 7


@pytest.mark.parametrize("shape", [(3, 2), (0, 2, 2)])
def test_bad_shapes_are_named(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "bad.npy", np.zeros(shape))
    with pytest.raises(ValueError, match=r"bad\.npy: expected an array \[samples, vectors, n\], got"):
        load_vectors(tmp_path / "bad.npy")


def test_bad_shares() -> None:
    with pytest.raises(ValueError, match="shares"):
        VectorData("x.npy", "y.npy", fractions=(0.9, 0.9, 0.1))
