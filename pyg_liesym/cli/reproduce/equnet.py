"""Networks that keep symmetries of the Navier–Stokes equations, on flows moved by each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader
from torch_geometric.data import Data

from pyg_liesym.cli.files import save_figure, save_tensors
from pyg_liesym.cli.reproduce.equnet_data import MOVED, ConvectionData, ConvectionFlows, Moved
from pyg_liesym.cli.reproduce.equnet_networks import BACKBONES, KEEPS, Backbone, Keeps, build_network
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.cli.reproduce.training import fit_best
from pyg_liesym.metrics.flows import energy_spectrum, spectrum_error
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.plot.flow import plot_flow_forecasts
from pyg_liesym.plot.spectra import plot_spectra
from pyg_liesym.systems.field_forecasting import FieldForecasting


@dataclass(frozen=True)
class FlowTraining:
    """What every network gets alike.

    Args:
        history: Frames that a network is given.
        horizon: Frames that it forecasts in training and validation.
        test_horizon: Frames that it forecasts in the tests.
        budget: Parameters; each network is as wide as they allow.
        epochs: Rounds of training, each with a validation after it; the best weights are tested.
        steps: Batches in a round.
        batch_size: Windows in a batch.
        rates: Learning rate of Adam, by what a network keeps where it is not that of ``nothing``.
        decay: Factor of the rate after each round.
        val_windows: Windows that validate.
        test_windows: Windows of each test set.
    """

    history: int = 4
    horizon: int = 3
    test_horizon: int = 6
    budget: int = 12_000
    epochs: int = 20
    steps: int = 100
    batch_size: int = 8
    rates: dict[str, float] = field(default_factory=lambda: {"nothing": 5e-3, "Scale": 1e-2})
    decay: float = 0.9
    val_windows: int = 70
    test_windows: int = 140


@dataclass(frozen=True)
class EquNet(Experiment):
    """Residual networks and U-Nets that keep symmetries of flows, on convection as it is and moved by each symmetry.

    After "Incorporating Symmetry into Deep Dynamics Models for Improved Generalization" (Wang, Walters, Yu, ICLR 2021),
    tables 1 and 2, with flows that are simulated here and small networks, so that the numbers are not those of the
    paper. All networks see Rayleigh–Bénard convection alone; the tests are a box that they have not seen, as it is, in
    uniform motion, of another magnitude, turned by quarters, and scaled by λ = ½ in space and time.

    Errors of a test set are over those of "nothing changes" on the same set, as all symmetries but turns and motion
    change the size of what is to be forecast.

    Args:
        backbones: ``ResNet`` or ``U-Net``.
        keeps: What the networks keep: nothing, uniform motion (``UM``), magnitude (``Mag``), quarter turns (``Rot``),
            scalings (``Scale``), or the three of them that go together.
        seeds: Of weights and order.
        flows: The data.
        training: What all get alike.
    """

    name: ClassVar[str] = "equnet"
    which: ClassVar[tuple[str, ...]] = ("seeds", "backbones", "keeps")
    backbones: tuple[Backbone, ...] = BACKBONES
    keeps: tuple[Keeps, ...] = KEEPS
    seeds: tuple[int, ...] = (1, 2, 3)
    flows: ConvectionFlows = ConvectionFlows()
    training: FlowTraining = FlowTraining()

    def jobs(self) -> Iterator[Job]:
        """Every network with one seed after the other."""
        for given, known in ((self.backbones, BACKBONES), (self.keeps, KEEPS)):
            if unknown := set(given) - set(known):
                raise ValueError(f"there is no {', '.join(sorted(unknown))}; there are {'; '.join(known)}")
        for seed in self.seeds:
            for backbone in self.backbones:
                for keeps in self.keeps:
                    yield Job(keeps, seed, {**self.settings(), "backbone": backbone, "keeps": keeps}, backbone)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train a network, and score it on every test set."""
        rules = self.training
        L.seed_everything(job.seed, verbose=False)
        data = ConvectionData(
            self.flows, rules.history, horizon=rules.horizon, test_horizon=rules.test_horizon,
            batch_size=rules.batch_size, seed=job.seed, val_windows=rules.val_windows, test_windows=rules.test_windows,
        )  # fmt: skip
        scale, step = data.sizes()
        net = build_network(
            job.settings["backbone"], job.settings["keeps"],
            history=rules.history, budget=rules.budget, scale=scale, step=step,
        )  # fmt: skip
        rate = rules.rates.get(job.settings["keeps"], rules.rates["nothing"])
        system = FieldForecasting(net, lr=rate, weight_decay=0.0, decay=rules.decay)
        loaders = data.train_dataloader(), data.val_dataloader()
        numbers = fit_best(
            system, loaders, bench, rules.epochs, "val_rmse", between="epochs", limit_train_batches=rules.steps
        )[1]
        net = net.cpu().eval()
        kept = bench.folder if job.seed == self.seeds[0] else None
        for name, windows in zip(MOVED, data.test_dataloader(), strict=True):
            numbers |= _score(net, windows, name, kept)
        (bench.folder / "last.ckpt").unlink(missing_ok=True)
        still = numbers["error original"]
        return numbers | {f"grows {name}": numbers[f"error {name}"] / still for name in MOVED[1:]}

    def columns(self, table: str) -> Sequence[Column]:
        """The error on the flow as it is, by how much it grows when the flow is moved, and spectra."""
        return (
            Column("error original", "error, original"),
            *(Column(f"grows {name}", f"× if {name}", 2) for name in MOVED[1:]),
            *(Column(f"ese {name}", f"ESE, {name}", 3) for name in MOVED),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Each network beside the plain one, on what its symmetry moves; forecasts and spectra as pictures."""
        found: dict[str, Any] = {"comparisons": []}
        for backbone in dict.fromkeys(run["table"] for run in runs):
            own = [run for run in runs if run["table"] == backbone]
            for keeps in (keeps for keeps in KEEPS[1:] if any(run["row"] == keeps for run in own)):
                for moved in keeps.split(", "):
                    ratios = paired(own, f"error {moved}", keeps, "nothing", ratio=True)
                    found["comparisons"] += [] if ratios is None else [{"table": backbone, **ratios}]
            _draw(out, backbone, own)
        return found


@torch.no_grad()
def _score(net: FieldForecaster, windows: DataLoader[Data], name: Moved, folder: Path | None) -> dict[str, float]:
    """Errors of the forecasts, and of their spectra; one of them and the spectra are left in the folder."""
    seen, truth, forecast = [], [], []
    for batch in windows:
        seen.append(batch.x[:, -1:])
        truth.append(batch.y)
        forecast.append(net.rollout(batch.x, batch.y.size(1)))
    last, following, said = torch.cat(seen), torch.cat(truth), torch.cat(forecast)
    rmse, still = (float((one - following).square().mean().sqrt()) for one in (said, last))
    if folder is not None:
        middle = len(said) // 2
        spectra = {"spectrum": energy_spectrum(said), "true spectrum": energy_spectrum(following)}
        kept = {key: one.flatten(0, -2).mean(0) for key, one in spectra.items()}
        save_tensors(folder / f"{name}.safetensors", {**kept, "truth": following[middle], "forecast": said[middle]})
    return {
        f"error {name}": rmse / still, f"rmse {name}": rmse, f"ese {name}": float(spectrum_error(said, following)),
    }  # fmt: skip


def _draw(out: Path, backbone: str, runs: Sequence[Run]) -> None:
    """Forecasts of the flow in uniform motion, and spectra of the flow as it is."""
    folders = {run["row"]: out / run["folder"] for run in reversed(runs)}
    kept = {
        name: {row: load_file(path) for row, own in folders.items() if (path := own / f"{name}.safetensors").exists()}
        for name in ("UM", "original")
    }
    if not all(kept.values()):
        return
    truth = next(iter(kept["UM"].values()))["truth"]
    forecasts = {row: own["forecast"] for row, own in kept["UM"].items()}
    save_figure(out / f"{backbone}.png", plot_flow_forecasts(truth, forecasts, title=f"{backbone}: in uniform motion"))
    spectra = {"truth": next(iter(kept["original"].values()))["true spectrum"]}
    spectra |= {row: own["spectrum"] for row, own in kept["original"].items()}
    save_figure(out / f"{backbone}-spectra.png", plot_spectra(spectra, title=backbone))
