"""The yardsticks of the benchmarks compute what the networks compute, and the benchmarks run."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

import pyg_liesym
from pyg_liesym.datasets.io.array_jets import jets_of_arrays
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.lorentznet import LorentzNet
from pyg_liesym.nn.models.taggers import TAGGERS
from pyg_liesym.systems.pretrained import packaged_taggers

FOLDER = Path(__file__).parents[1] / "benchmarks"
SIZES = [5, 1, 3, 2]
MEASUREMENTS = ("speed", "memory", "growth", "peak", "profile")


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of the folder, as a script in it would."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def randomise(net: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(1)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    for name, buffer in net.named_buffers():
        if "running" in name:
            torch.nn.init.uniform_(buffer, 0.5, 1.5, generator=generator)


def side_by_side(tensors: list[Tensor]) -> Tensor:
    return torch.cat(tensors, dim=1) if len(tensors) > 1 else tensors[0]


def check_equal(benchmark, net: torch.nn.Module, textbook: torch.nn.Module, scalars: bool) -> None:
    pos = torch.randn(sum(SIZES), 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    case = benchmark("cases").Case("mixed", SIZES, pos)
    psi, product = benchmark("textbook").psi, benchmark("textbook").product
    mine, theirs = (pos.clone().requires_grad_() for _ in range(2))

    expected = textbook(theirs, case.edge_index, case.batch, len(SIZES))
    x = psi(product(mine, mine, textbook.metric)) if scalars else None
    found = net(x, mine, batch=case.batch, batch_size=len(SIZES))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)

    cross_entropy(expected, case.y).backward()
    cross_entropy(found, case.y).backward()
    torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-10, atol=1e-10)
    seen = 0
    for tensor, ours in textbook.shared(net):
        if not tensor.requires_grad:
            torch.testing.assert_close(ours[0], tensor, rtol=1e-10, atol=1e-10)
            continue
        torch.testing.assert_close(
            side_by_side([parameter.grad for parameter in ours]), tensor.grad, rtol=1e-10, atol=1e-10
        )
        seen += sum(parameter.numel() for parameter in ours)
    assert seen == sum(parameter.numel() for parameter in net.parameters())
    assert sum(parameter.grad.abs().sum() > 0 for parameter in net.parameters()) > 0.9 * len(list(net.parameters()))


def test_textbook_equals_liegnn(benchmark) -> None:
    metric = minkowski().double()
    net = LieGNN(0, 12, 2, 3, metric=metric, readout="mean").double()
    randomise(net)
    textbook = benchmark("textbook").TextbookLieGNN(12, 2, 3, metric).double().copy_from(net)
    check_equal(benchmark, net, textbook, scalars=False)


@pytest.mark.parametrize("training", [True, False])
def test_textbook_equals_lorentznet(benchmark, training: bool) -> None:
    metric = minkowski().double()
    net = LorentzNet(1, 12, 2, 3, metric=metric, c=0.1).double().train(training)
    randomise(net)
    textbook = benchmark("textbook").TextbookLorentzNet(12, 2, 3, metric, weight=0.1).double().train(training)
    check_equal(benchmark, net, textbook.copy_from(net), scalars=True)


def test_edge_list_is_the_complete_graph_of_every_item(benchmark) -> None:
    from pyg_liesym.nn.message.edges import complete_graph

    case = benchmark("cases").complete(4, 3)
    assert torch.equal(case.edge_index, complete_graph(12, case.batch).edge_index)


def test_necessary_flops(benchmark) -> None:
    case = benchmark("cases").complete(3, 1)
    assert benchmark("engine_peak").necessary_flops(case, 10, 2) == 3 * 6 * 3 * 200


def test_exponent(benchmark) -> None:
    assert benchmark("engine_memory").exponent({"2": 4, "4": 16, "8": None}) == pytest.approx(2.0)


def test_a_case_of_several_processes(benchmark) -> None:
    """The median of the processes' ratios, not the ratio of the medians."""
    times = [
        {"ours": ours, "textbook": textbook, "ratio": textbook / ours, "all": {"ours": [ours]}}
        for ours, textbook in ((1, 2), (2, 3), (1, 3))
    ]
    row = benchmark("engine_speed").together([{"case": "a", "train": step, "infer": step} for step in times])
    assert row["case"] == "a"
    assert row["train"] == row["infer"]
    assert row["train"] == {
        "ours": 1, "textbook": 3, "ratio": 2.0, "ratios": [2.0, 1.5, 3.0], "all": {"ours": [1, 2, 1]},
    }  # fmt: skip


