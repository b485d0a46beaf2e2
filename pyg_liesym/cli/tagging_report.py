"""What a scored tagger leaves beside its checkpoints: scores, pictures, and a card of its robustness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn

from pyg_liesym.cli.files import save_figure, save_tensors, write_json
from pyg_liesym.metrics.calibration import calibration
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.metrics.robustness import Drift, robustness
from pyg_liesym.metrics.tagging import background_rejection, roc
from pyg_liesym.systems.tagging import JetTagging

SCORES = "test_scores.safetensors"


class TaggingReport(L.Callback):
    """Write what :class:`~pyg_liesym.systems.JetTagging` found in a test, and pictures of it.

    Into the folder of the logs, or else the trainer's folder: ``test_scores.safetensors`` (``logits``, ``label``,
    ``mass``, ``pt``), and for two classes ``roc.png``, ``scores.png``, ``calibration.png``, ``mass_sculpting.png``;
    with jets for it, the card ``robustness.json`` and ``robustness.png``.

    Args:
        robustness_jets: How many of the test jets are boosted and turned; 0 for no card.
    """

    def __init__(self, robustness_jets: int = 200) -> None:
        self.robustness_jets = robustness_jets

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the report, on one rank; of a system of another task there is none."""
        folder = Path(trainer.log_dir or trainer.default_root_dir)
        if not (trainer.is_global_zero and isinstance(pl_module, JetTagging) and pl_module.test_scores):
            return
        save_tensors(folder / SCORES, pl_module.test_scores)
        lines = draw_scores(folder, pl_module.test_scores, pl_module.classes, background=pl_module.background)
        if self.robustness_jets > 0:
            batches = first_jets(trainer.test_dataloaders or [], self.robustness_jets)
            if pl_module.transform is None:
                write_card(folder, {"tagger": robustness(_on_cpu(pl_module.net), batches)})
        print("\n".join([*lines, f"Scores and pictures: {folder}"]))


def draw_scores(
    folder: Path, scores: Mapping[str, Tensor], classes: Sequence[str] | None = None, *, background: int = 0
) -> list[str]:
    """Draw ROC, scores, calibration and mass sculpting of two classes, and say rejections and calibration in words.

    Nothing is drawn of several classes, or where a class is missing.
    """
    from pyg_liesym.plot.roc import plot_roc
    from pyg_liesym.plot.tagging import plot_calibration, plot_mass_sculpting, plot_scores

    logits, label = scores["logits"], scores["label"]
    if logits.size(1) != 2 or label.unique().numel() != 2 or not bool(logits.isfinite().all()):
        return []
    names = ["background", "signal"] if classes is None else [classes[background], classes[1 - background]]
    is_signal = (label == 1 - background).long()
    score = versus(logits, 1 - background, background)
    save_figure(folder / "roc.png", plot_roc({f"{names[1]} against {names[0]}": roc(score, is_signal)}))
    save_figure(folder / "scores.png", plot_scores(score.sigmoid(), is_signal, names))
    found = calibration(score.sigmoid(), is_signal)
    save_figure(folder / "calibration.png", plot_calibration(found))
    save_figure(folder / "mass_sculpting.png", plot_mass_sculpting(scores["mass"], score, is_signal))
    cuts = {efficiency: background_rejection(score, is_signal, efficiency) for efficiency in (0.3, 0.5)}
    return [
        *(f"background rejection at a signal efficiency of {name}: {value}" for name, value in cuts.items()),
        f"scores as probabilities: off by {100 * found.gap:.2g} % on average, {100 * found.by_chance:.2g} % by chance "
        f"(p = {found.p:.2g})",
    ]


def write_card(folder: Path, drifts: Mapping[str, Sequence[Drift]]) -> None:
    """Write the robustness card of one or several taggers: ``robustness.json`` and ``robustness.png``."""
    from pyg_liesym.plot.robustness import plot_robustness

    rows = {name: [drift._asdict() for drift in own] for name, own in drifts.items()}
    write_json(folder / "robustness.json", rows)
    save_figure(folder / "robustness.png", plot_robustness(drifts))


def read_card(path: Path) -> dict[str, list[Drift]]:
    """What :func:`write_card` wrote."""
    import json

    rows: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return {name: [_drift(row) for row in own] for name, own in rows.items()}


def _drift(row: Mapping[str, Any]) -> Drift:
    nan = float("nan")
    numbers = (nan if row[field] is None else float(row[field]) for field in Drift._fields[1:])
    return Drift(str(row["transformation"]), *numbers)


def first_jets(loader: Iterable[Any], num: int) -> list[Any]:
    """The first batches of a loader, on the CPU, until there are enough jets."""
    found: list[Any] = []
    for batch in loader:
        found.append(batch.to("cpu"))
        if sum(int(one.num_graphs) for one in found) >= num:
            break
    return found


def _on_cpu(net: Any) -> nn.Module:
    import copy

    with torch.no_grad():
        copied: nn.Module = copy.deepcopy(net).cpu()
    return copied
