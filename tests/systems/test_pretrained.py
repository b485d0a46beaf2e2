from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch_geometric.data import Batch

from pyg_liesym.lie.motions import random_boosts, random_turns, turns_about_z
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.taggers import TAGGERS, build_tagger
from pyg_liesym.systems.checkpoint import tagger_of_checkpoint
from pyg_liesym.systems.pretrained import build_transform, load_tagger, packaged_taggers, save_tagger
from pyg_liesym.systems.training_range import RANGES
from pyg_liesym.transforms.add_reference_vectors import AddReferenceVectors

P4 = torch.rand(7, 4, generator=torch.Generator().manual_seed(0)) + torch.tensor([3.0, 0, 0, 0])
X = torch.rand(7, 1, generator=torch.Generator().manual_seed(1))
BATCH = torch.tensor([0, 0, 0, 2, 2, 2, 2])


def batch(x: bool) -> Batch:
    out = Batch(p4=P4, batch=BATCH, ptr=torch.tensor([0, 3, 3, 7]), **({"x": X} if x else {}))
    out._num_graphs = 3
    return out


METRIC = torch.diag(torch.tensor([1.0, -1.1, -0.9, -1.0]))
CASES: list[tuple[str, dict[str, Any]]] = [
    ("build_tagger", {"name": "liegnn-fast", "hidden_channels": 8, "num_classes": 3}),
    ("build_tagger", {"name": "lorentznet", "hidden_channels": 8, "num_layers": 2, "metric": METRIC}),
    ("build_tagger", {"name": "liegnn", "hidden_channels": 8, "num_layers": 2, "in_channels": 1}),
    ("LieGNN", {"in_channels": 0, "hidden_channels": 8, "out_channels": 2, "num_layers": 2, "metric": "learned",
                "dim": 4, "readout": "mean"}),
    ("ParticleNet", {"blocks": [[8, 8]], "k": 2, "head_channels": 8}),
]  # fmt: skip


@pytest.mark.parametrize(("network", "arguments"), CASES)
def test_a_tagger_survives_its_file(network: str, arguments: dict[str, Any], tmp_path: Path) -> None:
    from pyg_liesym.systems.pretrained import NETWORKS

    net = NETWORKS[network](**arguments).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.uniform_(-0.3, 0.3)
    particle = ("part_charge",) if arguments.get("in_channels") else ()
    path = save_tagger(
        tmp_path / "model.safetensors", net, network, arguments, classes=("a", "b"), particle=particle,
        max_constituents=5, description="made up",
    )  # fmt: skip
    tagger = load_tagger(path)
    assert (tagger.classes, tagger.particle) == (("a", "b"), particle)
    assert (tagger.max_constituents, tagger.description) == (5, "made up")
    data = batch(bool(particle))
    with torch.no_grad():
        expected = net(data.get("x"), P4, batch=BATCH, batch_size=3).softmax(-1)
    found = tagger(data)
    assert torch.equal(found[[0, 2]], expected[[0, 2]])
    assert found[1].isnan().all()


@pytest.mark.parametrize("column", [False, True])
def test_a_tagger_brings_its_transform(column: bool, tmp_path: Path) -> None:
    arguments = {"name": "liegnn-fast", "hidden_channels": 8, "in_channels": 3 if column else 0}
    net = build_tagger(**arguments).eval()
    references = {"references": ["beams", [2.0, 0.0, 0.0, 1.0]] if not column else ["beams"], "column": column}
    path = save_tagger(
        tmp_path / "model.safetensors", net, "build_tagger", arguments, classes=("a", "b"),
        transform=("AddReferenceVectors", references),
    )  # fmt: skip
    seen = AddReferenceVectors(**references)(batch(False))
    with torch.no_grad():
        expected = net(seen.get("x"), seen.p4, batch=seen.batch, batch_size=3).softmax(-1)
    found = load_tagger(path)(batch(False))
    assert torch.equal(found[[0, 2]], expected[[0, 2]])
    assert found[1].isnan().all()
    for wrong, message in (("RandomBoost", "can have one of AddReferenceVectors"), ("AddReferenceVectors", "'far'")):
        with pytest.raises(ValueError, match=message):
            save_tagger(path, net, "build_tagger", arguments, classes=("a", "b"), transform=(wrong, {"far": 1}))


def test_what_does_not_fit_is_not_saved(tmp_path: Path) -> None:
    net = build_tagger("liegnn-fast", hidden_channels=8)
    for network, arguments, message in (
        ("build_tagger", {"name": "liegnn-fast", "hidden_channels": 9}, "is not what build_tagger with its arguments"),
        ("build_tagger", {"name": "liegnn-fast", "wide": 9}, "is not what build_tagger with its arguments"),
        ("os.system", {}, "asks for the network 'os.system'; expected one of build_tagger"),
        ("build_tagger", {"name": object()}, "must be a number, word, list or tensor"),
    ):
        with pytest.raises(ValueError, match=message):
            save_tagger(tmp_path / "model.safetensors", net, network, arguments, classes=("a", "b"))
    assert not list(tmp_path.iterdir())


