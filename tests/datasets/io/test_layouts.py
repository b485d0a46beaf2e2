"""Jets in the layouts of others, read by a schema, beside four-momenta computed by hand with awkward."""

from __future__ import annotations

import pickle
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import h5py
import numpy as np
import pytest
import uproot

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import find_schema, open_jet_file, save_jets
from pyg_liesym.datasets.io.proposal import propose_schema
from pyg_liesym.datasets.io.schema import JetSchema

SHARED = Path(__file__).parents[4] / "shared" / "data"
Momenta = ak.Array  # of records E, px, py, pz in GeV, a list for each jet
Layout = tuple[Path, JetSchema, Momenta]


def drawn(num_jets: int = 40, seed: int = 0, empty: bool = True) -> ak.Array:
    """Constituents of jets with pt, eta, phi, m in float32, unsorted; a jet without any among them."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 12, num_jets)
    counts[num_jets // 2] = 0 if empty else 1
    total = int(counts.sum())
    fields = {"pt": rng.exponential(20, total) + 0.2, "eta": rng.normal(0, 1.2, total),
              "phi": rng.uniform(-np.pi, np.pi, total), "m": rng.choice([0, 0.13957, 0.93827], total)}  # fmt: skip
    return ak.zip({name: ak.unflatten(values.astype(np.float32), counts) for name, values in fields.items()})


def cartesian(parts: ak.Array, mass: Any = None) -> Momenta:
    pt, eta, phi = (ak.values_astype(parts[name], np.float64) for name in ("pt", "eta", "phi"))
    m = ak.values_astype(parts["m"], np.float64) if mass is None else mass
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return ak.zip({"E": np.sqrt(px**2 + py**2 + pz**2 + m**2), "px": px, "py": py, "pz": pz})


def by_pt(momenta: Momenta) -> ak.Array:
    order = ak.argsort(np.hypot(momenta.px, momenta.py), axis=1, ascending=False)
    return momenta[order]


def padded(lists: ak.Array, width: int, fill: float = 0) -> np.ndarray:
    return ak.to_numpy(ak.fill_none(ak.pad_none(lists, width, clip=True), fill))


def as_float32(momenta: Momenta) -> Momenta:
    return ak.values_astype(momenta, np.float32)


def in_events(parts: ak.Array, seed: int = 1) -> tuple[ak.Array, np.ndarray]:
    """Jets gathered into events of 0 to 3, and the number in each."""
    counts, rng = [], np.random.default_rng(seed)
    while sum(counts) < len(parts):
        counts.append(min(int(rng.integers(0, 4)), len(parts) - sum(counts)))
    return ak.unflatten(parts, counts), np.array(counts)


def write_tree(path: Path, tree: str, branches: dict[str, Any]) -> Path:
    arrays = {name: ak.Array(values) for name, values in branches.items()}
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: ak.type(values).content for name, values in arrays.items()}).extend(arrays)
    return path


def pf_nano_branches(parts: ak.Array) -> tuple[dict[str, Any], np.ndarray]:
    """Events whose candidates stand in any order, with some that belong to no jet, and a table of links."""
    events, counts = in_events(parts)
    rng = np.random.default_rng(2)
    candidates, jet_idx, cand_idx = [], [], []
    for event in events:
        own = ak.flatten(event)
        of = np.repeat(np.arange(len(event)), ak.to_numpy(ak.num(event)) if len(event) else [])
        place = rng.permutation(len(own) + 2)  # two more candidates
        rows = np.zeros((len(own) + 2, 4), np.float32)
        rows[:] = [1.0, 0.5, 0.5, 0.0]
        for name, column in (("pt", 0), ("eta", 1), ("phi", 2), ("m", 3)):
            rows[place[: len(own)], column] = ak.to_numpy(own[name]) if len(own) else []
        mixed = rng.permutation(len(own))  # links in any order
        candidates.append(rows)
        jet_idx.append(of[mixed].astype(np.int32))
        cand_idx.append(place[: len(own)][mixed].astype(np.int32))
    sizes = [len(rows) for rows in candidates]
    flat = np.concatenate(candidates)
    branches: dict[str, Any] = {f"PFCands_{name}": ak.unflatten(flat[:, i].copy(), sizes)
                                for i, name in enumerate(("pt", "eta", "phi", "mass"))}  # fmt: skip
    lengths = [len(index) for index in jet_idx]
    branches |= {
        "FatJetPFCands_jetIdx": ak.unflatten(np.concatenate(jet_idx), lengths),
        "FatJetPFCands_pFCandsIdx": ak.unflatten(np.concatenate(cand_idx), lengths),
        "FatJet_pt": ak.unflatten(np.arange(counts.sum(), dtype=np.float32), counts),
        "FatJet_nConstituents": ak.unflatten(ak.to_numpy(ak.num(parts)).astype(np.int32), counts),
        "FatJet_hadronFlavour": ak.unflatten((5 * (np.arange(counts.sum()) % 2)).astype(np.int32), counts),
        "genWeight": np.arange(len(counts), dtype=np.float32),
    }
    return branches, counts


NANO = {"pt": "PFCands_pt", "eta": "PFCands_eta", "phi": "PFCands_phi", "m": "PFCands_mass"}
LINKS = {"jet": "FatJetPFCands_jetIdx", "constituent": "FatJetPFCands_pFCandsIdx"}


def pf_nano(folder: Path) -> Layout:
    parts = drawn()
    branches, _ = pf_nano_branches(parts)
    schema = JetSchema(("light", "b"), {0: "light", 5: "b"}, tree="Events", momentum=NANO, jets="FatJet_pt",
                       links=LINKS, count="FatJet_nConstituents", label="FatJet_hadronFlavour",
                       weight="genWeight")  # fmt: skip
    return write_tree(folder / "nano.root", "Events", branches), schema, cartesian(parts)


def pf_nano_rntuple(folder: Path) -> Layout:
    parts = drawn(seed=3)
    branches, counts = pf_nano_branches(parts)
    with uproot.recreate(folder / "nano.root") as file:
        file["Events"] = {**branches, "nFatJet": counts}
    schema = JetSchema(tree="Events", momentum=NANO, jets="nFatJet", links=LINKS)
    return folder / "nano.root", schema, cartesian(parts)


def doubly_nested_rntuple(folder: Path) -> Layout:
    parts = drawn(seed=4)
    events, _ = in_events(parts)
    jets = ak.num(events["pt"])
    with uproot.recreate(folder / "events.root") as file:
        file["Events"] = {**{f"const_{name}": events[name] for name in ("pt", "eta", "phi", "m")}, "nJet": jets}
    momentum = {name: f"const_{name}" for name in ("pt", "eta", "phi", "m")}
    return folder / "events.root", JetSchema(tree="Events", momentum=momentum, jets="nJet"), cartesian(parts)


def phys_lite_links(folder: Path) -> Layout:
    """A list of places for every jet, in MeV."""
    parts = drawn(seed=5)
    events, _ = in_events(parts)
    flat = ak.flatten(events, axis=2)
    place = ak.local_index(flat["pt"])
    places = ak.Array([ak.unflatten(row, ak.num(event)) if len(event) else ak.Array([[1]])[:0]
                       for row, event in zip(place, events, strict=True)])  # fmt: skip
    branches = {f"Tracks_{name}": flat[name] * (1000 if name in ("pt", "m") else 1) for name in flat.fields}
    with uproot.recreate(folder / "lite.root") as file:
        file["CollectionTree"] = {**branches, "Jets_links": ak.values_astype(places, np.int32),
                                  "Jets_n": ak.num(events["pt"])}  # fmt: skip
    momentum = {name: f"Tracks_{name}" for name in ("pt", "eta", "phi", "m")}
    schema = JetSchema(tree="CollectionTree", momentum=momentum, unit="MeV", jets="Jets_n",
                       links={"constituent": "Jets_links"})  # fmt: skip
    return folder / "lite.root", schema, cartesian(parts)


def podio_ranges(folder: Path) -> Layout:
    """Ranges of a table of indices, as EDM4hep has them, Cartesian with masses."""
    parts = drawn(seed=16)
    full = as_float32(cartesian(parts))
    branches, counts = pf_nano_branches(parts)
    jet, place = branches["FatJetPFCands_jetIdx"], branches["FatJetPFCands_pFCandsIdx"]
    index = place[ak.argsort(jet, stable=True)]
    sizes = ak.unflatten(ak.to_numpy(ak.num(parts)), counts)
    ends = ak.unflatten(np.concatenate([np.cumsum(ak.to_numpy(row)) for row in sizes]).astype(np.uint32), counts)
    candidates = {name: branches[f"PFCands_{name}"] for name in ("pt", "eta", "phi")} | {"m": branches["PFCands_mass"]}
    table = as_float32(cartesian(ak.zip(candidates)))
    content = {f"Particles.{name}": table[name] for name in ("px", "py", "pz")} | {"Particles.mass": candidates["m"]}
    content |= {"Jets.begin": ends - sizes, "Jets.end": ends, "links.index": index}
    ak.to_parquet(ak.zip(content, depth_limit=1), folder / "podio.parquet")
    momentum = {name: f"Particles.{word}" for name, word in (("px", "px"), ("py", "py"), ("pz", "pz"), ("m", "mass"))}
    links = {"begin": "Jets.begin", "end": "Jets.end", "constituent": "links.index"}
    return folder / "podio.parquet", JetSchema(momentum=momentum, jets="Jets.begin", links=links), full


def massless_in_mev(folder: Path) -> Layout:
    parts = drawn(seed=6)
    branches = {"trk_pt": parts.pt * np.float32(1000), "trk_eta": parts.eta, "trk_phi": parts.phi}
    path = write_tree(folder / "mev.root", "nominal", {**branches, "top": np.arange(len(parts)) % 2})
    momentum = {"pt": "trk_pt", "eta": "trk_eta", "phi": "trk_phi"}
    schema = JetSchema(tree="nominal", momentum=momentum, unit="MeV", label="top")
    return path, schema, cartesian(parts, mass=0)


def one_mass_for_all(folder: Path) -> Layout:
    parts = drawn(seed=7)
    path = write_tree(folder / "pions.root", "t", {name: parts[name] for name in ("pt", "eta", "phi")})
    momentum = {"pt": "pt", "eta": "eta", "phi": "phi", "m": 0.13957}
    return path, JetSchema(tree="t", momentum=momentum), cartesian(parts, mass=0.13957)


def energies(folder: Path) -> Layout:
    """pt, eta, phi, E with the mass beside it, in fixed-width branches."""
    parts = drawn(seed=8)
    full = as_float32(cartesian(parts))
    columns = {"pt": parts.pt, "eta": parts.eta, "phi": parts.phi, "e": full.E, "m": parts.m}
    path = write_tree(folder / "wide.root", "t", {f"c_{name}": ak.from_numpy(padded(values, 12), regulararray=True)
                                                  for name, values in columns.items()})  # fmt: skip
    momentum = {"pt": "c_pt", "eta": "c_eta", "phi": "c_phi", "E": "c_e", "m": "c_m"}
    return path, JetSchema(tree="t", momentum=momentum), cartesian(parts)


def parquet_records(folder: Path) -> Layout:
    """Lists of records, several row groups."""
    pytest.importorskip("pyarrow")
    parts = drawn(seed=9)
    table = ak.zip({"part": parts, "y": np.arange(len(parts)) % 3, "w": np.ones(len(parts))}, depth_limit=1)
    ak.to_parquet(table, folder / "jets.parquet", row_group_size=7)
    momentum = {name: f"part.{name}" for name in ("pt", "eta", "phi", "m")}
    schema = JetSchema(("a", "b", "c"), momentum=momentum, label="y", weight="w")
    return folder / "jets.parquet", schema, cartesian(parts)


def parquet_events(folder: Path) -> Layout:
    """Nano's tables as lists that may be missing."""
    pyarrow = pytest.importorskip("pyarrow.parquet")
    parts = drawn(seed=10)
    branches, _ = pf_nano_branches(parts)
    table = ak.to_arrow_table(ak.zip(branches, depth_limit=1), extensionarray=False)
    pyarrow.write_table(table, folder / "nano.parquet", row_group_size=5)
    return folder / "nano.parquet", JetSchema(momentum=NANO, jets="FatJet_pt", links=LINKS), cartesian(parts)


