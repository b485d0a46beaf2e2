from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from statistics import median

import pytest

from pyg_liesym.cli.main import main
from pyg_liesym.cli.results import Records, number_text, page, results
from pyg_liesym.systems.pretrained import load_tagger

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    shutil.copytree(DOCS / "results", tmp_path / "results")
    shutil.copytree(DOCS / "_static", tmp_path / "_static")
    shutil.copy(DOCS / "results.md", tmp_path)
    return tmp_path


def test_the_page_is_what_the_records_give(capsys: pytest.CaptureFixture[str]) -> None:
    main(["results", "--docs", str(DOCS), "--check", "true"])
    assert "is what the records give" in capsys.readouterr().out


def test_the_page_is_short_and_says_where_each_claim_fails() -> None:
    text = (DOCS / "results.md").read_text("utf-8")
    assert text.count("\n") <= 150
    claims = re.findall(r"^## ", text, re.MULTILINE)
    assert 5 <= len(claims) <= 8
    assert text.count("**Where it fails.**") == len(claims)
    assert text.count("](_static/") >= len(claims)
    assert "some 6 % of the targets" in text


def test_every_record_says_where_it_comes_from() -> None:
    for path in (DOCS / "results").glob("*.json"):
        record = json.loads(path.read_text("utf-8"))
        if path.stem != "published":
            assert record["command"].startswith(("liesym ", "python benchmarks/")), path
            assert record["machine"], path
            assert "commit" in record, path
            assert "transcribed" in record.get("source", "transcribed"), path


@pytest.mark.parametrize("network", ["liegnn", "lorentznet"])
def test_the_facts_of_ten_processes_are_those_of_their_runs(network: str) -> None:
    record = json.loads((DOCS / "results" / "ten-processes.json").read_text("utf-8"))
    facts = {name: fact["value"] for name, fact in record["facts"].items()}
    numbers = [run["numbers"] for run in record["runs"] if run["row"] == network]
    assert facts[f"{network}_processes"] == len(numbers)
    for kind, asked, word in (("training", 3, "three"), ("inference", 4, "four")):
        ratios = [each[f"{kind}_ratio"] for each in numbers]
        for own, each in zip(ratios, numbers, strict=True):
            assert own == pytest.approx(each[f"{kind}_textbook"] / each[kind], abs=0.006)  # printed with two digits
        assert facts[f"{network}_{kind}"] == pytest.approx(median(ratios), abs=1e-9)
        assert (facts[f"{network}_{kind}_least"], facts[f"{network}_{kind}_most"]) == (min(ratios), max(ratios))
        assert facts[f"{network}_processes_at_{word}"] == sum(ratio >= asked for ratio in ratios)


def test_the_table_of_many_ranks_is_that_of_its_record() -> None:
    record = json.loads((DOCS / "results" / "many-ranks.json").read_text("utf-8"))
    text = (DOCS / "tutorials" / "many_files.md").read_text("utf-8")

    def power(value: float) -> str:
        mantissa, exponent = f"{value:.1e}".split("e")
        return mantissa + "·10" + exponent.replace("-0", "-").translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))

    assert f"{record['seconds'] / 60:.0f} minutes on two cores" in text
    killed = record["killed"][0]
    ended = max(kill["ended"] for kill in killed["kills"])
    for row in record["equal"]:
        assert f"losses within {power(row['losses'])}, weights within {power(row['weights'])} |" in text
    assert f"| {killed['again']} of 72 steps trained again" in text
    assert f"weights within {power(killed['weights'])}; the other ranks ended within {ended:.1f} s |" in text
    assert len(killed["kills"]) == 10
    assert {kill["node"] for kill in killed["kills"]} == {True, False}
    link = next(line for line in text.splitlines() if line.startswith("| time of a step over a slow link"))
    assert re.findall(r"[01]\.\d\d(?= of| and| for)", link) == [
        f"{median(row['ratios']):.2f}" for row in record["link"]
    ]
    assert all(row["good"] for rows in record.values() if isinstance(rows, list) for row in rows)


def test_a_number_that_changes_changes_the_page_and_the_check_sees_it(docs: Path) -> None:
    results(docs, check=True)
    path = docs / "results" / "two-body.json"
    record = json.loads(path.read_text("utf-8"))
    for run, value in zip(record["runs"], (0.5, 1.0, 1.0), strict=False):
        run["numbers"]["abs_cosine_data"] = value
    path.write_text(json.dumps(record), "utf-8")
    with pytest.raises(ValueError, match="is not what the records give: run `liesym results`"):
        results(docs, check=True)
    before = (docs / "_static" / "results-two-body.png").read_bytes()
    results(docs)
    results(docs, check=True)
    assert "0.83333 ± 0.16667" in (docs / "results.md").read_text("utf-8")
    assert (docs / "_static" / "results-two-body.png").read_bytes() != before
    (docs / "_static" / "engine.png").unlink()
    with pytest.raises(ValueError, match=r"figures are missing: engine\.png"):
        results(docs, check=True)


