from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.cli.discover import LieGANOptions, discover, leading_constituents
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Findings


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """Points on a circle, and the points a quarter turn on."""
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x[:, ::-1] * [-1, 1])
    return tmp_path


def test_a_report_and_results_that_load(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ring / "out"
    files = [str(ring / "x.npy"), str(ring / "y.npy")]
    options = ["--method", "liegan", "--liegan.max_steps", "60", "--seeds", "[0, 3]", "--num_samples", "300"]
    main(["discover", *files, "--out", str(out), *options])
    printed = capsys.readouterr().out
    assert "seed 0" in printed
    assert f"Report: {out / 'index.html'}" in printed
    page = (out / "index.html").read_text(encoding="utf-8")
    assert f'<p class="about">Symmetry of {files[0]} → {files[1]}</p><h1>' in page
    assert "x: 150 samples of 1 vector in R²; y: 1 vector, moved with x." in page
    assert 'name="viewport"' in page
    assert (
        page.index("<h1>NOTHING") < page.index("<h2>With seed 0: ") < page.index("<figure>") < page.index("<details>")
    )
    assert "Discovered with seed" not in page
    for seed in (0, 3):
        found = DiscoveredSymmetry.load(out / f"seed{seed}")
        assert (found.algebra.n, found.algebra.dim, found.seed) == (2, 1, seed)
        for picture in ("basis", "metric"):
            assert f'src="seed{seed}-{picture}.png"' in page
            assert (out / f"seed{seed}-{picture}.png").exists()


def test_three_questions_are_answered_by_default(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ring / "out"
    np.save(ring / "groups.npy", np.arange(400) // 2)
    main(["discover", str(ring / "x.npy"), "--out", str(out), "--groups", str(ring / "groups.npy")])
    printed = capsys.readouterr().out
    assert "FOUND  so(2): it keeps the quadrics on which the data lie." in printed
    assert "Support (where the data lie): certified so(2)." in printed
    assert "Density (how they are spread): " in printed
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.index("<h1>FOUND  so(2)") < page.index("random linear maps") < page.index("support-ladder.png")
    for picture in ("support-ladder", "support-breakings", "support-basis", "support-metric"):
        assert (out / f"{picture}.png").exists()
    found = DiscoveredSymmetry.load(out / "support")
    assert found.algebra.identify()[0].name == "so(2)"
    assert found.diagnostics["claim"]["status"] == "certified"


def test_noise_that_is_known_is_removed(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    angle, noise = rng.uniform(0, 2 * np.pi, 2000), 0.01
    x = np.stack([np.cos(angle), np.sin(angle)], 1) + noise * rng.standard_normal((2000, 2))
    np.save(ring / "noisy.npy", x)
    main(["discover", str(ring / "noisy.npy"), "--noise", str(noise), "--out", str(ring / "out")])
    assert "Support (where the data lie): certified so(2)." in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["discover", str(ring / "noisy.npy"), "--noise", "-1", "--out", str(ring / "out")])
    assert "noise" in capsys.readouterr().err


def test_nothing_is_claimed_of_a_square(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(ring / "square.npy", np.random.default_rng(0).uniform(-1, 1, (3000, 2)))
    main(["discover", str(ring / "square.npy"), "--out", str(ring / "out")])
    printed = capsys.readouterr().out
    assert "NOTHING  no continuous group of linear maps is a symmetry, nor is a single one" in printed
    assert "Single transformations (density): none certified; " in printed
    pictures = ["density-breakings.png", "density-ladder.png"]
    assert sorted(path.name for path in (ring / "out").iterdir()) == [*pictures, "findings.json", "index.html"]
    page = (ring / "out" / "index.html").read_text(encoding="utf-8")
    assert page.index("What these data could not decide") < page.rindex("Support: where the data lie: ")
    kept = Findings.load(ring / "out")
    assert kept.verdict.headline in page


def test_what_liegan_makes_of_a_square_is_not_called_a_symmetry(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(ring / "square.npy", np.random.default_rng(0).uniform(-1, 1, (4000, 2)))
    options = ["--method", "liegan", "--liegan.max_steps", "100", "--out", str(ring / "out")]
    main(["discover", str(ring / "square.npy"), *options])
    printed = capsys.readouterr().out
    assert "Candidate: only `certify`" in printed
    assert "NOTHING  it is no symmetry." in printed
    assert "FOUND" not in printed
    assert "<h1>NOTHING  it is no symmetry.</h1>" in (ring / "out" / "index.html").read_text(encoding="utf-8")


def test_distribution_alone(ring: Path) -> None:
    (found,) = discover(str(ring / "x.npy"), out=ring / "out", method="liegan", liegan=LieGANOptions(max_steps=20))
    assert found.diagnostics["num_samples"] == 200, "the other half is for the certificate"
    assert "→" not in (ring / "out" / "index.html").read_text(encoding="utf-8").split("<h1>")[0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((7, 2)), "one row per sample of x"),
        (np.full((400, 2), np.nan), "800 of 800 entries are not finite"),
        (np.arange(400) % 2 - 1, "labels in y must lie in"),
    ],
)
def test_bad_arrays_end_in_a_sentence(
    ring: Path, y: np.ndarray, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(ring / "y.npy", y)
    with pytest.raises(SystemExit, match="2"):
        main(["discover", str(ring / "x.npy"), str(ring / "y.npy"), "--out", str(ring / "out")])
    error = capsys.readouterr().err
    assert error.startswith("liesym discover: ")
    assert message in error
    assert error.count("\n") == 1


def test_how_y_is_read_can_be_said(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        str(ring / "x.npy"),
        str(ring / "y.npy"),
        "--out",
        str(ring / "out"),
        "--method",
        "liegan",
        "--liegan.max_steps",
        "5",
    ]
    main(["discover", *files, "--output", "scalar"])
    printed = capsys.readouterr().out
    assert "x: 200 samples of 1 vector in R²; y: 2 invariant numbers, which nothing moves." in printed
    assert "Warning: y" not in printed
    main(["discover", *files])
    assert "could also be 2 numbers that nothing moves (say output scalar)" in capsys.readouterr().out


def test_single_numbers_are_refused_before_the_fit(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(ring / "x.npy", np.random.default_rng(0).normal(size=(400, 1)))
    with pytest.raises(SystemExit, match="2"):
        main(["discover", str(ring / "x.npy"), "--out", str(ring / "out"), "--method", "liegan"])
    assert "vectors of at least two components" in capsys.readouterr().err


def test_a_discrete_result_shows_no_metric(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        str(ring / "x.npy"),
        "--out",
        str(ring / "out"),
        "--liegan.max_steps",
        "20",
        "--liegan.coefficients",
        "integer",
    ]
    main(["discover", *words, "--method", "liegan"])
    printed = capsys.readouterr().out
    assert "No continuous group was looked for" in printed
    assert "Single transformations (support): " in printed
    assert "no evidence, no algebra was asked about" in printed
    assert not (ring / "out" / "seed0-metric.png").exists()


def test_leading_constituents() -> None:
    jets = Jets(split="val", max_constituents=5)
    p4, label = leading_constituents(jets, count=2)
    full = [jet for jet in jets if jet.num_nodes >= 2]
    assert len(p4) == len(label) == len(full)
    for index in (0, len(full) // 2, len(full) - 1):
        torch.testing.assert_close(p4[index], full[index].p4[:2])
        assert label[index] == full[index].y
    short, label = leading_constituents(jets, count=6)
    assert short.shape == (0, 6, 4)
    assert label.shape == (0,)


def test_leading_constituents_of_the_sample() -> None:
    p4, label = leading_constituents()
    assert p4.shape[1:] == (2, 4)
    assert set(label.tolist()) == {0, 1}
    assert bool((p4[:, 0, 1:3].norm(dim=1) >= p4[:, 1, 1:3].norm(dim=1)).all())


def test_files_of_a_pattern_are_read_as_one(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = np.load(ring / "x.npy"), np.load(ring / "y.npy")
    shards = ring / "shards"
    shards.mkdir()
    for number, rows in enumerate((slice(0, 90), slice(90, 250), slice(250, 400))):
        np.save(shards / f"x_{number}.npy", x[rows])
        np.save(shards / f"y_{number}.npy", y[rows])
    whole = discover(str(ring / "x.npy"), str(ring / "y.npy"), out=ring / "whole")
    parts = discover(str(shards / "x_*.npy"), str(shards / "y_*.npy"), out=ring / "parts")
    few = discover(str(shards / "x_*.npy"), str(shards / "y_*.npy"), out=ring / "few", num_samples=300)
    assert [one.algebra.basis.tolist() for one in parts] == [one.algebra.basis.tolist() for one in whole]
    assert few[0].diagnostics["num_samples"] == 300
    assert Findings.load(ring / "few").reading.startswith("300 of 400 samples in 3 files are used, taken at even")
    capsys.readouterr()

    discover(str(shards / "x_*.npy"), out=ring / "grouped", groups="files")
    assert "no evidence" in capsys.readouterr().out  # three runs are three samples
    with pytest.raises(ValueError, match="expected as many files of y as of x, 3, got 1"):
        discover(str(shards / "x_*.npy"), str(ring / "y.npy"), out=ring / "out")
    np.save(shards / "y_1.npy", y[:10])
    with pytest.raises(
        ValueError, match=r"y_1\.npy: y must have one row per sample of x, 160 as .*x_1\.npy has, got 10"
    ):
        discover(str(shards / "x_*.npy"), str(shards / "y_*.npy"), out=ring / "out", num_samples=50)
    np.save(shards / "x_1.npy", np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"x_1\.npy: expected \[samples, 2\] of real numbers as in .*x_0\.npy"):
        discover(str(shards / "x_*.npy"), out=ring / "out")
    np.save(shards / "x_1.npy", np.zeros((0, 2)))
    with pytest.raises(ValueError, match=r"x_1\.npy has no rows"):
        discover(str(shards / "x_*.npy"), out=ring / "out")
    np.save(ring / "groups.npy", np.arange(7))
    for x, count in ((str(ring / "x.npy"), 400), ("jets", 4000)):
        with pytest.raises(ValueError, match=rf"groups\.npy: expected a group for each of {count} samples, got 7"):
            discover(x, out=ring / "out", groups=ring / "groups.npy")


@pytest.mark.parametrize("crew", [["--num-workers", "1"], ["--dask", "local", "--num-workers", "2"]])
def test_many_files_are_added_up(
    crew: list[str],
    ring: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    if "--dask" in crew:
        request.getfixturevalue("copied_workers")
    monkeypatch.setattr("pyg_liesym.cli.sample_files._PART", 100)
    monkeypatch.chdir(ring)
    x = np.load(ring / "x.npy")
    for number, rows in enumerate((slice(0, 30), slice(30, 90), slice(90, 250), slice(250, 400))):
        np.save(ring / f"part_{number}.npy", x[rows])
    main(["discover", "part_*.npy", "--out", "parts", *crew])
    printed = capsys.readouterr().out
    assert "400 samples in 4 files." in printed
    assert "FOUND  so(2): it keeps the quadrics on which the data lie." in printed
    assert "Density (how they are spread): no evidence, it is no sum over samples" in printed
    assert f"Report: {Path('parts') / 'index.html'}" in printed
    main(["discover", "x.npy", "--out", "whole"])
    found = [DiscoveredSymmetry.load(ring / name / "support").algebra.basis for name in ("parts", "whole")]
    torch.testing.assert_close(found[0].abs(), found[1].abs(), rtol=1e-5, atol=1e-6)


def test_what_does_not_add_up_is_refused(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = str(ring / "x.npy")
    for words, message in (
        ([x, "--method", "liegan", "--num-workers", "2"], "liegan is no sum over samples"),
        ([x, "--num-samples", "100", "--dask", "local"], "all samples of the files are added up"),
        (["two-body", "--num-workers", "2"], "two-body is no file"),
        ([str(ring / "no*.npy"), "--num-workers", "2"], "there is no file"),
        ([x, "--dask", "/no/file.json"], "there is no file /no/file.json"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["discover", *words, "--out", str(ring / "out")])
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    np.save(ring / "z_0.npy", np.zeros((60_000, 2)))
    np.save(ring / "z_1.npy", np.zeros((60_000, 3)))
    with pytest.raises(SystemExit, match="2"):
        main(["discover", str(ring / "z_*.npy"), "--num-workers", "1"])
    assert f"{ring / 'z_1.npy'}: expected samples as in {ring / 'z_0.npy'}" in capsys.readouterr().err
