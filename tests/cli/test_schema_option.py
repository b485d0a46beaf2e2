"""``--schema`` of every command that reads jets, on a file that no reader knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import torch
import uproot

import pyg_liesym
from pyg_liesym.cli.compare import _read
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.io.jet_files import find_schema, open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.score_writer import read_scores, score_writer
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.jets.streaming import StreamingJets
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.data import JetsData
from pyg_liesym.systems.pretrained import save_tagger
from pyg_liesym.systems.streaming_data import StreamingJetData

SCHEMA = JetSchema(
    tree="Events", momentum={"pt": "PF_pt", "eta": "PF_eta", "phi": "PF_phi", "m": "PF_mass"}, unit="MeV",
    jets="Jet_pt", links={"jet": "JetPF_jetIdx", "constituent": "JetPF_idx"}, label="Jet_top",
    particle=("part_charge",), columns={"part_charge": "PF_charge"},
)  # fmt: skip
NUM_JETS = 60
SAMPLE = Path(pyg_liesym.__file__).parent / "datasets" / "samples" / "jets.root"


@pytest.fixture
def nano(tmp_path: Path) -> Path:
    """Events of two jets in MeV, whose candidates stand in turn."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(4, 20, NUM_JETS // 2)
    total = int(sizes.sum())
    flat = {"pt": rng.exponential(5e4, total) + 1e4, "eta": rng.normal(0, 0.3, total), "phi": rng.normal(0, 0.3, total),
            "mass": np.full(total, 139.57), "charge": rng.integers(-1, 2, total)}  # fmt: skip
    branches = {f"PF_{name}": ak.unflatten(values.astype(np.float32), sizes) for name, values in flat.items()}
    place = ak.local_index(branches["PF_pt"])
    two = np.full(len(sizes), 2)
    branches |= {"JetPF_idx": place, "JetPF_jetIdx": place % 2, "Jet_pt": ak.unflatten(np.ones(NUM_JETS), two),
                 "Jet_top": ak.unflatten(np.arange(NUM_JETS) % 2, two)}  # fmt: skip
    with uproot.recreate(tmp_path / "nano.root") as file:
        file.mktree("Events", {name: ak.type(values).content for name, values in branches.items()}).extend(branches)
    return tmp_path / "nano.root"


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    return SCHEMA.save(tmp_path / "nano.yaml")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    arguments = {"name": "liegnn-fast", "hidden_channels": 8}
    torch.manual_seed(0)
    net = build_tagger(**arguments)
    return save_tagger(tmp_path / "model.safetensors", net, "build_tagger", arguments, classes=("a", "b"))


@pytest.mark.parametrize("suffix", [".root", ".h5", ".parquet"])
def test_scores_of_events_have_their_places(suffix: str, tmp_path: Path) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    places, scores = np.array([[0, 0], [0, 1], [3, 0]]), np.array([[0.25], [0.5], [1.0]], np.float32)
    with score_writer(tmp_path / f"a{suffix}", ["b"], events=True) as writer:
        writer.extend(scores[:2], places[:2])
        writer.extend(scores[2:], places[2:])
        with pytest.raises(ValueError, match="expected the columns"):
            writer.extend(scores)
    columns = read_scores(tmp_path / f"a{suffix}")[0]
    assert {name: column.tolist() for name, column in columns.items()} == {
        "event": [0, 0, 3], "jet": [0, 1, 0], "score_b": [0.25, 0.5, 1.0]
    }  # fmt: skip
    assert columns["event"].dtype == np.int64