def test_wrong_files_are_named(tmp_path: Path) -> None:
    plain = tmp_path / "plain.safetensors"
    save_file({"weight": torch.zeros(2)}, plain)
    with pytest.raises(ValueError, match=r"plain\.safetensors has no description of its network"):
        load_tagger(plain)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(plain.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"broken\.safetensors is not a complete safetensors file"):
        load_tagger(broken)
    with pytest.raises(FileNotFoundError, match="there is no tagger 'nothing'"):
        load_tagger("nothing")


def test_packaged_taggers_can_be_read() -> None:
    assert set(packaged_taggers()) == {"top", "top-invariant"}
    for name, file in packaged_taggers().items():
        tagger = load_tagger(name)
        assert len(tagger.classes) >= 2
        assert "AUC" in tagger.description
        assert file.stat().st_size < 2e6


@pytest.mark.parametrize("name", ["top", "top-invariant"])
def test_packaged_taggers_keep_their_law(name: str) -> None:
    net, p4 = load_tagger(name).net.double(), 20 * batch(False).p4.double()
    generator = torch.Generator().manual_seed(0)
    moved = random_boosts(1, 1.0, generator)[0] @ random_turns(1, 2.0, generator)[0]
    kept = moved if name == "top-invariant" else turns_about_z(1, 2.0, generator)[0]
    broken = torch.diag(torch.tensor([1.1, 1, 1, 1])).double() if name == "top-invariant" else moved
    with torch.no_grad():
        still, same, other = (
            net(None, p4 @ g.T, batch=BATCH, batch_size=3) for g in (torch.eye(4).double(), kept, broken)
        )
    torch.testing.assert_close(same, still, rtol=1e-10, atol=1e-9)
    assert not torch.allclose(other, still)


def test_a_checkpoint_of_liesym_fit(tmp_path: Path) -> None:
    settings = {"in_channels": 0, "hidden_channels": 8, "out_channels": 2, "num_layers": 2, "readout": "mean"}
    net = LieGNN(**settings, metric=METRIC).eval()
    folder = tmp_path / "version_0" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save({"state_dict": {f"net.{name}": value for name, value in net.state_dict().items()}}, folder / "best.ckpt")
    with pytest.raises(FileNotFoundError, match=r"there is no config\.yaml above"):
        tagger_of_checkpoint(folder / "best.ckpt")
    words = ", ".join(f"{name}: {value}" for name, value in settings.items())
    config = f"""
model:
  class_path: pyg_liesym.systems.JetTagging
  init_args:
    net:
      class_path: pyg_liesym.nn.LieGNN
      init_args: {{{words}, metric: {{class_path: minkowski}}}}
data:
  class_path: pyg_liesym.systems.StreamingJetData
  init_args: {{classes: [gluon, quark], max_constituents: 6}}
"""
    (folder.parent / "config.yaml").write_text(config)
    tagger = tagger_of_checkpoint(folder / "best.ckpt")
    assert (tagger.classes, tagger.max_constituents) == (("gluon", "quark"), 6)
    assert tagger.ranges == {}  # as in early checkpoints
    for ranges in ({"pT": [2.0, 1.0]}, {"E": [0.0, 1.0]}, {"pT": 1.0}, [1.0]):
        torch.save({**torch.load(folder / "best.ckpt", weights_only=True), RANGES: ranges}, folder / "odd.ckpt")
        with pytest.raises(ValueError, match=r"odd\.ckpt has no proper ranges of the jets of its training"):
            tagger_of_checkpoint(folder / "odd.ckpt")
    for state in ({"classes": 2}, {"classes": ["a", 2]}, 3):
        torch.save(
            {**torch.load(folder / "best.ckpt", weights_only=True), "StreamingJetData": state}, folder / "odd.ckpt"
        )
        with pytest.raises(ValueError, match=r"odd\.ckpt: expected names of classes in the state of StreamingJetData"):
            tagger_of_checkpoint(folder / "odd.ckpt")
    names = {"StreamingJetData": {"classes": ["quark", "gluon"]}}  # which the settings above it may not know
    torch.save({**torch.load(folder / "best.ckpt", weights_only=True), **names}, folder / "named.ckpt")
    assert tagger_of_checkpoint(folder / "named.ckpt").classes == ("quark", "gluon")
    with torch.no_grad():
        expected = net(None, P4, batch=BATCH, batch_size=3).softmax(-1)
    assert torch.equal(tagger(batch(False))[[0, 2]], expected[[0, 2]])
    for damaged in (b"\xff\xfe", b"a: [b"):
        (folder.parent / "config.yaml").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"config\.yaml is not a complete YAML file"):
            tagger_of_checkpoint(folder / "best.ckpt")
    (folder.parent / "config.yaml").write_text(config.replace("pyg_liesym.nn.LieGNN", "os.system"))
    with pytest.raises(ValueError, match="expected a network among build_tagger, LieGNN, ParticleNet"):
        tagger_of_checkpoint(folder / "best.ckpt")
    (folder.parent / "config.yaml").write_text(config.replace("    net:", "    transform: {class_path: x}\n    net:"))
    with pytest.raises(ValueError, match=r"best\.ckpt has the transform 'x'; a tagger can have one of AddReference"):
        tagger_of_checkpoint(folder / "best.ckpt")
    reference = "{class_path: pyg_liesym.transforms.AddReferenceVectors, init_args: {references: [time], scale: 3.0}}"
    (folder.parent / "config.yaml").write_text(config.replace("    net:", f"    transform: {reference}\n    net:"))
    seen = AddReferenceVectors(["time"], 3.0)(batch(False))
    with torch.no_grad():
        expected = net(None, seen.p4, batch=seen.batch, batch_size=3).softmax(-1)
    assert torch.equal(tagger_of_checkpoint(folder / "best.ckpt")(batch(False))[[0, 2]], expected[[0, 2]])
    named = config.replace("    net:", "    classes: [QCD, W]\n    net:")
    (folder.parent / "config.yaml").write_text(named)
    assert tagger_of_checkpoint(folder / "best.ckpt").classes == ("QCD", "W")
    (folder.parent / "config.yaml").write_text(config.replace("hidden_channels: 8", "hidden_channels: 9"))
    with pytest.raises(ValueError, match=r"best\.ckpt is not of the network in the settings above it"):
        tagger_of_checkpoint(folder / "best.ckpt")


