"""Bodies followed by feeding every forecast back, and what of their energy and momenta is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging
from safetensors.torch import load_file
from torch import Tensor, nn

from pyg_liesym.cli.files import save_figure, save_tensors
from pyg_liesym.cli.reproduce.bodies import STEPS, TIME, Bodies
from pyg_liesym.cli.reproduce.charged_particles import fit_and_test
from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.rolling import Moves, Pairs, Step, WithMeanVelocity, WithVelocity, charged, roll_out
from pyg_liesym.cli.reproduce.rollout_scores import scores
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.cli.reproduce.training import load_best
from pyg_liesym.datasets.simulation.n_body import Bodies as Start
from pyg_liesym.datasets.simulation.n_body import BodyTrajectories, simulate_bodies
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES, NBodyKind, NBodySplit, simulate_n_body
from pyg_liesym.plot.rollout import plot_rollout
from pyg_liesym.systems.forecasting import TrajectoryForecasting

FRAMES = 1000 // STEPS
"""Frames that a step of a rollout looks ahead."""
SPAN = TIME * FRAMES
SYSTEMS: dict[NBodySplit, int] = {"train": 3000, "val": 500}
"""Of which all frames train."""
_SHOWN = (1, 3, 5)
_ANSWER: dict[str, Callable[[nn.Module], nn.Module]] = {
    "second-order": WithVelocity,
    "second-order, mean velocity": lambda net: WithMeanVelocity(net, SPAN),
    "egnn": lambda net: WithMeanVelocity(net, SPAN),
}


@dataclass(frozen=True)
class Rollouts(Experiment):
    """Follow charged particles and masses 1000 steps at a time, every forecast the input of the next.

    The first networks are those that ``liesym reproduce bodies`` left, trained on positions at one time alone:
    ``second-order`` has velocities of its own, ``egnn`` goes on with the mean velocity of its move, since its answer
    has none. A rollout leaves the time that they were trained at. So the same networks are trained on positions and
    velocities from all times of the rollout, with as many pairs an epoch: ``second-order`` by Verlet's scheme, since
    Euler's cannot give both; ``egnn`` as two of them, one for the velocities. All start from the same test systems.
    Beside them are straight motion and the simulator itself, started from states rounded to single precision: how far
    two motions that begin alike come apart.

    Args:
        systems: ``charged``, ``gravity``.
        models: Rows of the table.
        seeds: Seeds of the weights; the systems are the same for all.
        steps: Steps of a rollout.
        num_systems: Test systems.
        epochs: Passes of 3000 pairs, of networks for all times.
        trained: Folder of the runs of ``bodies``.
    """

    name: ClassVar[str] = "rollouts"
    which: ClassVar[tuple[str, ...]] = ("seeds", "models", "systems")
    known: ClassVar[tuple[str, ...]] = (
        "simulator, rounded start",
        "straight",
        "egnn",
        "second-order",
        "second-order, mean velocity",
        "egnn, all times",
        "second-order, all times",
    )
    systems: tuple[NBodyKind, ...] = ("charged", "gravity")
    models: tuple[str, ...] = known
    seeds: tuple[int, ...] = (1, 2, 3)
    steps: int = 5
    num_systems: int = 1000
    epochs: int = 140
    trained: Path = Path("runs/bodies")

    def jobs(self) -> Iterator[Job]:
        """Every network on every kind of systems; what has no weights once."""
        rows = chosen("model", self.models, dict.fromkeys(self.known))
        sizes = {"steps": self.steps, "num_systems": self.num_systems}
        for kind in self.systems:
            for row in rows:
                weights = self.seeds if row not in self.known[:2] else self.seeds[:1]
                training = self._bodies.settings() if row.endswith("all times") else {}
                yield from (Job(row, seed, {**sizes, **training}, kind) for seed in weights)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train where it is to be trained, roll out and compare."""
        kind: NBodyKind = job.table  # type: ignore[assignment]
        truth = _simulated(kind, "test", self.num_systems, self._frames(kind))
        pos, vel, charge = (torch.from_numpy(part).float() for part in (truth.pos, truth.vel, truth.charge))
        if job.row == self.known[0]:
            q, p = _simulated_on(kind, pos[:, 0], vel[:, 0], charge, self.steps)
            return scores(kind, truth, q, p)
        trained: dict[str, Any] = {}
        if job.row == "straight":
            step: Step = lambda q, p: (q + SPAN * p, p)  # noqa: E731
        elif job.row.endswith("all times"):
            net, trained = self._train(job, kind, bench)
            step = _step(net, charge)
        else:
            step = _step(self._load(job, kind, bench), charge)
        q, p = roll_out(step, pos[:, 0], vel[:, 0], self.steps)
        save_tensors(bench.folder / "rollout.safetensors", {"pos": q, "truth": pos})
        return scores(kind, truth, q, p) | trained

    @property
    def _bodies(self) -> Bodies:
        """Sizes and training of the networks for all times."""
        return Bodies(epochs=self.epochs)

    def _frames(self, kind: NBodyKind, every: int = FRAMES) -> tuple[int, ...]:
        first = RECIPES[kind].frames[0]
        return tuple(range(first, first + FRAMES * self.steps + 1, every))

    def _load(self, job: Job, kind: NBodyKind, bench: Bench) -> nn.Module:
        """The network that ``bodies`` trained."""
        row = job.row.partition(",")[0]
        folder = self.trained / Job(row, job.seed, {}, f"{kind}, 1000 steps").folder
        if not (folder / "result.json").exists():
            raise ValueError(
                f"there is no trained network in {folder}: name the folder of its runs by --trained, or train it, "
                f"liesym reproduce bodies --systems '[{kind}]' --models '[{row}]' --horizons '[1000]'"
            )
        found = json.loads((folder / "settings.json").read_text())
        sizes = {one.name: found[one.name] for one in fields(Bodies) if one.name in found}
        system = TrajectoryForecasting(Bodies(**sizes).networks()[row](SPAN))
        load_best(system, replace(bench, folder=folder))
        return _ANSWER[job.row](system.net).eval()

    def _train(self, job: Job, kind: NBodyKind, bench: Bench) -> tuple[nn.Module, dict[str, Any]]:
        """A network trained on positions and velocities from all times of the rollout."""
        L.seed_everything(job.seed, verbose=False)
        system = TrajectoryForecasting(self._networks()[job.row], lr=self._bodies.lr, weight_decay=0.0, warm_up=300)
        averaging = EMAWeightAveraging(decay=self._bodies.decay)
        sizes = SYSTEMS | {"test": self.num_systems}
        splits = {name: self._pairs(kind, name, size) for name, size in sizes.items()}
        options: dict[str, Any] = {"gradient_clip_val": 1.0, "limit_train_batches": 30}
        numbers = fit_and_test(system, splits, job.seed, bench, self._bodies.epochs, averaging, **options)
        return system.net.eval(), {f"pairs_{name}" if "mse" in name else name: own for name, own in numbers.items()}

    def _networks(self) -> Mapping[str, nn.Module]:
        second, egnn = (self._bodies.networks("verlet")[name] for name in ("second-order", "egnn"))
        return {
            "second-order, all times": WithVelocity(second(SPAN)),
            "egnn, all times": WithVelocity(Moves(egnn(SPAN), egnn(SPAN), SPAN)),
        }

    def _pairs(self, kind: NBodyKind, split: NBodySplit, systems: int) -> Pairs:
        """States at every fifth frame, and those 1000 steps later."""
        every = FRAMES // 2
        found = _simulated(kind, split, systems, self._frames(kind, every))
        both = torch.from_numpy(found.pos).float(), torch.from_numpy(found.vel).float()
        pos, vel = (part[:, :-2].flatten(0, 1) for part in both)
        later = torch.cat([part[:, 2:] for part in both], dim=-1).flatten(0, 1)
        charge = torch.from_numpy(found.charge).float().repeat_interleave(len(pos) // systems, 0)
        return Pairs(charged(pos, vel, charge), vel, later)

    def columns(self, table: str) -> Sequence[Column]:
        """Errors, then what is lost of energy, angular momentum and momentum."""
        last = min(self.steps, _SHOWN[-1])
        shown = [k for k in _SHOWN if k <= last]
        shares = Column(f"lost_{last}", "systems without a finite forecast", 4)
        drifts = {"energy": "energy", "angular": "angular momentum", "momentum": "momentum"}
        return (
            *(Column(f"mse_{k}", f"MSE after {1000 * k}", 5) for k in shown),
            *(Column(f"median_{k}", f"median after {1000 * k}", 7) for k in shown),
            shares,
            *(Column(f"{name}_{last}", f"drift of the {title}, median", 7) for name, title in drifts.items()),
            *(Column(f"{name}_{last}_high", f"of the {title}, 90 %", 7) for name, title in drifts.items()),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw the first seed."""
        for kind in dict.fromkeys(run["table"] for run in runs):
            own = [run for run in runs if run["table"] == kind and run["seed"] == runs[0]["seed"]]
            paths = {run["row"]: out / run["folder"] / "rollout.safetensors" for run in own}
            found = {row: load_file(path) for row, path in paths.items() if path.exists()}
            if found:
                truth = next(iter(found.values()))["truth"]
                drawn = {row: one["pos"] for row, one in found.items()}
                save_figure(out / f"{kind}.png", plot_rollout(truth, drawn, dt=SPAN, title=f"{kind} bodies"))
        return {}


def _step(net: nn.Module, charge: Tensor) -> Step:
    """A step of all systems at once, by a network that answers with position and velocity."""
    systems, bodies = charge.shape
    batch = torch.arange(systems).repeat_interleave(bodies)

    def step(pos: Tensor, vel: Tensor) -> tuple[Tensor, Tensor]:
        seen = charged(pos, vel, charge)
        _, later = net(*seen, vel.flatten(0, 1), batch, systems)
        q, p = later.unflatten(0, (systems, bodies)).chunk(2, -1)
        return q, p

    return step


@lru_cache(maxsize=6)
def _simulated(kind: NBodyKind, split: NBodySplit, systems: int, frames: tuple[int, ...]) -> BodyTrajectories:
    return simulate_n_body(kind, split, frames=frames, num_systems=systems, progress=False)


def _simulated_on(kind: NBodyKind, pos: Tensor, vel: Tensor, charge: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The simulator from given states on."""
    start = Start(*(part.double().numpy() for part in (pos, vel, charge)))
    frames = tuple(FRAMES * k for k in range(steps + 1))
    found = simulate_bodies(start, replace(RECIPES[kind].dynamics, first_step=0), frames, progress=False)
    return torch.from_numpy(found.pos), torch.from_numpy(found.vel)
