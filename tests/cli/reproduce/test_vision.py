from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.relaxed_twins import Twin, TwinTraining
from pyg_liesym.cli.reproduce.vision import Vision
from pyg_liesym.cli.reproduce.vision_networks import GridTwins
from pyg_liesym.cli.reproduce.vision_tasks import Classify, Pictures
from pyg_liesym.metrics.equivariance import relative_error

SMALL = Vision(
    seeds=(0,), tables=("digits",), grids=GridTwins(num_layers=1, parameters=600),
    training=TwinTraining(epochs=1, batch_size=250, lr=1e-2, penalty=0.1),
)  # fmt: skip


def test_every_twin_is_scored_on_upright_and_on_turned_digits(tmp_path: Path) -> None:
    record = run_experiment(SMALL, Sitting(out=tmp_path, progress=False))
    rows = {row["row"]: row for row in record["table"]}
    assert list(rows) == ["grid, strict", "grid, relaxed", "grid, free"]
    for row in rows.values():
        assert 0 < row["upright"]["mean"] <= 100
        assert row["upright"]["error"] > 0
    assert rows["grid, relaxed"]["strict_turned"]["mean"] is not None
    with pytest.raises(ValueError, match="runs with another training"):
        run_experiment(
            replace(SMALL, training=replace(SMALL.training, epochs=2)), Sitting(out=tmp_path, progress=False)
        )


@pytest.mark.parametrize(("twin", "kept"), [("strict", True), ("relaxed", True), ("free", False)])
def test_only_the_free_network_tells_a_quarter_turn(twin: Twin, kept: bool) -> None:
    torch.manual_seed(0)
    net = GridTwins(num_layers=2, parameters=3000).build(twin, 2, 5).double()
    for parameter in net.parameters():
        if twin != "relaxed":
            torch.nn.init.normal_(parameter)
    net.eval()
    x = torch.randn(3, 2, 9, 9, dtype=torch.float64)
    with torch.no_grad():
        apart = relative_error(net(torch.rot90(x, 1, (-2, -1))), net(x))
    assert (apart < 1e-10) == kept


def test_twins_have_about_as_many_parameters() -> None:
    sizes = [
        sum(p.numel() for p in GridTwins().build(twin, 1, 10).parameters()) for twin in ("strict", "relaxed", "free")
    ]
    assert max(sizes) < 1.4 * min(sizes)


def test_scores_are_shares_of_wrong_answers() -> None:
    x, y = torch.zeros(4, 1, 2, 2), torch.tensor([0, 1, 2, 2])
    x[:, 0, 0, 0] = torch.tensor([0.0, 1.0, 2.0, 1.0])
    pictures = Pictures(x, y)
    task = Classify(pictures, pictures, {"all": pictures}, None, batch_size=2, seed=0, pairs=(1, 2))  # type: ignore[arg-type]

    class Reads(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 50 * torch.nn.functional.one_hot(x[:, 0, 0, 0].long(), 3).float()

    found = task.test(Reads())
    assert found["all"] == 25.0
    assert found["all_pair"] == pytest.approx(100 / 3)
    assert task.validate(Reads()) == pytest.approx(50 / 4 / math.log(3))
    assert [len(part) for part, _ in task.batches(0)] == [2, 2]
