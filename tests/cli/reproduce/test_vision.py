from __future__ import annotations

import math
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce import vision, vision_width
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.relaxed_twins import TwinTraining
from pyg_liesym.cli.reproduce.steerable_twins import SteerableTwins
from pyg_liesym.cli.reproduce.vision import Vision
from pyg_liesym.cli.reproduce.vision_networks import GridTwins, PointTwins
from pyg_liesym.cli.reproduce.vision_symmetry import Asked, _density
from pyg_liesym.cli.reproduce.vision_tasks import Answer, Classify, Seen
from pyg_liesym.cli.twins import Twin
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.metrics.equivariance import relative_error

POINTS = PointTwins(SteerableTwins(num_layers=1, parameters=600, radius=2.5, aggr="sum"), spacing=3.0)
SMALL = Vision(
    seeds=(0,), tables=("digits",), questions=False, grids=GridTwins(num_layers=1, parameters=600), points=POINTS,
    training=TwinTraining(epochs=1, batch_size=250, lr=1e-2, penalty=0.1),
)  # fmt: skip


def test_every_twin_is_scored_on_upright_and_on_turned_digits(tmp_path: Path) -> None:
    record = run_experiment(SMALL, Sitting(out=tmp_path, progress=False))
    rows = {row["row"]: row for row in record["table"]}
    assert list(rows) == [
        f"{layout}, {twin}" for layout in ("grid", "points") for twin in ("strict", "relaxed", "free")
    ]
    for row in rows.values():
        assert 0 < row["upright"]["mean"] <= 100
        assert row["upright"]["error"] > 0
        assert 0 <= row["turned_pair"]["mean"] <= 100
    assert rows["grid, relaxed"]["strict_turned"]["mean"] is not None
    pairs = [(one["first"], one["second"], one["number"]) for one in record["comparisons"]]
    assert ("points, strict", "points, free", "turned") in pairs
    assert len(pairs) == 12
    assert (tmp_path / "digits-points.png").stat().st_size > 1000
    changed = replace(SMALL, training=replace(SMALL.training, epochs=2))
    with pytest.raises(ValueError, match="runs with another training"):
        run_experiment(changed, Sitting(out=tmp_path, progress=False))


@pytest.mark.parametrize("layout", ["grid", "points"])
@pytest.mark.parametrize(("twin", "kept"), [("strict", True), ("free", False)])
def test_only_the_free_network_tells_a_quarter_turn(layout: str, twin: Twin, kept: bool) -> None:
    torch.manual_seed(0)
    for numbers, answer, readout in (((2, 0), (5, 0), "max"), ((0, 1), (0, 1), None)):
        if layout == "grid":
            net = GridTwins(num_layers=2, parameters=3000).build(twin, numbers, answer, readout)  # type: ignore[arg-type]
        else:
            # Points that a quarter turn takes to each other, on pixels or between them.
            made = replace(POINTS, jitter=0.0, spacing=1.8).build(twin, numbers, answer, readout, 9)  # type: ignore[arg-type]
            net = made
        net = net.double()
        for parameter in net.parameters():
            torch.nn.init.normal_(parameter)
        net.eval()
        x = torch.randn(3, 2, 9, 9, dtype=torch.float64)
        turned = torch.rot90(x, 1, (-2, -1))
        if readout is None:
            turned = torch.stack([-turned[:, 1], turned[:, 0]], 1)
        with torch.no_grad():
            before, after = net(x), net(turned)
        if readout is None:
            before = torch.stack([-before[:, 1], before[:, 0]], 1)
        assert (relative_error(after, before) < 1e-7) == kept


def test_networks_are_tested_on_points_that_they_have_not_learned() -> None:
    net = POINTS.build("free", (1, 0), (3, 0), "max", 12)
    tested, *learned = net.places.unbind()  # type: ignore[operator,union-attr]
    assert len(learned) == POINTS.clouds
    for cloud in learned:
        # The middle, where vectors are asked for, is in all.
        assert (cloud[1:] - tested[1:]).norm(dim=1).min() > 0
        assert torch.equal(cloud[0], tested[0])
    x = torch.randn(2, 1, 12, 12)
    with torch.no_grad():
        answers = [net.train()(x) for _ in range(20)], [net.eval()(x) for _ in range(2)]
    assert not all(torch.equal(answers[0][0], one) for one in answers[0])
    assert torch.equal(*answers[1])


