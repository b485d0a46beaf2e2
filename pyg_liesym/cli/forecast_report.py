"""What ``liesym forecast`` says and writes: the answer, the frames that follow, the network, the numbers, a page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.flow_recording import Recording
from pyg_liesym.cli.forecast_skill import FEWEST, MEAN, SIMPLE, STILL, Lead, Skill
from pyg_liesym.cli.page import Page
from pyg_liesym.datasets.flows.flow_windows import split_gaps
from pyg_liesym.datasets.io.current_writer import write_currents
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.systems.forecaster_files import save_forecaster
from pyg_liesym.writing import whole_file

_UNEVEN = 1.2


@dataclass(frozen=True)
class TrainedNetwork:
    """A network and where it comes from.

    Attributes:
        net: The network.
        arguments: Those of :func:`~pyg_liesym.nn.build_forecaster` that build it.
        kind: ``"strict"``, ``"relaxed"`` or ``"free"``.
        parts: First frame of training, validation and test, counted from 0, and the last exclusively.
    """

    net: FieldForecaster
    arguments: dict[str, Any]
    kind: str
    parts: dict[str, tuple[int, int]]

    @property
    def parameters(self) -> int:
        """Number of them."""
        return sum(parameter.numel() for parameter in self.net.parameters())


@dataclass(frozen=True)
class ForecastAnswer:
    """The answer of ``liesym forecast``.

    Attributes:
        headline: Whether the network beats what needs none.
        confidence: How sure that is.
        advice: What to do next.
        holds: For how many frames, from the first one on, it beats all of that.
        leads: Errors and gains for each frame ahead.
    """

    headline: str
    confidence: str
    advice: str
    holds: int
    leads: tuple[Lead, ...]


def answer(skill: Skill, test: int, count: int) -> ForecastAnswer:
    """Put a test of some of so many frames into words.

    Args:
        skill: What it came to.
        test: Frames of the test.
        count: Frames of the recording.
    """
    first, many = skill.leads[0], len(skill.leads)
    still = first.gains[STILL]
    if skill.holds:
        where = "" if skill.stretches >= FEWEST else " in the one stretch of time that was tested"
        headline = f"BETTER than {STILL}{where}: {still} error in the next frame"
        headline += "." if many == 1 else f"; better than all that is simple for {_of(skill.holds, many)}."
        advice = "Use the forecast as far as it goes; a longer --horizon shows where it ends."
        if skill.holds < many:
            advice = f"Use {_of(skill.holds, many)}: further ones are not shown to be better than a simple forecast."
    else:
        worst = min(SIMPLE, key=lambda name: first.gains[name].by - first.gains[name].margin)
        name = worst if still.better else STILL
        how = "WORSE" if first.gains[name].worse else "NOT SHOWN TO BE BETTER"
        headline = f"{how} than {name}: {first.gains[name]} error in the next frame."
        if still.better:
            headline += f" Against {STILL} it is {still}."
        advice = f"Take {min(SIMPLE, key=lambda each: first.simple[each])} for a forecast. "
        if first.simple[STILL] > first.simple[MEAN]:
            advice += "A frame is further from the next one than from the mean: record more often."
        else:
            advice += f"{count} frames may be too few, or too far apart in time: record longer, and more often."
    times = f" and {skill.stretches} stretches of time" if skill.stretches >= FEWEST else ""
    confidence = (
        f"± is a 95 % interval of the paired difference, over {skill.blocks} blocks of places{times}. The test has the "
        f"last {test} of {count} frames, which neither the training nor a choice has seen."
    )
    if skill.stretches < FEWEST:
        confidence += " So few cannot tell how much other times differ."
    return ForecastAnswer(headline, confidence, advice, skill.holds, skill.leads)


def report_forecast(
    out: Path, flow: str, recording: Recording, trained: TrainedNetwork, skill: Skill
) -> ForecastAnswer:
    """Forecast what follows, write all files, and print the answer.

    Args:
        out: Their folder.
        flow: The recording's file.
        recording: What was read from it.
        trained: The network.
        skill: Its test.
    """
    first, last = trained.parts["test"]
    said = answer(skill, last - first, last)
    ahead = _ahead(trained.net, recording.velocity.float(), len(skill.leads))
    description = f"trained by `liesym forecast` on {flow}. {said.headline}"
    files = [_write_frames(out, flow, recording, ahead, trained, said)]
    files.append(save_forecaster(out / "network.safetensors", trained.net, trained.arguments, description=description))
    files.append(out / "forecast.json")
    numbers = {
        "flow": flow, "network": trained.kind, "parameters": trained.parameters, "history": trained.net.history,
        "frames": trained.parts, "windows": skill.windows, "stretches": skill.stretches, "blocks": skill.blocks,
        **asdict(said), "leads": [_numbers(lead) for lead in said.leads],
    }  # fmt: skip
    write_json(files[-1], numbers)
    page = _page(out, flow, recording, ahead, trained, skill, said)
    unit = "" if recording.currents is None else " m/s"
    rows = [f"frame {lead.frame}: RMSE {lead.error:.3g}{unit}; {_simple(lead)}" for lead in said.leads]
    print("\n".join([said.headline, "", said.confidence, said.advice, "", *rows, ""]))
    print("\n".join(f"{what}: {path}" for what, path in zip(("Forecast", "Network", "Numbers"), files, strict=True)))
    print(f"Report: {page.write()}")
    return said


def _of(holds: int, many: int) -> str:
    return f"all {many} frames" if holds == many else f"the first {holds} of {many} frames"


def _simple(lead: Lead) -> str:
    return ", ".join(f"{name} {error:.3g}" for name, error in lead.simple.items())


def _numbers(lead: Lead) -> dict[str, Any]:
    gains = {name: {**gain._asdict(), "better": gain.better} for name, gain in lead.gains.items()}
    return {**asdict(lead), "gains": gains, "better": lead.better}


@torch.no_grad()
def _ahead(net: FieldForecaster, frames: Tensor, horizon: int) -> Tensor:
    """The frames after the last one, NaN where that is not known."""
    values, known = split_gaps(frames[-net.history :])
    ahead = net.rollout(values[None], horizon, known[None])[0]
    return torch.where(known[-1], ahead, torch.nan)


def _turns(recording: Recording, kind: str) -> str:
    east, north = recording.spacing or (1.0, 1.0)
    ratio = max(east / north, north / east)
    if kind == "free" or ratio < _UNEVEN:
        return ""
    return (
        f"The network keeps quarter turns of cells, which are {ratio:.1f} times as long one way as the other, so that "
        "these are no turns of the Earth: compare with --network free."
    )


def _write_frames(
    out: Path, flow: str, recording: Recording, ahead: Tensor, trained: TrainedNetwork, said: ForecastAnswer
) -> Path:
    currents = recording.currents
    if currents is None or recording.step is None:
        path = out / "forecast.npy"
        with whole_file(path) as temporary, temporary.open("wb") as file:
            np.save(file, ahead.numpy())
        return path
    step = np.timedelta64(round(recording.step), "s")
    attributes = {
        "title": f"Forecast after {currents.time[-1]}",
        "source": f"{trained.kind} network of {trained.parameters} parameters, pyg_liesym",
        "history": f"liesym forecast {flow}",
        "comment": f"{said.headline} Root mean square errors of a component in the test, frame by frame: "
        "test_rmse; of the last frame instead: test_rmse_of_nothing_changes; in m s-1. Velocities that are not known "
        "in the last frame, such as on land, have no forecast.",
        "test_rmse": [lead.error for lead in said.leads],
        "test_rmse_of_nothing_changes": [lead.simple[STILL] for lead in said.leads],
    }
    path = out / "forecast.nc"
    write_currents(
        path, ahead.numpy(), latitude=currents.latitude, longitude=currents.longitude,
        time=currents.time[-1] + step * np.arange(1, len(ahead) + 1), names=currents.names, attributes=attributes,
    )  # fmt: skip
    return path


def _page(
    out: Path, flow: str, recording: Recording, ahead: Tensor, trained: TrainedNetwork, skill: Skill,
    said: ForecastAnswer,
) -> Page:  # fmt: skip
    from pyg_liesym.plot.flow import plot_flow_forecasts, plot_flow_frames
    from pyg_liesym.plot.lead import plot_lead_errors

    unit = None if recording.currents is None else "m/s"
    page = Page(out, said.headline, f"Forecast of {flow}")
    page.text(said.confidence)
    page.text(said.advice)
    shown = {"the last frame": recording.velocity[-1], "1 ahead": ahead[0], f"{len(ahead)} ahead": ahead[-1]}
    page.figure(
        "forecast", plot_flow_frames(shown, unit=unit, title="Speeds: recorded, and forecast"),
        "The last frame and the forecast. Blank is what the last frame does not know, such as land.",
    )  # fmt: skip
    lines = {f"{trained.kind} network": [lead.error for lead in said.leads]}
    lines |= {name: [lead.simple[name] for lead in said.leads] for name in SIMPLE}
    page.figure(
        "errors", plot_lead_errors(lines, unit=unit),
        "In the test: a network is of use where its line is below all others.",
    )  # fmt: skip
    header = ("lead time [frames]", "RMSE", *SIMPLE, *(f"error against {name}" for name in SIMPLE), "better")
    rows = [
        (str(lead.frame), f"{lead.error:.3g}", *(f"{lead.simple[name]:.3g}" for name in SIMPLE),
         *(str(lead.gains[name]) for name in SIMPLE), "yes" if lead.better else "not shown")
        for lead in said.leads
    ]  # fmt: skip
    page.table(header, rows)
    page.text(
        "Nothing changes is also known as persistence, the mean frame of the training as climatology. The linear blend "
        "weighs the frames that the network is given, the mean and a constant as fits the validation best, for each "
        "lead time; linear extrapolation is a case of it."
    )
    page.heading("The last window of the test")
    forecasts = {trained.kind: skill.forecasts["network"], **{name: skill.forecasts[name] for name in SIMPLE}}
    page.figure(
        "test",
        plot_flow_forecasts(skill.truth, forecasts),
        "What happened, and what was forecast from the frames before.",
    )
    page.heading("How it was made")
    page.text(
        f"A {trained.kind} network of {trained.parameters} parameters, given {trained.net.history} frames, frames "
        + ", ".join(f"{first + 1} to {last} ({part})" for part, (first, last) in trained.parts.items())
        + f" of {len(recording.velocity)} frames of {' × '.join(map(str, ahead.shape[-2:]))} places. "
        "pyg_liesym.systems.load_forecaster reads network.safetensors."
    )
    if recording.currents is not None:
        page.text("Errors are weighted by area, with the cosine of the latitude. " + _turns(recording, trained.kind))
    return page