def numbered_columns(folder: Path) -> Layout:
    """px, py, pz, m in numbered columns that start at 1, as pandas writes them."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    parts = drawn(seed=11)
    full = as_float32(cartesian(parts))
    columns = {f"{name}_{i + 1}": padded(values, 12)[:, i]
               for name, values in (("px", full.px), ("py", full.py), ("pz", full.pz), ("m", parts.m))
               for i in range(12)}  # fmt: skip
    pandas.DataFrame(columns).to_parquet(folder / "table.parquet")
    momentum = {name: f"{name}_*" for name in ("px", "py", "pz", "m")}
    return folder / "table.parquet", JetSchema(momentum=momentum), cartesian(parts)


def npy(folder: Path) -> Layout:
    """pt, eta, phi, m behind one another."""
    parts = drawn(seed=12)
    array = np.stack([padded(parts[name], 12) for name in ("pt", "eta", "phi", "m")], axis=-1)
    np.save(folder / "jets.npy", array)
    momentum = {name: f"array[:, {i}]" for i, name in enumerate(("pt", "eta", "phi", "m"))}
    return folder / "jets.npy", JetSchema(momentum=momentum), cartesian(parts)


def npz_by_count(folder: Path) -> Layout:
    """Columns of their own, cut by a count."""
    parts = drawn(seed=13)
    full = as_float32(cartesian(parts))
    content = {name: padded(full[name], 15) for name in full.fields}
    np.savez(folder / "jets.npz", **content, n=ak.to_numpy(ak.num(parts)))
    schema = JetSchema(momentum={name: name for name in full.fields}, count="n")
    return folder / "jets.npz", schema, full


def hdf5_compound(folder: Path) -> Layout:
    """Jets and tracks as ATLAS dumps them: compound datasets, NaN where a track is not valid, MeV."""
    parts = drawn(seed=14)
    names = ("pt", "eta", "phi", "m")
    width = 12
    tracks = np.zeros((len(parts), width), [(name, np.float32) for name in names] + [("valid", bool)])
    for name in names:
        tracks[name] = padded(parts[name], width, np.nan) * (1000 if name in ("pt", "m") else 1)
    tracks["valid"] = np.isfinite(tracks["pt"])
    jets = np.zeros(len(parts), [("flavour", np.int32)])
    with h5py.File(folder / "dump.h5", "w") as file:
        file["jets"], file["tracks"] = jets, tracks
    schema = JetSchema(momentum={name: f"tracks.{name}" for name in names}, mask="tracks.valid", unit="MeV",
                       label="jets.flavour")  # fmt: skip
    return folder / "dump.h5", schema, cartesian(parts)


def rapidities(folder: Path) -> Layout:
    """pT, rapidity, azimuth and mass, as EnergyFlow has them without the mass."""
    parts = drawn(seed=15)
    full = cartesian(parts)
    y = np.arctanh(full.pz / full.E)
    content = np.stack([padded(values, 12) for values in (parts.pt, y, parts.phi, parts.m)], axis=-1)
    np.savez(folder / "ef.npz", X=content, y=np.arange(len(parts)) % 2)
    momentum = {name: f"X[:, {i}]" for i, name in enumerate(("pt", "y", "phi", "m"))}
    return folder / "ef.npz", JetSchema(("gluon", "quark"), momentum=momentum, label="y"), full


def jet_class_arrays(folder: Path) -> Layout:
    """The real arrays of 500 jets of JetClass: px, py, pz, E above one another."""
    path = SHARED / "jetclass" / "SMALLpfVectors.npy"
    if not path.exists():
        pytest.skip("the real arrays of JetClass are not here")
    content = np.load(path)
    momenta = ak.zip({name: ak.from_regular(ak.Array(content[:, i])) for name, i in
                      (("E", 3), ("px", 0), ("py", 1), ("pz", 2))})  # fmt: skip
    momentum = {"E": "array[3]", "px": "array[0]", "py": "array[1]", "pz": "array[2]"}
    return path, JetSchema(momentum=momentum), momenta[momenta.E != 0]


def jet_class_2(folder: Path) -> Layout:
    """The real file of JetClass-II, by deta and dphi of its own and by its Cartesian components."""
    path = SHARED / "jetclass2" / "JetClassII_example.root"
    if not path.exists():
        pytest.skip("the real file of JetClass-II is not here")
    plain = uproot.open(path)["tree"].arrays()
    momenta = ak.zip({name: plain[f"part_{word}"] for name, word in
                      (("E", "energy"), ("px", "px"), ("py", "py"), ("pz", "pz"))})  # fmt: skip
    momentum = {"E": "part_energy", "px": "part_px", "py": "part_py", "pz": "part_pz"}
    schema = JetSchema(momentum=momentum, count="jet_nparticles",
                       axis={"pt": "jet_pt", "eta": "jet_eta", "phi": "jet_phi", "E": "jet_energy"})  # fmt: skip
    return path, schema, momenta


LAYOUTS = [
    pf_nano, pf_nano_rntuple, doubly_nested_rntuple, phys_lite_links, massless_in_mev, one_mass_for_all, energies,
    podio_ranges, parquet_records, parquet_events, numbered_columns, npy, npz_by_count, hdf5_compound, rapidities,
    jet_class_arrays, jet_class_2,
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_four_momenta_are_those_computed_by_hand(layout: Callable[[Path], Layout], tmp_path: Path) -> None:
    path, schema, momenta = layout(tmp_path)
    schema = JetSchema.load(schema.save(tmp_path / "schema.yaml"))
    file = open_jet_file(path, schema)
    jets = file.read()
    expected = by_pt(momenta)
    assert file.num_jets == len(jets) == len(expected)
    np.testing.assert_array_equal(jets.counts, ak.num(expected))
    flat = np.stack([ak.to_numpy(ak.flatten(expected[name])) for name in ("E", "px", "py", "pz")], axis=-1)
    # Rounded once from float64, or twice where the file has float32 of other units or components.
    assert (np.abs(jets.p4 - flat) <= 3e-7 * flat[:, :1]).all()
    whole = np.stack([ak.to_numpy(ak.sum(expected[name], axis=1)) for name in ("px", "py")])
    np.testing.assert_allclose(jets.axis[:, 0], np.hypot(*whole), rtol=1e-3 if schema.axis else 1e-5, atol=1e-3)
    pieces = [file.read(start, min(start + 7, len(jets))).p4 for start in range(0, len(jets), 7)]
    np.testing.assert_array_equal(np.concatenate(pieces), jets.p4)
    back = file.read(3, 5)
    np.testing.assert_array_equal(back.p4, jets.select(np.arange(3, 5)).p4)


# What a proposal cannot know, as a person then fills it in.
FILLED = {
    "one_mass_for_all": {"momentum": {"pt": "pt", "eta": "eta", "phi": "phi", "m": 0.13957}},
    "rapidities": {"momentum": {name: f"X[:, {i}]" for i, name in enumerate(("pt", "y", "phi", "m"))}},
}


@pytest.mark.parametrize("layout", [each for each in LAYOUTS if each != podio_ranges], ids=lambda each: each.__name__)
def test_what_is_proposed_reads_the_same(layout: Callable[[Path], Layout], tmp_path: Path) -> None:
    path, schema, _ = layout(tmp_path)
    proposal = propose_schema(path)
    (tmp_path / "proposed.yaml").write_text(proposal.text())
    proposed = JetSchema.load(tmp_path / "proposed.yaml")
    assert proposal.schema == proposed
    read = open_jet_file(path, replace(proposed, **FILLED.get(layout.__name__, {}))).read()
    np.testing.assert_array_equal(read.p4, open_jet_file(path, replace(schema, count=None)).read().p4)
    assert proposed.unit == schema.unit
    asks = {"one_mass_for_all": "as massless particles", "rapidities": "or the rapidity y?"}
    assert asks.get(layout.__name__, "") in proposal.text()
    assert "jets have a pT of" in proposal.why["unit"]


def test_a_proposal_says_what_it_does_not_know(tmp_path: Path) -> None:
    table = {"Muon_charge": ak.Array([[1.0], [2.0, 3.0]]), "run": np.ones(2)}
    proposal = propose_schema(write_tree(tmp_path / "a.root", "Events", table))
    assert proposal.schema is None
    assert proposal.fields["momentum"] == dict.fromkeys(("pt", "eta", "phi", "m"), "???")
    (tmp_path / "a.yaml").write_text(proposal.text())
    with pytest.raises(ValueError, match=r"a\.yaml: momentum: pt is still \?\?\?: fill in a column of the file"):
        JetSchema.load(tmp_path / "a.yaml")


def test_several_trees_and_kinds_of_particles(tmp_path: Path) -> None:
    """Events among other trees; jets and muons beside candidates; branches that cannot be read as numbers."""
    parts = drawn(8, empty=False)
    branches, counts = pf_nano_branches(parts)
    muons = {f"Muon_{name}": branches["PFCands_pt"] for name in ("pt", "eta", "phi", "mass")}
    other = {f"JetPFCands_{name}": branches[f"FatJetPFCands_{name}"] for name in ("jetIdx", "pFCandsIdx")}
    path = write_tree(tmp_path / "nano.root", "Events", {**muons, **other, **branches, "Jet_pt": branches["FatJet_pt"]})
    with uproot.update(path) as file:
        file.mktree("Runs", {"run": "i4"}).extend({"run": np.zeros(1, np.int32)})
        file["names"] = "text"
    proposal = propose_schema(path)
    assert proposal.fields["tree"] == "Events"
    assert proposal.fields["momentum"] == NANO
    assert proposal.fields["links"] == LINKS
    assert "others are ['Runs']" in proposal.text()
    assert "other tables of links: ['JetPFCands']" in proposal.text()
    assert len(open_jet_file(path, proposal.schema).read()) == counts.sum()


def test_labels_and_weights_of_events_and_jets(tmp_path: Path) -> None:
    path, schema, _ = pf_nano(tmp_path)
    counts = ak.to_numpy(ak.num(uproot.open(path)["Events/FatJet_pt"].array()))
    jets = open_jet_file(path, schema).read()
    np.testing.assert_array_equal(jets.label, np.arange(len(jets)) % 2)
    np.testing.assert_array_equal(jets.weight, np.repeat(np.arange(len(counts)), counts))
    first = open_jet_file(path, replace(schema, take=1))
    before = (np.cumsum(counts) - counts)[counts > 0]
    assert first.num_jets == len(before)
    np.testing.assert_array_equal(first.read().p4, jets.select(before).p4)
    np.testing.assert_array_equal(first.read().label, before % 2)


def test_a_column_of_links_is_in_the_order_of_links(tmp_path: Path) -> None:
    parts = drawn()
    branches, _ = pf_nano_branches(parts)
    linked = branches["PFCands_pt"][branches["FatJetPFCands_pFCandsIdx"]]
    branches |= {"FatJetPFCands_weight": linked, "PFCands_other": branches["PFCands_pt"]}
    path = write_tree(tmp_path / "nano.root", "Events", branches)
    columns = ("FatJetPFCands_weight", "PFCands_other")
    schema = JetSchema(tree="Events", momentum=NANO, jets="FatJet_pt", links=LINKS, particle=columns)
    jets = open_jet_file(path, schema).read()
    pt = np.hypot(jets.p4[:, 1], jets.p4[:, 2])
    for name in columns:
        np.testing.assert_allclose(jets.particle[name], pt, rtol=1e-6)


def test_links_whose_names_begin_like_those_of_candidates(tmp_path: Path) -> None:
    pt = ak.Array([[5.0, 7.0, 1.0, 2.0], [2.0, 4.0]])
    branches = {"a_pt": pt, "a_eta": pt * 0, "a_phi": pt * 0, "a_charge": pt, "jets": [2, 1],
                "a_jetIdx": ak.Array([[0, 1, 0, 1], [0, 0]]), "a_idx": ak.Array([[3, 2, 1, 0], [1, 0]])}  # fmt: skip
    path = write_tree(tmp_path / "a.root", "t", branches)
    momentum = {"pt": "a_pt", "eta": "a_eta", "phi": "a_phi"}
    links = {"jet": "a_jetIdx", "constituent": "a_idx"}
    schema = JetSchema(tree="t", momentum=momentum, jets="jets", links=links, particle=("a_charge",))
    jets = open_jet_file(path, schema).read()
    assert jets.counts.tolist() == [2, 2, 2]
    assert jets.p4[:, 0].tolist() == jets.particle["a_charge"].tolist() == [7, 2, 5, 1, 4, 2]


@pytest.mark.parametrize("energy", [False, True])
@pytest.mark.parametrize("along", [{"pz": 4.0}, {"eta": 1.0}])
def test_padding_has_no_mass_where_all_have_one(along: dict[str, float], energy: bool, tmp_path: Path) -> None:
    slots = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])  # one, two and no constituents
    (key, value), pz = next(iter(along.items())), along.get("pz", 5 * np.sinh(1.0))
    content = {"px": 3 * slots, "py": 4 * slots, key: value * slots}
    content |= {"E": np.sqrt(25 + pz**2 + 0.14**2) * slots} if energy else {}
    np.savez(tmp_path / "a.npz", **content)
    momentum: dict[str, Any] = {name: name for name in content} | {"m": 0.14}
    jets = open_jet_file(tmp_path / "a.npz", JetSchema(momentum=momentum)).read()
    assert jets.counts.tolist() == [1, 2, 0]
    np.testing.assert_allclose(jets.p4[:, 0], np.sqrt(25 + pz**2 + 0.14**2), rtol=1e-6)


def test_candidates_that_name_their_jet(tmp_path: Path) -> None:
    """Without a table of links; -1 is no jet."""
    pt = ak.Array([[5.0, 7.0, 1.0], [], [2.0, 4.0]])
    branches = {"c_pt": pt, "c_eta": pt * 0, "c_phi": pt * 0, "c_jet": ak.Array([[1, 0, -1], [], [0, 0]]),
                "njet": np.array([2, 1, 1], np.int32)}  # fmt: skip
    path = write_tree(tmp_path / "a.root", "t", branches)
    momentum = {"pt": "c_pt", "eta": "c_eta", "phi": "c_phi"}
    jets = open_jet_file(path, JetSchema(tree="t", momentum=momentum, jets="njet", links={"jet": "c_jet"})).read()
    assert jets.counts.tolist() == [1, 1, 0, 2]
    assert jets.p4[:, 0].tolist() == [7, 5, 4, 2]


def test_ranges_of_the_constituents_themselves(tmp_path: Path) -> None:
    path = event_file(tmp_path / "a.root", l_b=ak.Array([[2, 0], [1]]), l_e=ak.Array([[4, 1], [1]]))
    jets = open_jet_file(path, JetSchema(**(EVENTS | {"links": {"begin": "l_b", "end": "l_e"}}))).read()
    assert jets.counts.tolist() == [2, 1, 0]
    assert jets.p4[:, 0].tolist() == [2, 1, 5]


def test_counts_say_which_jet_of_an_event(tmp_path: Path) -> None:
    pt = ak.Array([[5.0, 7.0, 1.0], [], [2.0, 4.0]])
    branches = {"c_pt": pt, "c_eta": pt * 0, "c_phi": pt * 0, "j_n": ak.Array([[1, 2], [0], [2]])}
    path = write_tree(tmp_path / "a.root", "t", branches)
    schema = JetSchema(tree="t", momentum={"pt": "c_pt", "eta": "c_eta", "phi": "c_phi"}, jets="j_n", count="j_n")
    jets = open_jet_file(path, schema).read()
    assert jets.counts.tolist() == [1, 2, 0, 2]
    assert jets.p4[:, 0].tolist() == [5, 7, 1, 4, 2]


@pytest.mark.parametrize("known", ["root", "h5", "top", "npy"])
def test_known_layouts_can_be_written_down(
    known: str, tmp_path: Path, make_jets: Callable[..., JetArrays], write_top_tagging: Callable[..., Path]
) -> None:
    """The reader of a known layout and a schema of its columns find the same."""
    jets = make_jets(20)
    e_px_py_pz = ("E", "px", "py", "pz")
    if known == "root":
        path = save_jets(tmp_path / "a.root", jets, JetSchema())
        momentum = dict(zip(e_px_py_pz, ("part_energy", "part_px", "part_py", "part_pz"), strict=True))
        label: Any = {"QCD": "label_QCD", "Tbqq": "label_Tbqq"}
        schema = JetSchema(momentum=momentum, label=label, count="jet_nparticles")
    elif known == "h5":
        path = save_jets(tmp_path / "a.h5", jets, JetSchema())
        momentum = {name: f"Pmu[:, {i}]" for i, name in enumerate(e_px_py_pz)}
        schema = JetSchema(momentum=momentum, label="is_signal", count="Nobj")
    elif known == "top":
        path = write_top_tagging(tmp_path / "a.h5", jets)
        momentum = dict(zip(e_px_py_pz, ("E_*", "PX_*", "PY_*", "PZ_*"), strict=True))
        schema = JetSchema(momentum=momentum, label="is_signal_new")
    else:
        path = tmp_path / "a.npy"
        p4 = ak.from_numpy(jets.p4)
        rows = ak.unflatten(p4, jets.counts)
        np.save(path, np.stack([padded(rows[..., i], 40) for i in range(4)], axis=-1))
        momentum = {name: f"array[:, {i}]" for i, name in enumerate(e_px_py_pz)}
        schema = JetSchema(momentum=momentum)
    found, own = open_jet_file(path, schema).read(), open_jet_file(path, find_schema(path)[1]).read()
    for name in ("p4", "offsets", "label"):
        np.testing.assert_array_equal(getattr(found, name), getattr(own, name))


def test_known_layouts_in_mev(tmp_path: Path, make_jets: Callable[..., JetArrays]) -> None:
    jets = make_jets(10)
    large = replace(jets, p4=jets.p4 * np.float32(1000), axis=jets.axis * np.float32([1000, 1, 1, 1000]))
    for name in ("a.root", "a.h5"):
        path = save_jets(tmp_path / name, large, JetSchema())
        read = open_jet_file(path, JetSchema(unit="MeV")).read()
        np.testing.assert_allclose(read.p4, jets.p4, rtol=2e-7)
        np.testing.assert_allclose(read.axis, jets.axis, rtol=2e-7)


def event_file(path: Path, **changes: Any) -> Path:
    """Two events: jets of 2 and 1 candidates, and one of 2."""
    pt = ak.Array([[5.0, 7.0, 1.0, 2.0], [2.0, 4.0]])
    content = {"c_pt": pt, "c_eta": pt * 0, "c_phi": pt * 0, "c_m": pt * 0, "c_e": pt,
               "j_pt": ak.Array([[9.0, 2.0], [6.0]]), "j_n": ak.Array([[2, 1], [2]]),
               "l_jet": ak.Array([[0, 0, 1], [0, 0]]), "l_c": ak.Array([[0, 1, 3], [0, 1]])}  # fmt: skip
    return write_tree(path, "t", content | changes)


EVENTS: dict[str, Any] = {"tree": "t", "momentum": {"pt": "c_pt", "eta": "c_eta", "phi": "c_phi"}, "jets": "j_pt",
                          "links": {"jet": "l_jet", "constituent": "l_c"}}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words", "says"),
    [
        ({}, {"momentum": {"pt": "c_Pt", "eta": "c_eta", "phi": "c_phi"}},
         r"lacks the branches \['c_Pt'\].*did you mean \['c_pt'\]"),
        ({"l_c": ak.Array([[0, 1, 4], [0, 1]])}, {}, "branch l_c has the index 4 in event 0, which has 4 constituents"),
        ({"l_c": ak.Array([[0, 1, -1], [0, 1]])}, {}, "branch l_c has the index -1 in event 0"),
        ({"l_jet": ak.Array([[0, 0, 1], [0, 1]])}, {}, "branch l_jet has the index 1 in event 1, which has 1 jets"),
        ({"l_c": ak.Array([[0, 1, 1], [0, 1]])}, {}, r"constituent 1 of event 0 belongs to the jets \[0, 1\]"),
        ({"l_c": ak.Array([[0, 1, 3], [1, 1]])}, {}, r"constituent 1 of event 1 belongs to the jets \[0, 0\]"),
        ({"l_c": ak.Array([[0, 1], [0, 1]])}, {}, "branch l_c has 4 entries, .*branch l_jet has 5"),
        ({"l_c": ak.Array([[0.5, 1, 3], [0, 1]])}, {}, "branch l_c must have whole numbers, got 0.5"),
        ({"j_n": ak.Array([[2, 2], [2]])}, {"count": "j_n"},
         "branch j_n says 2 constituents, but there are 1, in jet 1"),
        ({"j_n": ak.Array([[2, 1], [2]])}, {"count": "j_n", "links": None},
         "c_pt has 4 constituents in event 0, but `count` says 3"),
        ({"j_n": ak.Array([[5, -1], [2]])}, {"count": "j_n", "links": None}, "j_n must have numbers from 0 on, got -1"),
        ({"ok": ak.Array([[1, 1, 0, np.nan], [1, 1]])}, {"mask": "ok"}, "branch ok has the value nan in jet 1"),
        ({"l_c": ak.Array([[1e30, 1, 3], [0, 1]])}, {}, "branch l_c must have whole numbers, got 1e\\+30"),
        ({"c_eta": ak.Array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])}, {},
         "c_eta and c_pt have different numbers of entries: 3 and 4 in list 0 of 2"),
        ({"j_eta": ak.Array([[0.0, -999.0], [0.0]])},
         {"axis": {"pt": "j_pt", "eta": "j_eta", "phi": "j_pt", "m": "j_pt"}},
         "the axis has the value inf in jet 1"),
        ({"j_q": ak.Array([[0, 1], [1]])}, {"label": "j_q", "jet_labels": {0: "QCD", 1: "b"}},
         r"`jet_labels` names \['b'\], which are not among the classes"),
        ({"l_b": ak.Array([[0, 2], [0]]), "l_e": ak.Array([[2, 4], [3]])}, {"links": {"begin": "l_b", "end": "l_e"}},
         "l_b and l_e have the range 0 to 3 in event 1, which has 2 entries"),
        ({"l_b": ak.Array([[0, 2], [1]]), "l_e": ak.Array([[2, 4], [0]])}, {"links": {"begin": "l_b", "end": "l_e"}},
         "l_b and l_e have the range 1 to 0 in event 1"),
        ({"l_b": ak.Array([[0, 1], [0]]), "l_e": ak.Array([[2, 4], [2]])}, {"links": {"begin": "l_b", "end": "l_e"}},
         "l_b and l_e have ranges that overlap"),
        ({"l_b": ak.Array([[0], [0]]), "l_e": ak.Array([[2], [2]])}, {"links": {"begin": "l_b", "end": "l_e"}},
         "l_b has lists for 1 jets of an event that has 2"),
        ({}, {"links": None}, "c_pt must have lists of lists, one a jet of an event, got"),
        ({}, {"links": {"constituent": "l_c"}}, "l_c must have lists of lists"),
        ({}, {"links": {"jet": "l_jet"}}, "l_jet has 5 entries for 6 constituents of .*c_pt"),
        ({}, {"label": "c_pt"}, "the branch c_pt and j_pt have different numbers"),
        ({}, {"momentum": {"pt": "c_pt", "eta": "c_eta", "phi": "j_n"}}, "j_n and c_pt have different numbers"),
        ({"c_pt": ak.Array([[5.0, -7.0, 1.0, 2.0], [2.0, 4.0]])}, {}, "c_pt has the value -7.0 in jet 0"),
        ({"c_pt": ak.Array([[5.0, 7.0, 1.0, np.nan], [2.0, 4.0]])}, {}, "c_pt has the value nan in jet 1"),
        ({"c_eta": ak.Array([[5.0, 7.0, 1.0, 99.0], [2.0, 4.0]])}, {},
         "the four-momentum from pt, eta, phi has the value .* in jet 1"),
        ({"c_e": ak.Array([[5.0, 7.0, 1.0, 2.0], [2.0, 9.0]])},
         {"momentum": {"pt": "c_pt", "eta": "c_eta", "phi": "c_phi", "E": "c_e", "m": "c_m"}},
         r"E = 9 contradicts the momentum and m = 0 in jet 2 \(1 such"),
        ({"c_pt": ak.Array([[5.0, 0.0, 1.0, 2.0], [2.0, 4.0]])},
         {"momentum": {"pt": "c_pt", "eta": "c_eta", "phi": "c_phi", "E": "c_e"}},
         "c_pt is 0 but c_e is 7, in jet 0"),
        ({}, {"jets": "c_none"}, r"lacks the branches \['c_none'\]"),
        ({}, {"tree": "events"}, r"no tree 'events'; its trees are \['t'\]"),
    ],
)  # fmt: skip
def test_bad_events(changes: dict[str, Any], words: dict[str, Any], says: str, tmp_path: Path) -> None:
    path = event_file(tmp_path / "a.root", **changes)
    with pytest.raises(ValueError, match=rf"a\.root.*{says}"):
        open_jet_file(path, JetSchema(**(EVENTS | words))).read()


def test_the_events_of_bad_inputs_are_good(tmp_path: Path) -> None:
    jets = open_jet_file(event_file(tmp_path / "a.root"), JetSchema(**EVENTS, count="j_n")).read()
    assert jets.p4[:, 0].tolist() == [7, 5, 2, 4, 2]


@pytest.mark.parametrize(
    ("content", "words", "says"),
    [
        ({"a": np.ones((3, 5, 3))}, {"pt": "a[:, 3]"},
         r"a\[:, 3\]: it has numbers \[5, 3\] for every row, not the part"),
        ({"a": np.ones((3, 5)), "b": np.ones((4, 5))}, {"pt": "b"}, "as many rows as there are jets"),
        ({"a": np.ones((3, 5)), "b": np.ones((3, 4))}, {"pt": "b"}, "b and a have different numbers"),
        ({"a": np.ones((3, 5)), "b": np.ones(3)}, {"pt": "b"}, r"b must have one list per jet, got one float64"),
        ({"a": np.ones((3, 5)), "b": np.full((3, 5), "x")}, {"pt": "b"}, "expected real numbers, got <U1"),
        ({"a": np.ones((3, 5)), "b": np.ones((3, 5)), "n": np.array([5, 5, 4])}, {"pt": "b"},
         "array n says 4 constituents, but there are 5, in jet 2"),
    ],
)  # fmt: skip
def test_bad_arrays(content: dict[str, Any], words: dict[str, str], says: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **content)
    count = "n" if "n" in content else None
    momentum = {"eta": "a", "phi": "a", **words}
    with pytest.raises(ValueError, match=rf"a\.npz.*{says}"):
        open_jet_file(tmp_path / "a.npz", JetSchema(momentum=momentum, count=count)).read()


def test_a_unit_in_which_momenta_have_no_place(tmp_path: Path) -> None:
    names = ("E", "px", "py", "pz")
    np.savez(tmp_path / "a.npz", **{name: np.full((1, 2), 1e36) for name in names})
    schema = JetSchema(momentum={name: name for name in names}, unit="TeV")
    with pytest.raises(
        ValueError, match=r"a\.npz: the four-momentum from E, px, py, pz has the value 1.0+1?e\+39 in jet 0"
    ):
        open_jet_file(tmp_path / "a.npz", schema).read()
    assert np.isfinite(open_jet_file(tmp_path / "a.npz", replace(schema, unit="GeV")).read().p4).all()


def test_lists_of_any_length_in_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        lists, table = (file.create_dataset(name, shape, h5py.vlen_dtype(np.float32))
                        for name, shape in (("lists", (3,)), ("table", (3, 2))))  # fmt: skip
        lists[0], lists[2], table[0, 0] = [1, 2], [3], [4]
        file.create_dataset("words", data=["a", "b", "c"], dtype=h5py.string_dtype())
        file["zero"] = np.zeros((3, 2))
    momentum: dict[str, Any] = dict.fromkeys(("pt", "eta", "phi"), "lists")
    jets = open_jet_file(tmp_path / "a.h5", JetSchema(momentum=momentum)).read()
    assert jets.counts.tolist() == [2, 0, 1]
    np.testing.assert_allclose(np.hypot(jets.p4[:, 1], jets.p4[:, 2]), [2, 1, 3], rtol=1e-6)
    for name, says in (("table", r"\[3, 2\] of float32 of any length"), ("words", r"\[3\] of str of any length")):
        with pytest.raises(
            ValueError, match=rf"a\.h5: the dataset {name}: expected numbers, or one list .*, got {says}"
        ):
            open_jet_file(tmp_path / "a.h5", JetSchema(momentum=momentum | {"pt": name}))


def test_a_virtual_dataset_whose_source_is_not_there(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "source.h5", "w") as file:
        file["x"] = np.ones((2, 2))
    layout = h5py.VirtualLayout((2, 2), "f8")
    layout[:] = h5py.VirtualSource("source.h5", "x", (2, 2))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    schema = JetSchema(momentum=dict.fromkeys(("pt", "eta", "phi"), "x"))
    assert open_jet_file(tmp_path / "a.h5", schema).read().counts.tolist() == [2, 2]
    (tmp_path / "source.h5").unlink()
    with pytest.raises(ValueError, match=r"a\.h5: the dataset /x has its numbers in source\.h5, which is not there"):
        open_jet_file(tmp_path / "a.h5", schema)


def test_arrays_of_one_name(tmp_path: Path) -> None:
    np.save(tmp_path / "b.npy", np.ones((2, 2)))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.write(tmp_path / "b.npy", "a.npy")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.write(tmp_path / "b.npy", "a.npy")
    with pytest.raises(ValueError, match=r"a\.npz has the arrays \['a'\] more than once"):
        open_jet_file(tmp_path / "a.npz", JetSchema(momentum=dict.fromkeys(("pt", "eta", "phi"), "a")))


def test_columns_of_one_name(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    content = [ak.to_arrow(ak.Array([[value]]), extensionarray=False) for value in (1.0, 2.0)]
    table = pytest.importorskip("pyarrow").Table.from_arrays(content, names=["a", "a"])
    pyarrow.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet has the columns \['a'\] more than once"):
        open_jet_file(tmp_path / "a.parquet", JetSchema(momentum=dict.fromkeys(("pt", "eta", "phi"), "a")))


def test_a_gap_in_numbered_columns(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    pandas.DataFrame({f"{name}_{i}": [1.0] for name in ("E", "x", "y", "z") for i in (0, 1, 3)}).to_parquet(
        tmp_path / "a.parquet"
    )
    momentum = {"E": "E_*", "px": "x_*", "py": "y_*", "pz": "z_*"}
    with pytest.raises(ValueError, match=r"a\.parquet: the columns E_\* have the numbers 0 to 3 without 2"):
        open_jet_file(tmp_path / "a.parquet", JetSchema(momentum=momentum))


def test_values_that_are_missing(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pt = ak.Array([[1.0, 2.0], [3.0, None]])
    ak.to_parquet(ak.zip({"pt": pt, "eta": pt, "phi": pt}, depth_limit=1), tmp_path / "a.parquet")
    schema = JetSchema(momentum={"pt": "pt", "eta": "eta", "phi": "phi"})
    with pytest.raises(ValueError, match=r"a\.parquet: the column pt has no value in 1 of 4 places"):
        open_jet_file(tmp_path / "a.parquet", schema).read()


@pytest.mark.parametrize("share", [0.02, 0.4, 0.8, 0.99])
def test_a_truncated_parquet_file(share: float, tmp_path: Path) -> None:
    path, schema, _ = parquet_records(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"jets\.parquet is not a complete parquet file"):
        open_jet_file(path, schema)


def test_damaged_parquet_never_gives_other_numbers_of_jets(tmp_path: Path) -> None:
    path, schema, _ = parquet_records(tmp_path)
    content, expected = bytearray(path.read_bytes()), len(open_jet_file(path, schema).read())
    rng = np.random.default_rng(0)
    for place in rng.integers(len(content) - 3000, len(content), 60):  # the footer
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with suppress(ValueError):
            assert len(open_jet_file(path, schema).read()) == expected


def test_pyarrow_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, schema, _ = parquet_records(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"and writing parquet needs pyarrow.*pip install 'pyg-liesym\[parquet\]'"):
        open_jet_file(path, schema)


def test_any_range_of_a_parquet_file(tmp_path: Path) -> None:
    """Forwards, backwards, across row groups, and nothing."""
    path, schema, _ = parquet_records(tmp_path)
    file = open_jet_file(path, schema)
    jets, rng = file.read(), np.random.default_rng(0)
    for start, stop in [np.sort(rng.integers(0, len(jets) + 1, 2)).tolist() for _ in range(40)]:
        part = file.read(start, stop)
        np.testing.assert_array_equal(part.p4, jets.select(np.arange(start, stop)).p4)
        np.testing.assert_array_equal(part.label, jets.label[start:stop])
    again = pickle.loads(pickle.dumps(file))
    np.testing.assert_array_equal(again.read(5, 20).p4, file.read(5, 20).p4)


def test_a_tree_that_is_open_is_not_read_after_it_changed(tmp_path: Path) -> None:
    path, schema, momenta = massless_in_mev(tmp_path)
    file = open_jet_file(path, schema)
    first = file.read(0, 1).p4
    content = uproot.open(path)["nominal"].arrays()
    write_tree(path, "nominal", {name: content[name] * 2 if name == "trk_pt" else content[name]
                                 for name in content.fields if not name.startswith("n")})  # fmt: skip
    np.testing.assert_allclose(file.read(0, 1).p4, 2 * first, rtol=1e-6)
    assert len(momenta) == file.num_jets
