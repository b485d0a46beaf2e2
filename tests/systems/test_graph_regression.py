from __future__ import annotations

from pathlib import Path

import lightning as L
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data, InMemoryDataset

from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.packing import pack
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.systems.graph_regression import GraphRegression
from pyg_liesym.systems.system import TrainingDiverged

MEAN, SCALE = (50.0, -3.0), (20.0, 1.0)


class Clouds(InMemoryDataset):
    """Points, the sum of all their squared distances, and how many there are."""

    def __init__(self, num: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        counts = torch.randint(2, 6, (num,), generator=generator)
        clouds = [torch.randn(int(count), 3, generator=generator) for count in counts]
        y = torch.stack([torch.stack([torch.cdist(p, p).square().sum(), torch.tensor(-float(len(p)))]) for p in clouds])
        pos = torch.cat(clouds)
        self.data, self.slices = pack(counts, {"x": torch.ones(len(pos), 1), "pos": pos}, {"y": y})


def trainer(folder: Path, epochs: int = 1) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, default_root_dir=folder, num_sanity_val_steps=0,
    )  # fmt: skip


def system(**options: float) -> GraphRegression:
    torch.manual_seed(0)
    return GraphRegression(LieGNN(1, 8, 2, 2, metric=torch.eye(3), readout="sum"), MEAN, SCALE, **options)  # type: ignore[arg-type]


def in_units(system: GraphRegression, loader: PackedLoader) -> Tensor:
    """Mean absolute error of each number, in the units of y."""
    with torch.no_grad():
        errors = torch.cat([(system(batch) - batch.y).abs() for batch in loader])
    return errors.mean(0)


def test_training_lowers_the_error_and_scores_are_in_the_units_of_y(tmp_path: Path) -> None:
    net, test = system(lr=5e-3), PackedLoader(Clouds(30, 2), 20)
    before = in_units(net, test)
    lightning = trainer(tmp_path, 20)
    lightning.fit(net, PackedLoader(Clouds(100, 0), 10, shuffle=True), PackedLoader(Clouds(30, 1), 10))
    (logged,) = lightning.test(net, test, verbose=False)
    after = in_units(net, test)
    assert bool((after < before / 2).all())
    scores = net.test_scores
    assert scores["target"].equal(Clouds(30, 2)._data.y)
    torch.testing.assert_close((scores["prediction"] - scores["target"]).abs().mean(0), after)
    assert logged["test_mae"] == pytest.approx(float((after / torch.tensor(SCALE)).mean()), rel=1e-4)


def test_answers_do_not_turn_and_do_not_depend_on_the_batch() -> None:
    net = system().double()
    graphs = [Data(x=torch.ones(n, 1), pos=torch.randn(n, 3).double()) for n in (3, 5)]
    whole = net(Batch.from_data_list(graphs))
    torch.testing.assert_close(torch.cat([net(graph) for graph in graphs]), whole)
    g = LieAlgebra.rotation(3).sample(1, generator=torch.Generator().manual_seed(0))[0].double()
    turned = [Data(x=graph.x, pos=graph.pos @ g.T) for graph in graphs]
    torch.testing.assert_close(net(Batch.from_data_list(turned)), whole, rtol=1e-10, atol=1e-10)


def test_predictions_are_rows(tmp_path: Path) -> None:
    clouds = PackedLoader(Clouds(7, 0), 4)
    rows = trainer(tmp_path).predict(system(), clouds)
    assert [tuple(each.shape) for each in rows] == [(4, 2), (3, 2)]


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="as many means as scales, got 2 and 1"):
        GraphRegression(torch.nn.Identity(), mean=(1.0, 2.0))
    net = system()
    torch.nn.init.constant_(net.net.embedding.weight, torch.nan)
    with pytest.raises(TrainingDiverged):
        trainer(tmp_path).fit(net, PackedLoader(Clouds(20, 0), 10), PackedLoader(Clouds(20, 0), 10))


def test_a_schedule_of_a_training_without_an_end_is_refused(tmp_path: Path) -> None:
    endless = trainer(tmp_path, epochs=-1)
    with pytest.raises(ValueError, match="'one-cycle' is stretched over the training: set the trainer's max_epochs"):
        endless.fit(system(), PackedLoader(Clouds(8, 0), 4), PackedLoader(Clouds(4, 1), 4))
