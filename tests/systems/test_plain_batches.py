"""Every tagger and every system takes the batches that PyG makes, and the trainer any loader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.taggers import TAGGERS, TaggerName, build_tagger
from pyg_liesym.systems.field_forecasting import FieldForecasting
from pyg_liesym.systems.forecasting import TrajectoryForecasting
from pyg_liesym.systems.pretrained import Tagger, load_tagger
from pyg_liesym.systems.tagging import JetTagging
from pyg_liesym.transforms.add_reference_vectors import AddReferenceVectors

SIZES = (5, 18, 20)


def jets(**more: Any) -> list[Data]:
    generator = torch.Generator().manual_seed(0)
    momenta = [torch.randn(size, 3, generator=generator) * 10 for size in SIZES]
    return [Data(p4=torch.cat([p.norm(dim=1, keepdim=True), p], 1), **more) for p in momenta]


def trainer(folder: Path, **options: Any) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, default_root_dir=folder, num_sanity_val_steps=0, **options,
    )  # fmt: skip


@pytest.mark.parametrize("transform", [None, AddReferenceVectors(["time"])])
@pytest.mark.parametrize("name", TAGGERS)
def test_taggers_take_jets_with_nothing_but_four_momenta(name: TaggerName, transform: Any) -> None:
    torch.manual_seed(0)
    net = build_tagger(name).eval()
    single = jets()
    for call in (Tagger(net, ("a", "b"), transform=transform), _predict(JetTagging(net, transform=transform))):
        scores = call(Batch.from_data_list(single))
        assert scores.shape == (3, 2)
        for number, jet in enumerate(single):
            torch.testing.assert_close(call(Batch.from_data_list([jet])), scores[[number]], rtol=1e-3, atol=1e-5)
            torch.testing.assert_close(call(jet), scores[[number]], rtol=1e-3, atol=1e-5)


def _predict(system: JetTagging) -> Any:
    return lambda batch: system.eval().predict_step(batch, 0).detach()


def test_the_packaged_tagger_and_its_exact_loader() -> None:
    tagger = load_tagger()
    full = Batch.from_data_list([Data(p4=jet.p4, num_nodes=len(jet.p4)) for jet in jets()])
    assert torch.equal(tagger(Batch.from_data_list(jets())), tagger(full))
    with pytest.raises(ValueError, match="the feature 'p4', they have batch, pos, ptr"):
        tagger(Batch.from_data_list([Data(pos=torch.ones(2, 2))]))


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_systems_train_score_and_predict_with_such_jets(tmp_path: Path) -> None:
    graphs = [jet for label in (0, 1) for jet in jets(y=label)]
    loader = DataLoader(graphs, 4)
    system = JetTagging(build_tagger("liegnn-fast", hidden_channels=8), schedule="constant")
    trainer(tmp_path, max_epochs=1).fit(system, loader, loader)
    (scores,) = trainer(tmp_path).test(system, loader, verbose=False)
    assert scores["test_loss"] > 0
    predicted = torch.cat(trainer(tmp_path).predict(system, loader))
    assert predicted.shape == (6, 2)


def test_forecasts_of_one_graph_and_of_several() -> None:
    torch.manual_seed(0)
    system = TrajectoryForecasting(LieGNN(3, 8, 1, 2, metric=torch.eye(2)))
    graphs = [Data(x=torch.eye(3), pos=torch.randn(3, 2), y=torch.randn(3, 2)) for _ in range(2)]
    whole = system(Batch.from_data_list(graphs))
    torch.testing.assert_close(torch.cat([system(graph) for graph in graphs]), whole)
    assert system.rollout(graphs[0], 2).shape == (2, 3, 2)
    system_of_fields = FieldForecasting(FieldForecaster(nn.Conv2d(6, 2, 1), history=3))
    fields = [Data(x=torch.rand(1, 3, 2, 4, 4), y=torch.rand(1, 2, 2, 4, 4)) for _ in range(2)]
    assert system_of_fields(Batch.from_data_list(fields)).shape == (2, 2, 2, 4, 4)


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.filterwarnings("ignore:You requested to overfit but enabled train dataloader shuffling")
@pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")
def test_the_trainer_makes_loaders_of_its_own_from_ours(tmp_path: Path) -> None:
    """To predict, and to overfit, Lightning puts a sampler of its own into a loader of torch."""
    data = Jets(max_constituents=8)[:150]
    system = JetTagging(build_tagger("liegnn-fast", hidden_channels=8), schedule="constant")
    predicted = torch.cat(trainer(tmp_path).predict(system, PackedLoader(data, 64)))
    expected = torch.cat([system.eval().predict_step(batch, 0).detach() for batch in PackedLoader(data, 64)])
    torch.testing.assert_close(predicted, expected, rtol=1e-4, atol=1e-6)
    seen: list[Tensor] = []
    system.train().transform = lambda batch: (seen.append(batch.p4), batch)[1]
    trainer(tmp_path, max_epochs=3, overfit_batches=1).fit(system, PackedLoader(data, 64, shuffle=True))
    assert len(seen) == 3
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
    pairs = PackedLoader(VectorPairs(*torch.randn(2, 10, 3, 2)), 4)
    forecasts = trainer(tmp_path).predict(TrajectoryForecasting(LieGNN(3, 8, 1, 1, metric=torch.eye(2))), pairs)
    assert [len(rows) for rows in forecasts] == [12, 12, 6]


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_probabilities_have_full_precision(tmp_path: Path, precision: Any) -> None:
    data = Jets(max_constituents=8)[:300]
    system = JetTagging(load_tagger().net)
    rows = trainer(tmp_path, precision=precision).predict(system, PackedLoader(data, 100))
    scores = torch.cat(rows)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores.sum(1), torch.ones(300), rtol=0, atol=1e-6)
    # In bfloat16 the sums are off by 1e-3, and all scores above 0.998 are 1.
    assert not bool((scores == scores.bfloat16().float()).all(1).any())
    assert system.eval()(next(iter(PackedLoader(data, 4)))).dtype == torch.float32


def test_double_precision_is_kept() -> None:
    net = build_tagger("liegnn-fast", hidden_channels=8).double()
    batch = Batch.from_data_list(jets())
    batch.p4 = batch.p4.double()
    assert JetTagging(net).predict_step(batch, 0).dtype == torch.float64
