from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_liesym.cli.main import main
from pyg_liesym.cli.reproduce import molecule_splits, molecules
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.molecule_networks import NETWORKS, MoleculeWidths, SumOfAtoms, molecule_network
from pyg_liesym.cli.reproduce.molecule_splits import ORDER, MoleculeTraining
from pyg_liesym.cli.reproduce.molecules import Molecules
from pyg_liesym.datasets.molecules.qm9 import QM9, TARGETS
from pyg_liesym.datasets.packing import pack
from pyg_liesym.testing.equivariance import randomize_parameters

SMALL = MoleculeWidths(hidden=8, num_layers=2, vector_hidden=8, vector_layers=2, channels=2, edge_channels=8)
BRIEF = MoleculeTraining(num_train=2000, num_val=20, num_test=30, epochs=1, batch_size=100)
STRETCH = torch.diag(torch.tensor([1.0, 1.0, 1.5], dtype=torch.float64))


class Drawn(QM9):
    """Molecules at random whose extent is the trace of their second moments."""

    def _read(self) -> tuple[Data, dict[str, Tensor]]:
        generator = torch.Generator().manual_seed(0)
        counts = torch.randint(3, 6, (3000,), generator=generator)
        total = int(counts.sum())
        z = torch.tensor([1, 6, 7, 8, 9])[torch.randint(5, (total,), generator=generator)]
        pos = torch.randn(total, 3, generator=generator)
        number = torch.arange(len(counts))
        node = {"z": z, "pos": pos, "charge": torch.zeros(total)}
        batch = number.repeat_interleave(counts)
        weight = z[:, None] * torch.ones(1, 3)
        zero = torch.zeros(len(counts), 3)
        centre = zero.index_add(0, batch, weight * pos) / zero.index_add(0, batch, weight)
        extent = torch.zeros(len(counts)).index_add(0, batch, (z[:, None] * (pos - centre[batch]).square()).sum(1))
        y = torch.randn(len(counts), 12, generator=generator)
        y[:, TARGETS.index("r2")] = extent
        graph = {"y": y, "rotational": zero, "polarisability": torch.zeros(len(counts), 3, 3), "number": number}
        return pack(counts, node, graph)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(molecules, "QM9", Drawn)
    monkeypatch.setattr(molecule_splits, "QM9", Drawn)
    molecule_splits.molecule_splits.cache_clear()
    return tmp_path / "data"


def randomised(name: str, metric: Tensor | None = None) -> Any:
    net = molecule_network(name, SMALL, 12, metric).double()
    return randomize_parameters(net, generator=torch.Generator().manual_seed(0))


def molecule() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.eye(5, dtype=torch.float64)[torch.randint(5, (7,), generator=generator)]
    return x, torch.randn(7, 3, generator=generator, dtype=torch.float64), torch.tensor([0, 0, 0, 1, 1, 1, 1])


def published(net: SumOfAtoms, x: Tensor, pos: Tensor) -> Tensor:
    """EGNN for one molecule, written out pair by pair: Satorras et al. 2021, eqs. 3, 5, 6 and 8, and Section 5.3."""
    silu, atoms = torch.nn.functional.silu, net.atoms
    h = atoms.embedding(x)
    for conv in atoms.convs:
        edge, new = conv.edge_map, []
        first = torch.cat([edge.lin_target.weight, edge.lin_source.weight, edge.lin_edge.weight], dim=1)
        for i in range(len(x)):
            total = torch.zeros_like(h[i])
            for j in range(len(x)):
                if i != j:
                    seen = torch.cat([h[i], h[j], (pos[i] - pos[j]).square().sum()[None]])
                    message = silu(edge.phi_e[1](silu(first @ seen + edge.lin_target.bias)))
                    total = total + torch.sigmoid(edge.phi_m[0](message)) * message
            new.append(h[i] + conv.phi_h[2](silu(conv.phi_h[0](torch.cat([h[i], total])))))
        h = torch.stack(new)
    decoded = net.decoder[3](silu(net.decoder[0](h))).sum(0)
    return net.head[3](silu(net.head[0](decoded)))


def test_egnn_is_the_published_formula() -> None:
    egnn = randomised("egnn")
    x, pos, batch = molecule()
    slow = torch.stack([published(egnn, x[batch == k], pos[batch == k]) for k in (0, 1)])
    torch.testing.assert_close(egnn(x, pos, batch=batch, batch_size=2), slow, rtol=1e-10, atol=1e-10)