def test_which_cases_are_timed(benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    module = benchmark("engine_speed")
    monkeypatch.setattr(module, "apart", lambda *_, size, **__: size)
    monkeypatch.setattr(module, "together", lambda rows: rows[0])

    def cases(only: str | None) -> list[tuple[int, ...]]:
        return module.speed("liegnn", 1, "cpu", False, 1, 1, only, "tuned")["tables"]["tuned"]

    assert cases("jets") == [(32,), (60,)]
    assert cases("few-jets") == [(32,)]
    assert {len(size) for size in cases("complete")} == {2}
    assert cases(None) == cases("complete") + cases("jets")


@pytest.mark.parametrize("model", ["liegnn", "lorentznet"])
def test_everything_runs(benchmark, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def here(module: str, function: str, threads: int, allocator: str = "default", **options: object) -> object:
        return getattr(benchmark(module), function)(threads=threads, **options)

    for module in ("engine_speed", "engine_memory", "engine_growth", "engine_peak", "engine_profile"):
        monkeypatch.setattr(benchmark(module), "apart", here)
    monkeypatch.setattr(sys, "path", list(sys.path))
    options = ["--quick", "--threads", "1", "--device", "cpu", "--model", model]
    benchmark("engine").main(["all", *options, "--out", str(tmp_path)])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["engine.png", *(f"{name}.json" for name in MEASUREMENTS)]
    )
    tables = capsys.readouterr().out
    for title in ("Seconds, tuned allocator", "Peak memory", "One graph", "Matrix products", "Where the time"):
        assert title in tables
    benchmark("engine").main(
        ["speed", *options, "--only", "jets", "--allocator", "tuned", "--out", str(tmp_path / "jets")]
    )
    assert "default allocator" not in capsys.readouterr().out


def test_taggers_run(benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """All of them, and another setting of the fast one; the ratio of the textbook to itself is one."""
    module = benchmark("taggers")

    def here(module_name: str, function: str, threads: int, allocator: str, **options: object) -> object:
        return getattr(benchmark(module_name), function)(threads=threads, **options)

    monkeypatch.setattr(module, "apart", here)
    monkeypatch.setattr(sys, "path", list(sys.path))
    out = tmp_path / "taggers.json"
    options = ["--quick", "--threads", "1", "--device", "cpu", "--out", str(out)]
    module.main([*options, "--fast", '{"edge_channels": 3}'])
    tables = json.loads(out.read_text())["tables"]
    assert set(tables) == {"default", "tuned"}
    first, *others = tables["default"]
    assert (first["name"], first["train"]["ratio"], first["infer"]["ratio"]) == ("textbook", 1.0, 1.0)
    assert [row["name"] for row in others] == [*TAGGERS, 'liegnn-fast {"edge_channels": 3}']
    rates = [row["train"]["jets_per_second"] / first["train"]["jets_per_second"] for row in others]
    assert rates == pytest.approx([row["train"]["ratio"] for row in others])
    text = capsys.readouterr().out
    for row in others:
        assert f"| {row['name']} | {row['parameters']:,} |" in text
    module.main([*options, "--only", "liegnn-fast", "--tiles", "--record", str(tmp_path / "record.json")])
    runs = json.loads((tmp_path / "record.json").read_text())["runs"]
    tables = json.loads(out.read_text())["tables"]
    book, own, slow = (row["infer"]["all"][0] for row in tables["tuned"])
    numbers = {(run["table"], run["row"]): run["numbers"] for run in runs}["tuned allocator", "liegnn-fast"]
    assert numbers["inference_ratio"] == pytest.approx(book / own)
    assert numbers["inference_of_tiles"] == pytest.approx(slow / own)
    assert numbers["inference"] == pytest.approx(2 / own)


def test_the_released_code_gets_jets_of_one_length(benchmark, tmp_path: Path) -> None:
    pos = torch.randn(sum(SIZES), 4, generator=torch.Generator().manual_seed(0))
    case = benchmark("cases").Case("mixed", SIZES, pos)
    padded = benchmark("released").Padded(case)
    assert padded.num_nodes == 5
    rows = padded.mask[:, 0].nonzero()[:, 0]
    assert rows.tolist() == [0, 1, 2, 3, 4, 5, 10, 11, 12, 15, 16]
    assert torch.equal(padded.pos[rows], pos)
    assert not padded.pos[padded.mask[:, 0] == 0].any()
    target, source = padded.edges
    assert torch.equal(padded.pos[target], pos[case.edge_index[1]])
    assert torch.equal(padded.pos[source], pos[case.edge_index[0]])
    torch.testing.assert_close(padded.scalars[rows, 0], pos[:, 0] ** 2 - (pos[:, 1:] ** 2).sum(1))
    (tmp_path / "models.py").write_text(
        "from torch import nn\n"
        "class LorentzNet(nn.Module):\n"
        "    def __init__(self, *sizes, c_weight, dropout):\n"
        "        super().__init__()\n"
        "        self.embedding = nn.Linear(sizes[0], sizes[1])\n"
        "    def forward(self, scalars, x, edges, node_mask, edge_mask, n_nodes):\n"
        "        return self.embedding(scalars)\n"
    )
    with pytest.raises(ValueError, match=r"graph_dec\.3\.weight"):  # other weights than the released
        benchmark("released").released_lorentznet(tmp_path / "models.py", 8, 2, 2, "cpu")


def test_fields_run(benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    out = tmp_path / "fields.json"
    benchmark("fields").main(["--quick", "--threads", str(torch.get_num_threads()), "--out", str(out)])
    rows = json.loads(out.read_text())["rows"]
    assert len(rows) == 9
    assert all(row["ratio"] > 0 for row in rows)
    assert f"| {rows[0]['ratio']:.2f} | ≤ 1.5 |" in capsys.readouterr().out


def test_bodies_run(benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    out = tmp_path / "bodies.json"
    benchmark("bodies").main(["--quick", "--threads", str(torch.get_num_threads()), "--out", str(out)])
    rows = json.loads(out.read_text())["rows"]
    assert [row["what"] for row in rows] == ["textbook EGNN", "second-order", "vectors"]
    assert rows[0]["ratio"] == 1
    assert f"| {rows[1]['ratio']:.2f} | ≤ 1.5 |" in capsys.readouterr().out


def test_many_bodies_run(benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    module = benchmark("many_bodies")

    def here(module_name: str, function: str, threads: int, **options: object) -> object:
        return getattr(benchmark(module_name), function)(threads=threads, **options)

    monkeypatch.setattr(module, "apart", here)
    monkeypatch.setattr(sys, "path", list(sys.path))
    out = tmp_path / "many_bodies.json"
    module.main(["--quick", "--threads", str(torch.get_num_threads()), "--out", str(out)])
    found = json.loads(out.read_text())
    assert [row["what"] for row in found["rows"]][2:] == ["virtual", "near"]
    assert list(found["growth"]) == ["20", "40"]
    text = capsys.readouterr().out
    assert f"| {found['rows'][2]['ratio']:.2f} | ≤ 0.33 |" in text
    assert "Exponents in the number of bodies" in text


def test_gpu_runs(benchmark, tmp_path: Path, capsys) -> None:
    pytest.importorskip("triton")
    out = tmp_path / "gpu.json"
    benchmark("gpu").main(["--quick", "--jets", "2", "--repeats", "1", "--out", str(out)])
    found = json.loads(out.read_text())
    assert {row["network"] for row in found["errors"]} == {"LieGNN", "LorentzNet", "EGNN"}
    assert all(row["same"] for row in found["errors"])
    assert ("rows" in found) == torch.cuda.is_available()
    assert ("There is no GPU here" in capsys.readouterr().out) != torch.cuda.is_available()


def test_the_order_of_many_ranks(benchmark, tmp_path: Path, capsys) -> None:
    benchmark("many_ranks").main(["--quick", "--out", str(tmp_path / "out")])
    found = json.loads((tmp_path / "out" / "many_ranks.json").read_text())["once"]
    assert [(row["jets"], row["left_out"]) for row in found] == [(405, 21)]
    assert "384, 384 once, 0 twice, 21 left out" in capsys.readouterr().out
    once = benchmark("many_ranks").once
    assert not once([[0] * 32], 32)["good"]
    assert not once([list(range(32))] * 2, 33)["good"]


def test_a_process_of_its_own(benchmark) -> None:
    apart = benchmark("harness").apart
    options = {"name": "ours", "model": "liegnn", "num_nodes": 40, "device": "cpu", "quick": True}
    assert apart("engine_memory", "peak_of_step", 1, **options) > 1_000_000
    with pytest.raises(RuntimeError, match="status 1"):
        apart("engine_memory", "peak_of_step", 1, **options, unknown=0)


def test_the_card_of_a_tagger(benchmark, tmp_path: Path, capsys) -> None:
    generator = torch.Generator().manual_seed(1)  # of 0 to 99 one has p ≤ 0.01, and that is 0
    score = torch.rand(4000, generator=generator)
    label = (torch.rand(4000, generator=generator) < score).long()
    logits = torch.stack([torch.zeros(4000), score.logit()], dim=1)
    mass = 174 + 100 * torch.randn(4000, generator=generator)  # says nothing
    save_file({"logits": logits, "label": label, "mass": mass, "pt": mass.clone()}, tmp_path / "scores.safetensors")
    better = torch.stack([torch.zeros(4000), score.logit() + label], dim=1)
    save_file({"logits": better, "label": label, "mass": mass, "pt": mass.clone()}, tmp_path / "better.safetensors")
    files = [str(tmp_path / "scores.safetensors"), str(tmp_path / "better.safetensors")]
    benchmark("tagger_card").main([*files, "--out", str(tmp_path)])
    said = capsys.readouterr().out
    card = json.loads((tmp_path / "card.json").read_text())[files[0]]
    assert (card["jets"], card["tops"], f"{card['calibration']['p']:.3f}") == (
        4000,
        int(label.sum()),
        re.findall(r"p = (\S+)", said)[0],
    )
    assert sum(card["bins"]["jets"]) == 4000
    assert f"4000 jets, {int(label.sum())} tops" in said
    area, error = map(float, re.findall(r"AUC (\S+) ± (\S+),", said)[0])
    assert area == pytest.approx(5 / 6, abs=3 * error)  # of x against x, drawn with probability x
    assert float(re.findall(r"p = (\S+)", said)[0]) > 0.01
    more, error = map(float, re.findall(r"above that of .*: (\S+) ± (\S+)", said)[0])
    areas = [float(each) for each in re.findall(r"AUC (\S+) ± \S+, accuracy", said)]
    assert more == pytest.approx(areas[1] - areas[0], abs=2e-5)
    assert more > 5 * error
    alone, error = map(float, re.findall(r"mass alone: AUC (\S+) ± (\S+)", said)[0])
    assert alone == pytest.approx(0.5, abs=4 * error)
    cut = float(re.findall(r"\| 0\.5 \| (\S+) \|", said)[0])
    assert (score[label == 1] >= cut).double().mean() == pytest.approx(0.5, abs=1e-3)


def test_the_speeds_of_the_packaged_taggers(benchmark, capsys, monkeypatch) -> None:
    module = benchmark("tagger_card")
    monkeypatch.setattr(module, "NUM_MOVED", 20)
    module.main(["--speed", str(Path(pyg_liesym.__file__).parent / "datasets" / "samples" / "jets.root")])
    found = dict(re.findall(r"^(\S+): (\d+) jets a second$", capsys.readouterr().out, re.MULTILINE))
    assert set(found) == set(packaged_taggers())
    assert min(map(int, found.values())) > 0


def jets_of(pt: Tensor, mass: Tensor, label: Tensor) -> JetArrays:
    """Jets of two massless constituents with transverse momenta and masses, along the x axis."""
    half = (mass / (2 * pt)).asin()
    turns = [torch.stack([torch.ones_like(half), half.cos(), sign * half.sin(), 0 * half], dim=1) for sign in (1, -1)]
    energy = pt / (2 * half.cos())
    return jets_of_arrays((energy[:, None, None] * torch.stack(turns, dim=1)).numpy(), label.numpy())


@pytest.mark.parametrize("shift", [0.0, 40.0])
def test_spectra_are_told_from_what_is_inside(benchmark, tmp_path: Path, capsys, shift: float) -> None:
    """The first tagger tells classes by their masses, the second by their momenta, which weights make the same."""
    generator = torch.Generator().manual_seed(0)
    label = torch.arange(6000) % 2
    pt = 600 + 40 * torch.randn(6000, generator=generator) + shift * label
    mass = 100 + 20 * torch.randn(6000, generator=generator) + 20 * label
    for name, part in (("train", slice(0, 3000)), ("test", slice(3000, None))):
        save_jets(tmp_path / f"{name}.root", jets_of(pt[part], mass[part], label[part]), JetSchema())

    module = benchmark("tagger_spectra")
    by = {"mass": mass[3000:].double(), "momentum": pt[3000:].double()}
    module.scores = lambda name, jets: by[name]
    files = [str(tmp_path / f"{name}.root") for name in ("train", "test")]
    module.main([*files, "--taggers", "mass", "momentum", "--out", str(tmp_path / "out.json")])
    found = json.loads((tmp_path / "out.json").read_text())
    assert f"pT and eta alone: AUC {found['spectra']:.4f}" in capsys.readouterr().out
    first, second = found["taggers"]
    assert first["more"] == first["weighted_more"] == 0
    assert second["more"] == pytest.approx(second["auc"] - first["auc"], abs=1e-6)
    apart = 0.76 if shift else 0.5
    assert found["spectra"] == pytest.approx(apart, abs=0.04)
    assert second["auc"] == pytest.approx(apart, abs=0.04)
    assert second["weighted"] == pytest.approx(0.5, abs=0.05)
    assert first["weighted"] == pytest.approx(0.76, abs=0.04)
    assert (first["with_spectra"] > 4 * first["with_spectra_error"]) == (shift > 0)
    assert second["with_spectra"] <= 4 * second["with_spectra_error"]
