from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pyg_liesym.cli.main import main
from pyg_liesym.cli.reproduce import protocols
from pyg_liesym.cli.reproduce.protocols import EXPERIMENTS


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["reproduce", name, "--help"])
    shown = capsys.readouterr().out
    assert "--out" in shown
    assert "--seeds" in shown


def test_no_function_takes_more_than_eight_arguments() -> None:
    for path in Path(protocols.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                own = node.args
                count = len([one for one in (*own.args, *own.kwonlyargs) if one.arg != "self"])
                assert count <= 8, f"{path.name}: {node.name} has {count}"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_without_options_is_the_one_of_its_defaults(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(protocols, "run_experiment", lambda *given: seen.append(given))
    main(["reproduce", name])
    assert seen[0][0] == EXPERIMENTS[name]()


def test_options_of_the_command_line_reach_the_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(protocols, "run_experiment", lambda *given: seen.append(given))
    config = tmp_path / "own.yaml"
    config.write_text("training: {epochs: 2}\nseeds: [4]\nnetworks: {thin: {tagger: liegnn, sizes: {num_layers: 1}}}\n")
    words = ["tagging", "--config", str(config), "--data.num_train", "64", "--models", "[thin]", "--out", str(tmp_path)]
    main(["reproduce", *words, "--robustness-jets", "3"])
    ((experiment, sitting, command),) = seen
    assert (experiment.training.epochs, experiment.data.num_train, experiment.robustness_jets) == (2, 64, 3)
    assert experiment.networks["thin"].sizes == {"num_layers": 1}
    assert experiment.seeds == (4,)
    assert sitting.out == tmp_path
    assert command.startswith("liesym reproduce tagging --config ")