def test_liegnn_with_the_identity_is_the_published_network() -> None:
    """The same weights, the same numbers; LieGNN's own head is EGNN's decoder of atoms."""
    egnn, liegnn = randomised("egnn"), molecule_network("liegnn", SMALL, 12).double()
    named = {f"atoms.{name}": value for name, value in egnn.atoms.state_dict().items()}
    named |= {f"atoms.head.{name}": value for name, value in egnn.decoder.state_dict().items()}
    named |= {f"head.{name}": value for name, value in egnn.head.state_dict().items()}
    mine = liegnn.state_dict()
    shared = {name: value for name, value in named.items() if "metric" not in name}
    assert {name for name in mine if "metric" not in name} == set(shared)
    liegnn.load_state_dict(mine | shared)
    x, pos, batch = molecule()
    torch.testing.assert_close(
        liegnn(x, pos, batch=batch, batch_size=2), egnn(x, pos, batch=batch, batch_size=2), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("name", ["liegnn", "vectors"])
def test_the_right_metric_undoes_a_stretch_and_another_does_not(name: str) -> None:
    x, pos, batch = molecule()
    inverse = torch.linalg.inv(STRETCH)
    run = lambda net, where: net(x, where, batch=batch, batch_size=2)  # noqa: E731
    plain = run(randomised(name), pos)
    conjugate = randomised(name, inverse.mT @ inverse)
    torch.testing.assert_close(run(conjugate, pos @ STRETCH.mT), plain, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(run(randomised(name), pos @ STRETCH.mT), plain, rtol=1e-3)


@pytest.mark.parametrize("metric", [torch.eye(3), torch.stack([torch.eye(3), torch.diag(torch.tensor([1.0, 1, 0]))])])
def test_products_of_sums_of_vectors_are_heard_for_every_form(metric: Tensor) -> None:
    x, pos, batch = molecule()
    net = randomised("vectors", metric)
    before = net(x, pos, batch=batch, batch_size=2)
    first = net.head[0].weight
    assert first.size(1) == SMALL.vector_hidden + SMALL.summed_vectors**2 * (1 if metric.dim() == 2 else 2)
    with torch.no_grad():
        first[:, SMALL.vector_hidden :] = 0
    assert not torch.allclose(net(x, pos, batch=batch, batch_size=2), before, rtol=1e-3)


def test_all_networks_stand_beside_the_median(root: Path, tmp_path: Path) -> None:
    experiment = Molecules(("median", "egnn", "vectors, J found"), ("vectors, J found",), (0,), training=BRIEF)
    sitting = Sitting(out=tmp_path / "runs", accelerator="cpu", progress=False)
    settings: dict[str, Any] = {"widths": SMALL, "root": root, "discovery_molecules": 2000}
    record = run_experiment(Molecules(**{**vars(experiment), **settings}), sitting)
    median, egnn, found, stretched = (run["numbers"] for run in record["runs"])
    assert median["relative"] == pytest.approx(1.0)
    test = Drawn(None, "test", from_atoms=True)[:30]
    train = Drawn(None, "train", from_atoms=True)[:2000]
    expected = (test.target("gap") - train.target("gap").median()).abs().mean()
    assert median["gap"] == pytest.approx(1000 * float(expected), rel=1e-5)
    assert set(ORDER) < set(egnn)
    assert egnn["relative"] == pytest.approx(sum(egnn[name] / median[name] for name in ORDER) / 12)
    assert {path.name for path in (tmp_path / "runs").glob("*.png")} == {"errors.png", "metric.png"}
    (moved,) = [one for one in record["comparisons"] if one["second"] == "vectors, J found"]
    assert moved["mean"] == pytest.approx(stretched["relative"] / found["relative"])
    assert moved["below"] == sum(stretched[name] < found[name] for name in ORDER)
    for numbers, factor in ((found, 1.0), (stretched, 1.5)):
        assert (numbers["dim"], numbers["angle"] < 2) == (3, True)
        J = torch.tensor(numbers["metric"])
        torch.testing.assert_close(J / J[0, 0], torch.diag(torch.tensor([1, 1, factor**-2])), rtol=0.05, atol=0.02)


def test_a_network_for_each_target(root: Path, tmp_path: Path) -> None:
    experiment = Molecules(("median",), (), (0, 1), training=MoleculeTraining(one_each=True), root=root)
    record = run_experiment(experiment, Sitting(out=tmp_path, accelerator="cpu", progress=False))
    assert [run["table"] for run in record["runs"]] == list(ORDER)
    assert {name for run in record["runs"] for name in run["numbers"]} == {*ORDER, "relative"}


def test_the_full_protocol_starts(root: Path, tmp_path: Path) -> None:
    """As a file of settings it is EGNN's; with fewer molecules and narrow layers it runs through."""
    words = f"reproduce molecules --config molecules-full --models [egnn] --stretched [] --seeds [1] --root {root}"
    small = "--training.epochs 1 --training.num_train 96 --training.num_val 4 --training.num_test 4"
    narrow = f"--widths.hidden 4 --widths.num_layers 1 --out {tmp_path / 'runs'} --progress false --accelerator cpu"
    main(f"{words} {small} {narrow}".split())
    record = json.loads((tmp_path / "runs" / "result.json").read_text())
    assert [run["folder"] for run in record["runs"]] == [f"{name}/egnn-seed1" for name in ORDER]
    training = record["runs"][0]["settings"]["training"]
    assert (training["batch_size"], training["lr"], training["one_each"]) == (96, 1e-3, True)


def test_refuses_what_there_is_not() -> None:
    with pytest.raises(ValueError, match="there is no model painn"):
        list(Molecules(models=("painn",)).jobs())
    with pytest.raises(ValueError, match="there is no network 'painn'"):
        molecule_network("painn", SMALL, 1)
    with pytest.raises(ValueError, match="EGNN has no metric"):
        molecule_network("egnn", SMALL, 1, torch.eye(3))
    sizes = {
        name: sum(p.numel() for p in molecule_network(name, MoleculeWidths(), 12).parameters()) for name in NETWORKS
    }
    assert max(sizes.values()) < 1.05 * min(sizes.values())