def test_a_run_of_the_experiment_takes_the_place_of_a_transcript(docs: Path) -> None:
    numbers = {"cosine": 0.9, "largest_angle": 1.5, "steps": 7, "smallest_singular_value": 0.25}
    run = {"folder": "seed0", "table": "", "row": "LieGAN", "seed": 0, "numbers": numbers, "seconds": 61.0}
    path = docs / "results" / "jets-metric.json"
    record = json.loads(path.read_text("utf-8"))
    del record["source"]
    path.write_text(json.dumps({**record, "runs": [run], "table": []}), "utf-8")
    text = page(docs / "results")
    assert "J in jets to 0.9 (its released one" in text
    assert "`liesym reproduce jets-metric` (1 min) on" in text
    assert "[jets-metric](results/jets-metric.json)." in text


def test_a_number_that_no_record_has_is_an_error() -> None:
    records = Records(DOCS / "results")
    for place in ("two-body|nothing", "two-body|masked|nothing|3", "nowhere|a|b|c|3", "two-body|a|b"):
        with pytest.raises(ValueError, match=re.escape(f"the page asks for {place}, which no record has")):
            records.text(place)


def test_an_error_has_a_digit() -> None:
    assert number_text({"mean": 5.238, "error": 0.03}, 0) == "5.24 ± 0.03"
    assert number_text({"mean": 4000.0, "error": 0.0}, 0) == "4000"


def test_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run this in a checkout"):
        results(tmp_path)


def test_the_facts_of_the_packaged_taggers_are_those_of_their_runs() -> None:
    record = json.loads((DOCS / "results" / "packaged-taggers.json").read_text("utf-8"))
    facts = {name: fact["value"] for name, fact in record["facts"].items()}
    area = next(run["numbers"]["auc"] for run in record["runs"] if run["row"] == "top")
    assert [facts["over_fast"], facts["over_best"]] == pytest.approx([area - 0.981, area - 0.982], abs=1e-6)
    assert f"AUC {area:.4f}" in load_tagger("top").description
    measured = {row["tagger"]: row for row in record["spectra"]["taggers"]}["top"]
    assert measured["auc"] == pytest.approx(area, abs=1e-5)  # of the packaged file, on the same jets
    card = (DOCS / "tagger.md").read_text("utf-8")
    names = {
        "| jets seen in": ("first top", "first with 32 edge channels"),
        "| jets seen besides": ("top", "32 edge channels"),
    }
    for start, shown in names.items():
        head, _, *rows = card.split(start)[1].splitlines()
        seen = [int(each) for each in re.findall(r"\d+", head)]
        for name, row in zip(shown, rows, strict=False):
            curve = next(run["numbers"]["learning_curve"] for run in record["runs"] if run["row"] == name)
            found = {10 * round(jets / 10_000): f"{area:.4f}" for jets, area in curve}
            expected = [found[jets] for jets in seen if jets in found]
            assert expected == re.findall(r"0\.\d{4}", row) != []
    moved = {(row["transformation"], row["size"]): row for row in record["robustness"]["float64"]}
    for kind in ("boost", "boost along the beams"):
        change, error = (moved[kind, 3][name] for name in ("auc_change", "auc_change_error"))
        assert f"−{-change:.3f} ± {error:.3f}" in card
    assert facts["more_top"] == pytest.approx(measured["more"], abs=1e-6)
    assert facts["spectra"] == pytest.approx(record["spectra"]["spectra"], abs=1e-5)


@pytest.mark.parametrize("name", ["top", "top-invariant"])
def test_the_card_of_a_tagger_is_that_of_its_record(name: str) -> None:
    record = json.loads((DOCS / "results" / "packaged-taggers.json").read_text("utf-8"))
    text, found = (DOCS / "tagger.md").read_text("utf-8"), record["card"][name]
    cuts = {row["efficiency"]: row for row in found["cuts"]}
    digits = {0.5: 0, 0.7: 0, 0.9: 1}
    passed = [cuts[efficiency]["passed"] for efficiency in digits]
    shares = [20_000 / count for count in passed]  # with the error of a binomial count
    errors = [share * ((1 - 1 / share) / count) ** 0.5 for share, count in zip(shares, passed, strict=True)]
    row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |") and line.count("|") == 8)
    shown = [
        f"{found['auc']:.4f} ± {found['auc_error']:.4f}",
        f"{found['accuracy']:.4f} ± {found['accuracy_error']:.4f}",
    ]
    shown += [f"{a:.{d}f} ± {b:.{d}f}" for a, b, d in zip(shares, errors, digits.values(), strict=True)]
    assert [cell.strip() for cell in row.split("|")[2:7]] == shown
    assert "{:.3f} ± {:.3f}".format(*found["where_mass_says_little"]) in text
    if name == "top":
        for efficiency, each in cuts.items():
            assert f"| {efficiency} | {each['cut']:.4f} | {each['passed']} |" in text
        rate = found["calibration"]
        assert f"{100 * rate['gap']:.2f} % on average, {100 * rate['by_chance']:.2f} % by chance alone" in text
        assert f"(p = {rate['p']:.2f})" in text
        assert "{:.5f} ± {:.5f} on the test's jets (paired)".format(*found["above_the_first"]) in text
        before, after = found["median_mass"]
        assert f"{before:.0f} GeV before the cut, and {after:.0f} GeV for the {cuts[0.5]['passed']} that pass" in text
