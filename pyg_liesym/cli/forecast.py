"""``liesym forecast``: train a network on a recorded flow, say how good it is, and forecast what follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyg_liesym.cli.twins import Twin

if TYPE_CHECKING:
    from torch import Tensor

    from pyg_liesym.cli.forecast_report import ForecastAnswer
    from pyg_liesym.nn.models.field_forecaster import FieldForecaster

_HORIZON = 5
_PARTS: dict[Literal["train", "val", "test"], str] = {
    "train": "to train on",
    "val": "to validate on",
    "test": "to test on",
}


def forecast(
    flow: str,
    *,
    out: Path = Path("runs/forecast"),
    horizon: int | None = None,
    network: Twin = "strict",
    names: tuple[str, str] | None = None,
    region: tuple[float, float, float, float] | None = None,
    steps: int = 600,
    seed: int = 0,
    progress: bool = True,
) -> ForecastAnswer:
    """Train a network on a recorded flow, say whether it beats what needs no network, and forecast what follows.

    The first frames train, later ones choose the round of training, the last ones test; no two parts share a frame. In
    the test it stands beside the last frame (nothing changes, or persistence), the mean frame of the training
    (climatology), and a linear blend of these and all frames that it is given. Then
    the same network forecasts the frames after the end of the recording over the whole region. Land and gaps are never
    filled in: no loss or error counts them, and they have no forecast. Takes minutes.

    Examples: `liesym forecast currents.nc`; `liesym forecast 'currents-*.nc' --region '[-50, -30, 0, 30]'`; `liesym
    forecast flow.npy --horizon 3`.

    Args:
        flow: NetCDF of currents or winds in m/s, a file or a glob in the order of time; or a NumPy file of velocities
            `[time, 2, H, W]` at equal times, row 0 uppermost, components along x (to the right) and y (upwards), NaN
            where nothing was measured.
        out: Folder of the report, `index.html`; of `forecast.nc` (or `.npy`), of the network, `network.safetensors`,
            and of all numbers, `forecast.json`.
        horizon: Frames to be forecast; five, or fewer if the recording is short.
        network: Keeps quarter turns of cells, `strict` or `relaxed`, or nothing but translations, `free`.
        names: Names of the eastward and the northward velocity, where they are not known (NetCDF).
        region: South, north, west and east border in degrees (NetCDF).
        steps: Steps of training.
        seed: Of weights and order.
        progress: Whether to show bars.
    """
    import torch

    from pyg_liesym.cli.files import keep_apart
    from pyg_liesym.cli.flow_recording import at_points, read_recording
    from pyg_liesym.cli.forecast_report import TrainedNetwork, report_forecast
    from pyg_liesym.cli.forecast_skill import measure_skill
    from pyg_liesym.datasets.io.files import find_files

    if steps < 1:
        raise ValueError(f"expected one step of training or more, got {steps}")
    if at_points(flow):
        raise ValueError(f"{flow}: expected a lattice, in .npy or NetCDF; `liesym broken` takes points and meshes")
    keep_apart(find_files(flow), out / "forecast.nc", out / "forecast.npy")
    recording = read_recording(flow, names, region)
    frames = recording.velocity.float()
    history, horizon = _window(flow, len(frames), horizon)
    parts = _parts(len(frames), history + horizon)
    own = {part: frames[first:last] for part, (first, last) in parts.items()}
    try:
        _check(own, frames, history)
        net, arguments = _trained(own, network, history, horizon, steps=steps, seed=seed, progress=progress)
        area = None if recording.currents is None else torch.from_numpy(recording.currents.latitude).deg2rad().cos()
        skill = measure_skill(net, own["train"], own["val"], own["test"], horizon, area)
    except ValueError as error:
        raise ValueError(f"{flow}: {error}") from error
    trained = TrainedNetwork(net, arguments, network, parts)
    return report_forecast(out, flow, recording, trained, skill)


def run(words: list[str]) -> None:
    """Read the words after ``liesym forecast`` and run it."""
    from pyg_liesym.cli.parser import call

    call(forecast, words, "liesym forecast")


def _window(flow: str, count: int, horizon: int | None) -> tuple[int, int]:
    """Frames that are given, and those that are forecast: windows fit into each part."""
    from pyg_liesym.cli.flow_networks import HISTORY

    if horizon is not None and horizon < 1:
        raise ValueError(f"expected a horizon of one frame or more, got {horizon}")
    for history in (HISTORY, 1):
        chosen = horizon or max(1, min(_HORIZON, count // 6 - history))
        if 3 * (history + chosen) <= count:
            return history, chosen
    least = 3 * (1 + (horizon or 1))
    raise ValueError(
        f"{flow}: expected {least} frames or more, so that training, validation and test each have {least // 3} to "
        f"forecast {horizon or 1} of them, got {count}"
    )


def _parts(count: int, least: int) -> dict[str, tuple[int, int]]:
    from pyg_liesym.datasets.flows.flow_windows import share_of

    return {part: share_of(count, least, part, "frames") for part in _PARTS}


def _check(own: dict[str, Tensor], frames: Tensor, history: int) -> None:
    from pyg_liesym.cli.flow_networks import check_known

    if not bool(frames[-1].isfinite().all(0).any()):
        raise ValueError("nothing is known in the last frame: a forecast has nowhere to begin")
    for part, what in _PARTS.items():
        check_known(own[part], history, what)


def _trained(
    own: dict[str, Tensor], network: Twin, history: int, horizon: int, *, steps: int, seed: int, progress: bool
) -> tuple[FieldForecaster, dict[str, Any]]:
    """A network that has been trained, and the arguments that build it."""
    import torch

    from pyg_liesym.cli.flow_networks import changing_sizes, network_arguments, train, windows_of
    from pyg_liesym.nn.models.field_forecasters import build_forecaster

    arguments = network_arguments(network, history, *changing_sizes(own["train"]))
    torch.manual_seed(seed)
    net = build_forecaster(**arguments)
    train(
        net, windows_of(own["train"], history, min(horizon, 2)), steps=steps, seed=seed, progress=progress,
        validation=windows_of(own["val"], history, horizon, 64),
    )  # fmt: skip
    return net, arguments