def test_points_have_all_neighbours_that_a_kernel_reaches() -> None:
    net = replace(POINTS, spacing=1.0).build("strict", (1, 0), (3, 0), "max", 12)
    places, conv = net.places[0], net.net.convs[0]  # type: ignore[index,union-attr]
    edges = net.edges(places)  # type: ignore[operator]
    points = len(places)
    assert edges.ptr[-1] == edges.edge_index.size(1)
    assert (edges.edge_index[1].diff() >= 0).all()
    assert torch.equal(edges.edge_index[1].bincount(minlength=points), edges.ptr.diff())
    joined = torch.zeros(points, points, dtype=torch.bool)
    joined[tuple(edges.edge_index)] = True
    functions = conv.kernel.basis((places[:, None] - places).flatten(0, 1)).abs().amax(1).view(points, points)
    assert joined.diagonal().all()
    assert functions[~joined].max() < 0.02 * functions.max()
    # The control: with the nearest eight alone, a kernel is cut off where it is large.
    nearest = functions.new_zeros(points, points).bool()
    nearest.scatter_(1, torch.cdist(places, places).topk(9, largest=False).indices, value=True)
    assert functions[~nearest].max() > 0.3 * functions.max()


def test_twins_have_about_as_many_parameters() -> None:
    for build in (GridTwins().build, lambda *own: PointTwins().build(*own, 12)):
        sizes = [
            sum(p.numel() for p in build(twin, (1, 0), (10, 0), "max").parameters())  # type: ignore[arg-type]
            for twin in ("strict", "relaxed", "free")
        ]
        assert max(sizes) < 1.4 * min(sizes)


def test_scores_are_shares_of_wrong_answers_and_relative_errors() -> None:
    x, y = torch.zeros(4, 1, 2, 2), torch.tensor([0, 1, 2, 2])
    x[:, 0, 0, 0] = torch.tensor([0.0, 1.0, 2.0, 1.0])
    parts = dict.fromkeys(("train", "val", "all"), Seen(x, y))
    task = Classify(parts, None, 2, 0, (1, 2))  # type: ignore[arg-type]

    class Reads(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 50 * torch.nn.functional.one_hot(x[:, 0, 0, 0].long(), 3).float()

    found = task.test(Reads())
    assert found["all"] == 25.0
    assert found["all_pair"] == pytest.approx(100 / 3)
    assert task.validate(Reads()) == pytest.approx(50 / 4 / math.log(3))
    assert [len(part) for part, _ in task.batches(0)] == [2, 2]
    vectors = torch.randn(6, 2)
    half = Answer(dict.fromkeys(("train", "val", "all"), Seen(vectors[:, :, None, None], vectors)), None, 2, 0)  # type: ignore[arg-type]
    assert half.test(torch.nn.Sequential(torch.nn.Flatten(), Halves())) == {"all": pytest.approx(50.0)}


class Halves(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 2


def test_densities_with_known_answers() -> None:
    x = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    groups = torch.arange(20_000) // 20
    assert _density(Asked(x, groups), 0).claim.status == "certified"
    stretched = x * torch.tensor([1.0, 2.0])
    assert _density(Asked(stretched, groups), 0).claim.status == "refuted"
    own = LieAlgebra.preserving(torch.diag(torch.tensor([1.0, 0.25])))
    assert _density(Asked(stretched, groups, own), 0).claim.status == "certified"
    assert _density(Asked(x.sign() + 0.1 * x, groups), 0).claim.status == "refuted"


@pytest.mark.skipif(find_spec("skimage") is None, reason="the extra `vision` is not installed")
def test_a_question_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "WIDTHS", ())
    monkeypatch.setattr(vision, "QUESTIONS", {name: vision.QUESTIONS[name] for name in ("brick",)})
    record = run_experiment(replace(SMALL, tables=(), questions=True), Sitting(out=tmp_path, progress=False))
    (row,) = record["table"]
    assert row["row"] == "brick"
    assert row["refuted"]["mean"] == 1
    assert row["null"]["mean"] > 20
    assert (tmp_path / "symmetry.png").stat().st_size > 1000


def test_two_digits_pay_most_for_a_whole_turn() -> None:
    upright, little, whole = (vision_width.turned_within(width, 200) for width in (0, 30, 180))
    assert upright["rise"] == upright["rise_error"] == 0
    assert upright["error"] < 8
    assert little["rise"] < 2
    assert whole["rise_pair"] > max(4, 3 * whole["rise_others"])
    copies = vision_width._turned("train", 0, 2, 0)
    assert copies.x.shape == (2000, 1, 12, 12)
    assert copies.y[:4].tolist() == [0, 0, 1, 1]
    assert torch.allclose(copies.x[0], copies.x[1])