@pytest.mark.parametrize(
    "settings",
    [
        *({"name": name} for name in TAGGERS),
        {"name": "liegnn-fast", "fractions": ["jet", "time"]},
        {"name": "liegnn-fast", "fractions": ["jet"], "metric": {"class_path": "minkowski"}},
        {"name": "lorentznet", "metric": {"class_path": "minkowski"}},
    ],
)
def test_a_checkpoint_of_every_tagger(settings: dict[str, Any], tmp_path: Path) -> None:
    net = build_tagger(**{**settings, "metric": None}).eval()
    (tmp_path / "checkpoints").mkdir()
    state = {f"net.{name}": value for name, value in net.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "checkpoints" / "best.ckpt")
    model = {"init_args": {"net": {"class_path": "pyg_liesym.nn.build_tagger", "init_args": settings}}}
    (tmp_path / "config.yaml").write_text(json.dumps({"model": model, "data": {}}))  # JSON is YAML
    tagger = tagger_of_checkpoint(tmp_path / "checkpoints" / "best.ckpt")
    assert all(torch.equal(value, tagger.net.state_dict()[name]) for name, value in net.state_dict().items())
    if settings["name"] != "particlenet":
        with torch.no_grad():
            expected = net(None, P4, batch=BATCH, batch_size=3)
        found = tagger.logits(batch(False))
        assert torch.equal(found[[0, 2]], expected[[0, 2]])
        assert bool(found[1].isnan().all())
        assert torch.equal(tagger(batch(False))[[0, 2]], found.softmax(-1)[[0, 2]])


def test_a_checkpoint_without_its_metric_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    net = build_tagger(name="egnn")
    state = {f"net.{name}": value for name, value in net.state_dict().items() if not name.endswith("metric.J")}
    torch.save({"state_dict": state}, tmp_path / "checkpoints" / "best.ckpt")
    settings = {"name": "liegnn-fast", "metric": {"class_path": "minkowski"}}
    model = {"init_args": {"net": {"class_path": "pyg_liesym.nn.build_tagger", "init_args": settings}}}
    (tmp_path / "config.yaml").write_text(json.dumps({"model": model, "data": {}}))
    with pytest.raises(ValueError, match="expected the form J among its weights"):
        tagger_of_checkpoint(tmp_path / "checkpoints" / "best.ckpt")


@pytest.mark.parametrize("words", ["AddReferenceVectors", {"name": "Spin"}, {"name": "AddReferenceVectors"}])
def test_damaged_transforms_are_refused(words: Any) -> None:
    with pytest.raises(ValueError, match=r"tagger\.safetensors has"):
        build_transform(words, "tagger.safetensors")