def test_tag_says_which_jet_of_which_event(nano: Path, model: Path, tmp_path: Path) -> None:
    files = {}
    for name, schema in (("all", SCHEMA), ("first", replace(SCHEMA, take=1))):
        path, out = schema.save(tmp_path / f"{name}.yaml"), tmp_path / f"{name}.root"
        main(["tag", str(nano), str(out), "--schema", str(path), "--model", str(model), "--chunk-size", "7"])
        files[name] = read_scores(out)[0]
    assert list(files["all"]) == ["event", "jet", "score_a", "score_b"]
    assert files["all"]["event"].tolist() == [number // 2 for number in range(NUM_JETS)]
    assert files["all"]["jet"].tolist() == [number % 2 for number in range(NUM_JETS)]
    assert np.isfinite(files["all"]["score_b"]).all()
    assert files["first"]["event"].tolist() == list(range(NUM_JETS // 2))
    np.testing.assert_allclose(files["first"]["score_b"], files["all"]["score_b"][::2], rtol=0, atol=1e-6)
    assert np.abs(files["first"]["score_b"] - files["all"]["score_b"][1::2]).max() > 1e-4


def test_tag_of_many_files(
    nano: Path, schema: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tag", str(nano), str(tmp_path / "out"), "--schema", str(schema), "--model", str(model)]
    for said in (f"1 files, {NUM_JETS} jets scored, 0 skipped", "1 files, 0 jets scored, 1 skipped"):
        main(words)
        assert said in capsys.readouterr().out
    replace(SCHEMA, unit="GeV").save(schema)
    main(words)
    assert f"1 files, {NUM_JETS} jets scored, 0 skipped" in capsys.readouterr().out


def test_convert_keeps_the_jets(nano: Path, schema: Path, tmp_path: Path) -> None:
    jets = open_jet_file(nano, SCHEMA).read()
    for name in ("out.root", "out.h5"):
        main(["data", "convert", str(nano), str(tmp_path / name), "--schema", str(schema)])
        read = open_jet_file(tmp_path / name, JetSchema(particle=("part_charge",))).read()
        for field in ("p4", "offsets", "label"):
            np.testing.assert_array_equal(getattr(read, field), getattr(jets, field))
        np.testing.assert_array_equal(read.particle["part_charge"], jets.particle["part_charge"])


def test_classes_are_renamed(nano: Path, schema: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.root"
    main(["data", "convert", str(nano), str(out), "--schema", str(schema), "--classes", "[light, top]"])
    assert "label_light" in uproot.open(out)["tree"].keys()  # noqa: SIM118


def test_info(nano: Path, schema: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "info", str(nano), "--schema", str(schema)])
    captured = capsys.readouterr()
    assert f"{nano}: by {schema}, {NUM_JETS} jets" in captured.out
    assert "QCD 30, Tbqq 30" in captured.out
    assert captured.err == ""


def test_a_wrong_unit_is_noticed(nano: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = replace(SCHEMA, unit="GeV").save(tmp_path / "wrong.yaml")
    says = f"{NUM_JETS} of {NUM_JETS} jets have pT above 7000 GeV (pT "
    main(["data", "info", str(nano), "--schema", str(wrong)])
    assert f"liesym data info: {says}" in capsys.readouterr().err
    main(["data", "convert", str(nano), str(tmp_path / "out.h5"), "--schema", str(wrong)])
    captured = capsys.readouterr().err
    assert says in captured
    assert "as if the file were in MeV; it is read as GeV: if it is not, say `unit: MeV` in a schema" in captured
    with pytest.warns(UserWarning, match="jets have pT above 7000 GeV"):
        JetsData(str(nano), schema=str(wrong)).train_dataloader()


def test_compare_reads_by_it(nano: Path, schema: Path) -> None:
    found = _read([str(nano)], None, schema, 100)
    assert [len(found[kind]["constituents_per_jet"].value) for kind in ("qcd", "top")] == [30, 30]


def test_data_modules(nano: Path, schema: Path) -> None:
    whole = JetsData(str(nano), schema=str(schema), batch_size=7)
    stream = StreamingJetData(str(nano), schema=str(schema), batch_size=7)
    counts = [sum(batch.num_graphs for batch in data.test_dataloader()) for data in (whole, stream)]
    assert counts == [12, 12]
    batch = next(iter(whole.train_dataloader()))
    assert batch.x.shape[1] == 1
    jets = Jets(files=nano, schema=schema)
    assert jets.classes == ("QCD", "Tbqq")
    assert len(jets) == sum(batch.num_graphs for batch in StreamingJets(nano, SCHEMA, mode="exact")) == NUM_JETS


def test_a_place_in_a_stream_by_a_schema(nano: Path, schema: Path) -> None:
    words = {"batch_size": 7, "chunk_size": 5, "buffer_size": 20}
    jets, other = (StreamingJets(nano, JetSchema.load(schema), **words) for _ in range(2))
    batches = iter(jets)
    next(batches)
    other.load_state_dict(jets.state_dict())
    assert next(iter(other)).entry.tolist() == next(batches).entry.tolist()
    third = StreamingJets(nano, replace(SCHEMA, unit="GeV"), **words)
    with pytest.raises(ValueError, match="unit 'MeV' and cannot go on with unit 'GeV'"):
        third.load_state_dict(jets.state_dict())


def test_a_schema_takes_the_place_of_other_settings(nano: Path, schema: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"write \['tree'\] into it, not beside it"):
        JetsData(str(nano), schema=str(schema), tree="Events").train_dataloader()
    with pytest.raises(ValueError, match=r"write \['classes', 'weight'\] into it"):
        Jets(files=nano, schema=SCHEMA, classes=("a", "b"), weight="w")
    bare = replace(SCHEMA, label=None).save(tmp_path / "bare.yaml")
    for data in (JetsData(str(nano), schema=str(bare)), StreamingJetData(str(nano), schema=str(bare))):
        with pytest.raises(ValueError, match="a training needs the classes of jets: name their column as `label`"):
            data.train_dataloader()
    unlabelled = StreamingJetData(str(nano), predict_files=str(nano), schema=str(bare)).predict_dataloader()
    assert sum(batch.num_graphs for batch in unlabelled) == NUM_JETS


@pytest.mark.parametrize("command", [["tag"], ["data", "convert"], ["data", "info"]])
def test_a_bad_schema_is_one_sentence(
    command: list[str], nano: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("momentun: {pt: PF_pt}\n")
    out = [] if command[-1] == "info" else [str(tmp_path / "out.root")]
    with pytest.raises(SystemExit, match="2"):
        main([*command, str(nano), *out, "--schema", str(tmp_path / "bad.yaml")])
    error = capsys.readouterr().err
    assert (
        error == f"liesym {command[0]}: {tmp_path}/bad.yaml: there is no field 'momentun'; did you mean 'momentum'?\n"
    )
    assert not (tmp_path / "out.root").exists()


def test_info_proposes_a_schema(nano: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "info", str(nano), "--schema-out", str(tmp_path / "new.yaml")])
    captured = capsys.readouterr()
    assert f"{nano}: a layout that is not known; by the guess below {NUM_JETS} jets" in captured.out
    assert "\nunit: MeV  # jets have a pT of " in captured.out
    assert captured.out.endswith(f"the schema is in {tmp_path}/new.yaml\n")
    proposed = JetSchema.load(tmp_path / "new.yaml")
    assert proposed == replace(SCHEMA, label=None, particle=(), columns=None)
    with pytest.raises(SystemExit, match="2"):
        main(["data", "info", str(nano), "--schema-out", str(tmp_path / "new.yaml")])
    assert "new.yaml is there already: `--schema-out` writes the schema of one file to" in capsys.readouterr().err
    main(["data", "info", str(nano)])
    assert "--schema-out FILE.yaml\nto read by it: --schema FILE.yaml" in capsys.readouterr().out


def test_info_of_what_cannot_be_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(10, 9, 7)))
    main(["data", "info", str(tmp_path / "a.npy")])
    said = capsys.readouterr().out
    assert "a layout that is not known, with the columns array" in said
    assert "momentum:  # each of array[:, 0] to array[:, 6]; or px, py, pz, E\n  pt: ???\n" in said
    assert "unit: ???" in said


@pytest.mark.parametrize("suffix", [".root", ".h5"])
def test_the_schema_of_a_known_layout_is_written_too(suffix: str, tmp_path: Path) -> None:
    file, out = tmp_path / f"a{suffix}", tmp_path / "known.yaml"
    save_jets(file, open_jet_file(SAMPLE, JetSchema()).read(0, 20), JetSchema())
    main(["data", "info", str(file), "--schema-out", str(out)])
    assert JetSchema.load(out) == find_schema(file)[1] == JetSchema()
