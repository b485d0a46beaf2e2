"""``liesym broken``: which symmetries a recorded flow keeps, and how far it breaks the others."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.page import Page
from pyg_liesym.cli.symmetry_report import interval
from pyg_liesym.discovery.flow_findings import FlowSymmetries, flow_symmetries

if TYPE_CHECKING:
    from pyg_liesym.cli.flow_recording import Recording

_MEANS = {
    "translation": "the same everywhere",
    "time": "the same at all times",
    "rotation": "the same in all directions",
    "mirror x": "the same with left and right exchanged",
    "mirror y": "the same with up and down exchanged",
    "uniform motion": "the same seen from a moving frame",
    "magnitude": "twice the flow changes twice as fast",
    "scaling": "λ w(λx, λ²t) of a flow is a flow",
}


def broken(
    flow: str,
    *,
    out: Path = Path("runs/broken"),
    spacing: float | None = None,
    step: float | None = None,
    periodic: bool = False,
    width: float = 1.0,
    margin: float = 0.01,
    names: tuple[str, str] | None = None,
    region: tuple[float, float, float, float] | None = None,
    field: str | None = None,
    network_steps: int = 300,
    seed: int = 0,
    progress: bool = True,
) -> FlowSymmetries:
    """Say which symmetries of the Navier-Stokes equations a recorded flow keeps, and how far it breaks the others.

    The change of the vorticity at a place is fitted with all terms up to products of two, and without those that a
    symmetry forbids; what is lost, at places that were kept aside, is how much the flow breaks it. That takes seconds.
    Then a network that keeps quarter turns, a relaxed and a free one forecast the flow, which takes minutes.

    Examples: `liesym broken flow.npy`; `liesym broken flow.npy --spacing 0.002 --step 0.01`; `liesym broken
    currents.nc --region '[-50, -30, 0, 30]'`; `liesym broken 'out/*.vtu' --step 0.1`.

    Args:
        flow: A NumPy file of velocities `[time, 2, H, W]` at equal times, row 0 uppermost, components along x (to the
            right) and y (upwards), NaN where nothing was measured; a NetCDF file of currents or winds in m/s; points in
            an `.npz` file with `pos` `[N, 2]`, `velocity` `[time, N, 2]` and `time`; or meshes that stay, with
            velocities at their nodes: an `.xdmf` or `.pvd` series, or a glob of `.vtu` or `.vtk` files.
        out: Folder of the report, `index.html` with a picture, and of `symmetries.json`.
        spacing: Distance of neighbours in the unit of length of the velocities (NumPy); of the lattice that points are
            brought to, by default as dense as they are.
        step: Time between frames in their unit of time, where the file does not tell.
        periodic: Whether the lattice closes on itself.
        width: Width in cells of the Gaussian whose derivatives are taken: more for noisier flows, and less than the
            vortices.
        margin: The share from which on a symmetry counts as broken, and below which as kept.
        names: Names of the eastward and the northward velocity, where they are not known (NetCDF).
        region: South, north, west and east border in degrees (NetCDF).
        field: Name of the velocities, where there are other vectors too (meshes).
        network_steps: Steps of training for each network; 0 for no networks.
        seed: Of the places that are drawn, and of the networks.
        progress: Whether to show bars.
    """
    from pyg_liesym.cli.flow_recording import read_recording

    recorded = read_recording(flow, names, region, field=field, spacing=spacing, step=step)
    if recorded.points and periodic:
        raise ValueError(f"{flow}: points have no lattice that closes on itself, leave --periodic out")
    found = flow_symmetries(
        recorded.velocity, spacing=recorded.spacing, step=recorded.step, periodic=periodic, width=width, margin=margin,
        seed=seed,
    )  # fmt: skip
    page = Page(out, found.headline, f"Symmetries of {flow}")
    _report(page, found, recorded)
    said = f"{found}\n{recorded.points}".rstrip()
    if network_steps:
        said += "\n\n" + _networks(page, recorded.velocity, network_steps, seed, progress)
    write_json(out / "symmetries.json", asdict(found))
    print(f"{said}\n\nReport: {page.write()}")
    return found


def run(words: list[str]) -> None:
    """Read the words after ``liesym broken`` and run it."""
    from pyg_liesym.cli.parser import call

    call(broken, words, "liesym broken")


def _report(page: Page, found: FlowSymmetries, recorded: Recording) -> None:
    from pyg_liesym.plot.ladder import plot_breakings

    page.text(found.advice)
    frames, _, height, width = recorded.velocity.shape
    page.text(
        f"{frames} frames of {height} × {width} places. All terms tell "
        f"{100 * max(found.told, 0):.1f} % of the changes of vorticity at {found.samples} places and times, judged "
        "where they were not fitted. " + recorded.points
    )
    if not found.symmetries:
        return
    rows = [
        (one.symmetry, _MEANS[one.symmetry], one.status, interval(one.breaking), f"{100 * one.null:.2g}")
        for one in found.symmetries
    ]
    page.table(("symmetry", "the law is", "answer", "broken by [%]", "null [%]"), rows)
    page.figure(
        "broken",
        plot_breakings(
            [
                (one.symmetry, (one.breaking.low, one.breaking.size, one.breaking.high), one.status)
                for one in found.symmetries
            ],
            found.margin,
            of="of what is told",
        ),
        "What only terms tell that a symmetry forbids, of all that can be told, with 95 % intervals: green is "
        "certified, red refuted, grey open. Left of the dashed line a symmetry counts as kept.",
    )
    page.text(
        "Null: the same gain for terms taken from other places, which can tell nothing. A uniform force has no "
        "vorticity and is not seen."
    )


def _networks(page: Page, velocity: Tensor, steps: int, seed: int, progress: bool) -> str:
    """A section for the networks; what they came to in a few lines."""
    from pyg_liesym.cli.broken_networks import compare_networks
    from pyg_liesym.plot.flow import plot_flow_forecasts

    page.heading("A strict, a relaxed and a free network")
    try:
        compared = compare_networks(velocity, steps=steps, seed=seed, progress=progress)
    except ValueError as error:
        page.text(f"No networks: {error}.")
        return f"No networks: {error}."
    rows = [
        (one.network, str(one.parameters), f"{one.error:.3f} ± {one.spread:.3f}", f"{one.turned:.3f}",
         f"{one.relaxation:.3f}")
        for one in compared.scores
    ]  # fmt: skip
    page.text(
        'Errors of the next frame over those of "nothing changes", in the last fifth of the recording, as it is and '
        "turned by a quarter. A network that keeps turns errs alike on both; what the others gained by the direction "
        "of this flow they lose in another. One training each: take differences of less than a few errors for none."
    )
    page.table(("network", "parameters", "as recorded", "turned", "relaxed by"), rows)
    page.figure(
        "forecasts",
        plot_flow_forecasts(compared.truth, compared.forecasts),
        "Forecasts from two frames, each the input of the next. Blank is what is not known, such as land.",
    )
    lines = [f"{name:<8} {error}, turned {turned}" for name, _, error, turned, _ in rows]
    return "\n".join(["Next frame, error over that of nothing changing:", *lines])
