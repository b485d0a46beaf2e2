"""``liesym discover``: find the symmetry of a named data set or of one's own arrays."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from pyg_liesym.cli.page import Page
from pyg_liesym.cli.sample_files import added_up, arrays, drawn, groups_of
from pyg_liesym.cli.symmetry_report import describe, report_findings
from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.npy import even
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Findings
from pyg_liesym.discovery.evidence.question import halves
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.samples import independent_units
from pyg_liesym.typing import OptTensor

NAMED = ("two-body", "three-body", "jets")


@dataclass(frozen=True)
class LieGANOptions:
    """How LieGAN is set, where its defaults do not do.

    Args:
        num_channels: Number of matrices; rather too many than too few.
        coefficients: Law of the coefficients; `integer` finds discrete groups.
        tolerance: Change of the span per 50 steps at which a run comes to rest; larger is faster and coarser.
        max_steps: Cap on the steps of a run, which mostly stops by itself before.
    """

    num_channels: int = 1
    coefficients: Literal["normal", "uniform", "integer"] = "normal"
    tolerance: float = 0.001
    max_steps: int = 4000


def discover(
    x: str,
    y: str | None = None,
    *,
    out: Path = Path("runs/discover"),
    method: Literal["linear-algebra", "liegan"] = "linear-algebra",
    margin: float = 0.05,
    discrete: bool | None = None,
    groups: Path | Literal["files"] | None = None,
    noise: float | Literal["estimate"] = 0.0,
    degree: int = 2,
    liegan: LieGANOptions = LieGANOptions(),
    seeds: tuple[int, ...] = (0,),
    num_samples: int | None = None,
    output: Literal["auto", "vector", "scalar", "label"] = "auto",
    dask: str | None = None,
    num_workers: int | None = None,
    progress: bool = True,
) -> list[DiscoveredSymmetry]:
    """Find matrices whose exponentials leave the data alone, say what algebra they form, and leave a report.

    Three questions are asked: what y depends on (law), where the data lie (support), how they are spread (density).
    Each answer is certified, refuted or without evidence, on samples that were kept aside. LieGAN is given one half of
    the samples, and what it finds is put to the same questions on the other.

    Examples: `liesym discover x.npy y.npy`; `liesym discover 'runs/*/x.npy' 'runs/*/y.npy' --groups files`; `liesym
    discover two-body`; `liesym discover jets --method liegan --liegan.num-channels 7`.

    Args:
        x: A NumPy file of vectors, `[samples, n]` or `[samples, vectors, n]`, or a pattern of several in quotes, which
            are read as one; or `two-body`, `three-body` (orbits) or `jets` (the two leading constituents of the
            packaged top and QCD jets).
        y: A NumPy file of the outputs: vectors that transform as x does, integer class labels `[samples]`, or numbers
            that do not change; or a pattern of as many files as of x, in the same order. Without it, the symmetry of
            the distribution of x alone.
        out: Folder of the report: `index.html` with pictures, and a folder for every result, which
            `DiscoveredSymmetry.load` reads.
        method: `linear-algebra` (seconds), or `liegan`, an adversarial game of a minute or so.
        margin: Up to which share of what random maps break a symmetry counts as one.
        discrete: Whether to ask about single transformations too, such as quarter turns, reflections and exchanges; if
            not given, where no algebra is certified (linear algebra).
        groups: A NumPy file of a number for each sample; those of one group, such as an orbit, depend on each other.
            `files` where every file of x is a group.
        noise: Standard deviation of the measurement noise on every component, in the unit of the data; or `estimate`,
            where the vectors lie on a plane but for noise. It is removed from the support (linear algebra).
        degree: Of the polynomials that hold the support: 2 for quadrics, 3 for cubics (linear algebra).
        liegan: How LieGAN is set.
        seeds: One run for each; linear algebra takes the first.
        output: What y is, where its shape and type do not tell: vectors that move as x does, numbers that nothing
            moves, or labels of classes. The report says how it was read.
        num_samples: Use at most this many samples, taken at even distances; of many files no more than these and one
            file are in memory at a time.
        dask: Where a Dask cluster reads the files, for data that do not fit into memory: the address of its scheduler,
            the file that it has written (….json), or `local`, workers on this machine. Moments are added up, which
            tell where the data lie as all samples at once would; the law and the density are not asked. Needs the
            extra `dask`.
        num_workers: The same with so many processes on this machine (of `--dask local` by default one a core).
        progress: Whether to show bars (LieGAN).
    """
    about = f"Symmetry of {x}" if y is None else f"Symmetry of {x} → {y}"
    if x not in NAMED:
        _check_there(x)
    if dask is not None or num_workers is not None:
        _check_adds_up(x, method, num_samples)
        asked = {"discrete": discrete, "noise": noise, "margin": margin, "seed": seeds[0], "degree": degree}
        return _report_findings(added_up(x, y, groups, (dask, num_workers), output=output, **asked), out, about)
    inputs, outputs, sizes = _named(x) if x in NAMED and y is None else arrays(x, y, num_samples)
    units, used = groups_of(groups, sizes, num_samples), drawn(sizes, num_samples)
    if num_samples is not None and num_samples < len(inputs):
        keep = even(len(inputs), num_samples)
        inputs, outputs = inputs[keep], None if outputs is None else outputs[keep]
    options: dict[str, Any]
    if method == "linear-algebra":
        options = {"discrete": discrete, "groups": units, "noise": noise, "margin": margin, "seed": seeds[0]}
        findings = find_symmetry(inputs, outputs, output=output, degree=degree, **options)
        return _report_findings(replace(findings, reading=used + findings.reading), out, about)
    gan = LieGAN(**asdict(liegan), progress=progress)
    fitted, kept = halves(independent_units(units, len(inputs)), torch.Generator().manual_seed(seeds[0]))
    found = gan.fit_seeds(*_rows(fitted, inputs, outputs), seeds=seeds, output=output)
    kept_units = None if units is None else units[kept]
    options = {"output": output, "groups": kept_units, "margin": margin, "seed": seeds[0]}
    certificates = [one.certify(*_rows(kept, inputs, outputs), **options) for one in found]
    return _report_runs(found, [replace(one, reading=used + one.reading) for one in certificates], out, about)


def _check_there(x: str) -> None:
    try:
        find_files(x)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no file {x}; the named data sets are {', '.join(NAMED)}") from error


def _check_adds_up(x: str, method: str, num_samples: int | None) -> None:
    """Refuse what is no sum over the samples of files."""
    if method != "linear-algebra":
        raise ValueError(f"{method} is no sum over samples: leave out dask and num_workers, or the method")
    if num_samples is not None:
        raise ValueError("all samples of the files are added up: leave out num_samples, or dask and num_workers")
    if x in NAMED:
        raise ValueError(f"{x} is no file, and fits into memory: leave out dask and num_workers")


def _rows(index: Tensor, inputs: Any, outputs: Any) -> tuple[Any, Any]:
    return inputs[index], None if outputs is None else outputs[index]


def _report_findings(findings: Findings, out: Path, about: str) -> list[DiscoveredSymmetry]:
    page = Page(out, findings.verdict.headline, about)
    report_findings(page, findings)
    certified = [finding for finding in findings.findings if finding.claim.dim]
    for finding in certified:
        finding.symmetry.save(out / finding.claim.question)
    findings.save(out)
    print(f"{findings}\n\nReport: {page.write()}")
    return [finding.symmetry for finding in certified]


def _report_runs(
    found: list[DiscoveredSymmetry], certificates: list[Findings], out: Path, about: str
) -> list[DiscoveredSymmetry]:
    """A section for every run, under the certificate of the first."""
    headlines = [findings.verdict.headline for findings in certificates]
    page = Page(out, headlines[0] if found else about, about)
    for result, findings, headline in zip(found, certificates, headlines, strict=True):
        if len(found) > 1:
            page.heading(f"With seed {result.seed}: {headline}")
        describe(page, result, findings, name=f"seed{result.seed}")
        findings.save(result.save(out / f"seed{result.seed}"))
        print(f"\n── seed {result.seed} ──\n{result.report()}\n\nOn samples kept aside:\n{findings}")
    print(f"\nReport: {page.write()}")
    return found


def run(words: list[str]) -> None:
    """Read the words after ``liesym discover`` and run it.

    Written out because ``y`` is a word that may be left out, which the automatic command line of jsonargparse does
    not offer.
    """
    from pyg_liesym.cli.parser import Parser

    parser = Parser(prog="liesym discover", description=(discover.__doc__ or "").split("Args:")[0])
    parser.add_argument(
        "x", help=f"A NumPy file of vectors, [samples, (vectors,) n], or a pattern of several; or {', '.join(NAMED)}"
    )
    parser.add_argument("y", nargs="?", help="A NumPy file of the outputs, or a pattern of as many; may be left out")
    parser.add_function_arguments(discover, skip={"x", "y"})
    options = parser.parse_args(words).as_dict()
    discover(**{**options, "liegan": LieGANOptions(**options["liegan"])})


def _named(name: str) -> tuple[Tensor, OptTensor, list[int]]:
    if name == "jets":
        x, y = leading_constituents()
    else:
        from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits

        kind: Any = name.replace("-", "_")
        x, y = (torch.from_numpy(state).unflatten(1, (-1, 2)) for state in one_step_pairs(simulate_orbits(kind)))
    return x, y, [len(x)]


def leading_constituents(jets: Any = None, count: int = 2) -> tuple[Tensor, Tensor]:
    """Four-momenta of the hardest constituents of jets, and the jets' classes.

    Args:
        jets: A :class:`~pyg_liesym.datasets.Jets`; ``None`` for the packaged sample.
        count: How many constituents; jets with fewer are left out.

    Shapes:
        - **output**: :math:`(S, count, 4)` and :math:`(S)`
    """
    from pyg_liesym.datasets.jets.jets import Jets
    from pyg_liesym.datasets.loader import PackedLoader

    dataset = Jets(max_constituents=count) if jets is None else jets
    batch = next(iter(PackedLoader(dataset, len(dataset))))
    start, size = batch.ptr[:-1], batch.ptr.diff()
    full = size >= count
    rows = start[full, None] + torch.arange(count)
    return batch.p4[rows], batch.y[full]
