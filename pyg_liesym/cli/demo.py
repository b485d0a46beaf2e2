"""``liesym demo``: the whole idea on packaged jets and simulated orbits, with a report."""

from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch_geometric.data import Batch

from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.page import Page
from pyg_liesym.cli.reproduce.experiment import Bench, Sitting
from pyg_liesym.cli.reproduce.jets_tagging import SmallTagger, train_tagger
from pyg_liesym.cli.symmetry_report import describe
from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.training import quiet
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import euclidean_metric, minkowski
from pyg_liesym.metrics.equivariance import equivariance_error
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.progress import ProgressBar
from pyg_liesym.systems.forecasting import TrajectoryForecasting

_MOMENTUM = ("E", "px", "py", "pz")


def demo(out: Path = Path("runs/demo"), seed: int = 0) -> dict[str, Any]:
    """Discover the symmetry of orbits and jets, train networks that obey it, and leave a report with pictures.

    Takes a few minutes on two cores, and neither a network nor Pythia: the orbits are simulated, the jets come with the
    package.

    Args:
        out: Folder of the report; open its `index.html`.
        seed: Seed of everything random.
    """
    started = time.monotonic()
    page = Page(out, "", about="pyg_liesym: find the symmetry in data, and use it")
    page.text(
        "Nobody tells the program below what a rotation or a Lorentz boost is. It watches data, looks for "
        "transformations that an adversary cannot tell from the data themselves, and computes the metric J that those "
        "transformations keep. A network whose messages use nothing but J-products then obeys the symmetry exactly."
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks are small: a second thread waits more than it works
    try:
        with quiet(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            orbits = _orbits(page, seed)
            jets = _jets(page, seed)
    finally:
        torch.set_num_threads(threads)
    rows = [*orbits.pop("rows"), *jets.pop("rows")]
    page.title = (
        f"Orbits keep {orbits['orbits_algebra'].split(',')[0]}; jets keep Minkowski's metric to a cosine of "
        f"{jets['jets_cosine']:.4f}"
    )
    page.heading("All numbers")
    page.table(("", "result"), rows)
    summary = {**orbits, **jets, "seconds": time.monotonic() - started, "seed": seed}
    write_json(out / "summary.json", summary)
    _print_table(rows)
    print(f"\n{summary['seconds']:.0f} s. Report with pictures: {page.write()}")
    return summary


def _orbits(page: Page, seed: int) -> dict[str, Any]:
    print("[1/4] Discovering the symmetry of two-body orbits", flush=True)
    train = simulate_orbits("two_body", num_orbits=200, seed=seed)
    x, y = (torch.from_numpy(state).float().unflatten(1, (-1, 2)) for state in one_step_pairs(train))
    found = LieGAN(1).fit(x, y, seed=seed)
    found.save(page.folder / "orbits")
    page.heading("1. Two bodies circling each other")
    page.text(
        f"{len(x)} pairs of states, each two positions and two momenta in the plane, and the state a moment later. "
        "Newton's law does not change when the plane is turned; does the program find that?"
    )
    test = simulate_orbits("two_body", "test", num_orbits=20, seed=seed)
    unseen = [torch.from_numpy(state).unflatten(1, (-1, 2)) for state in one_step_pairs(test)]
    orbit = torch.arange(len(test.pos)).repeat_interleave(len(unseen[0]) // len(test.pos))
    describe(page, found, found.certify(*unseen, groups=orbit, seed=seed), "orbits", ("x", "y"))

    print("[2/4] Training LieGNN on the orbits with the discovered metric", flush=True)
    network = LieGNN(4, 32, 1, 3, metric=found.metric.scaled().J)
    system = _forecaster(network, x, y, seed)
    truth = torch.from_numpy(test.pos).float()
    start = torch.cat([_tensor(test.pos[:, 0]), _tensor(test.mom[:, 0])], dim=1)
    steps = 20
    rollout = system.rollout(_states(start), steps).unflatten(1, (len(start), 4))[:, :, :2].transpose(0, 1)
    error = (rollout - truth[:, 1 : steps + 1]).norm(dim=-1).mean(dim=(0, 2))
    from pyg_liesym.plot.rollout import plot_rollout

    page.figure(
        "orbits-rollout",
        plot_rollout(truth[:, 1 : steps + 1], rollout, dt=20 / 49),
        "Orbits of a test system that the network has not seen, and its forecast when every answer is fed back as the "
        "next question.",
    )
    cosine = abs(float(torch.nn.functional.cosine_similarity(
        found.algebra.basis[0].flatten(), LieAlgebra.rotation(2).basis[0].flatten(), dim=0
    )))  # fmt: skip
    name = str(found.algebra.identify()[0])
    rows = [
        ("orbits: algebra found", name),
        ("orbits: |cosine| to the rotation", f"{cosine:.5f}"),
        (f"orbits: mean distance after 1 / {steps} steps of rollout", f"{error[0]:.4f} / {error[-1]:.3f}"),
    ]
    return {"rows": rows, "orbits_cosine": cosine, "orbits_algebra": name, "orbits_rollout_error": error.tolist()}


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(array).float()


def _states(start: Tensor) -> Batch:
    return next(iter(PackedLoader(VectorPairs(start, start), len(start))))


def _forecaster(network: LieGNN, x: Tensor, y: Tensor, seed: int) -> TrajectoryForecasting:
    L.seed_everything(seed, verbose=False)
    system = TrajectoryForecasting(network, lr=3e-3, decay=True)
    _trainer(max_epochs=40).fit(system, PackedLoader(VectorPairs(x, y), 256, shuffle=True, drop_last=True, seed=seed))
    return system.eval()


def _trainer(**options: Any) -> L.Trainer:
    bars: list[L.Callback] = [ProgressBar()] if options.get("enable_progress_bar", True) else []
    return L.Trainer(
        callbacks=bars, accelerator="cpu", logger=False, enable_checkpointing=False, enable_model_summary=False,
        limit_val_batches=0, **options
    )  # fmt: skip


def _jets(page: Page, seed: int) -> dict[str, Any]:
    print("[3/4] Discovering the metric of jets", flush=True)
    found = LieGAN(7).fit(*leading_constituents(Jets(split="train", max_constituents=2)), seed=seed)
    unseen = leading_constituents(Jets(split="test", max_constituents=2))
    found.save(page.folder / "jets")
    page.heading("2. Jets of top quarks and of light quarks and gluons")
    page.text(
        "Four-momenta (E, px, py, pz) of the two hardest particles of each simulated jet, and the jet's class. Seven "
        "matrices are offered, one more than the Lorentz group has."
    )
    describe(page, found, found.certify(*unseen, seed=seed), "jets", _MOMENTUM)
    from pyg_liesym.plot.metric import plot_metric

    page.figure(
        "jets-metric-compared",
        plot_metric(found.metric, minkowski(), coordinates=_MOMENTUM, title="Discovered J against Minkowski's"),
        "The metric found beside that of special relativity: energy with one sign, momenta with the other.",
    )
    rows, result = _taggers(page, found, seed)
    cosine = found.metric.cosine(minkowski())
    norm_two = found.metric.scaled().J.diagonal().tolist()
    rows = [("jets: diagonal of the metric found, at norm 2", "  ".join(f"{value:+.3f}" for value in norm_two)),
            ("jets: cosine of J to Minkowski's", f"{cosine:+.5f}"), *rows]  # fmt: skip
    return {"rows": rows, "jets_cosine": cosine, **result}


def _taggers(page: Page, found: DiscoveredSymmetry, seed: int) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    print("[4/4] Training LieGNN taggers with the discovered J, Minkowski's and I", flush=True)
    from pyg_liesym.plot.roc import plot_roc

    train, test = (Jets(split=split, max_constituents=20) for split in ("train", "test"))
    metrics = {"discovered J": found.metric.J, "Minkowski": minkowski(), "J = I": euclidean_metric(4)}
    curves, errors = {}, {}
    boost = LieAlgebra.lorentz().exp(torch.tensor([0.5, 0.0, 0.3, 0.2, 0.0, 0.4], dtype=torch.float64))
    sample = next(iter(PackedLoader(test, 50)))
    for name, metric in metrics.items():
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), Sitting(accelerator="cpu"))
            net, curves[name] = train_tagger(metric, train, test, SmallTagger(), epochs=5, seed=seed, bench=bench)
        net = net.double()
        errors[name] = equivariance_error(
            lambda p4, net=net: torch.softmax(net(None, p4, batch=sample.batch), -1)[:, 1],
            [sample.p4.double()], [boost], [None],
        )  # fmt: skip
    page.text(
        f"Three networks, equal but for the metric, learn from {len(train)} jets to tell top from the rest, and are "
        f"scored on {len(test)} others. The area under the curve (AUC) is the chance that a top jet scores higher."
    )
    page.figure("jets-roc", plot_roc(curves), "Background rejected against signal kept; higher is better.")
    page.table(
        ("metric", "AUC", "change of the scores when every jet is boosted and turned"),
        [(name, f"{curves[name].auc:.4f}", f"{errors[name]:.1e}") for name in metrics],
    )
    rows = [(f"jets: AUC of LieGNN, {name}", f"{curve.auc:.4f}") for name, curve in curves.items()]
    return rows, {"auc": {name: curve.auc for name, curve in curves.items()}, "boost_error": errors}


def _print_table(rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in rows)
    print("\n" + "\n".join(f"  {name:<{width}}   {value}" for name, value in rows))
