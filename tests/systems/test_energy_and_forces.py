from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import lightning as L
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.systems.energy_and_forces import EnergyAndForces
from pyg_liesym.testing.equivariance import randomize_parameters

NETWORKS: dict[str, Callable[[Tensor], nn.Module]] = {
    "LieGNN": lambda J: LieGNN(1, 6, 1, 2, metric=J, invariants=("distance",), readout="sum"),
    "VectorLieGNN": lambda J: VectorLieGNN(1, 6, 1, 2, metric=J, vector_channels=2, origin="mean", readout="sum"),
}
pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:The number of training batches")


def build(name: str, J: Tensor) -> EnergyAndForces:
    net = randomize_parameters(NETWORKS[name](J).double(), generator=torch.Generator().manual_seed(0))
    return EnergyAndForces(net)


def bodies(dim: int = 3, seed: int = 1) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    pos = torch.randn(7, dim, generator=generator, dtype=torch.float64)
    graphs = [Data(x=part[:, :1].sign(), pos=part) for part in pos.split([3, 4])]
    return Batch.from_data_list(graphs)


def moved(batch: Batch, g: Tensor) -> Batch:
    out = batch.clone()
    out.pos = batch.pos @ g.mT
    return out


@pytest.fixture(params=["plain", "tiles"])
def tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "tiles":
        monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
        monkeypatch.setattr(cuts, "_WORTHWHILE", 0.0)


@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("name", NETWORKS)
def test_forces_are_the_slope_of_the_energy_and_have_one_themselves(name: str) -> None:
    """Against finite differences: of the energy, and of what a loss makes of the forces."""
    system, batch = build(name, torch.eye(3)), bodies()
    weight = torch.randn(7, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    parameter = next(p for n, p in system.net.named_parameters() if "phi_e" in n and p.dim() == 2)
    force = system(batch)[1]
    (slope,) = torch.autograd.grad((weight * force).sum(), parameter)
    step = 1e-5
    for row, column in ((0, 0), (3, 2)):
        at = batch.clone()
        ends = []
        for sign in (1, -1):
            at.pos = batch.pos.clone()
            at.pos[row, column] += sign * step
            ends.append(system(at)[0].sum())
        torch.testing.assert_close(force[row, column], -(ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)
    with torch.no_grad():
        ends = []
        for sign in (1, -1):
            parameter[1, 2] += sign * step
            ends.append((weight * system(batch)[1]).sum())
            parameter[1, 2] -= sign * step
    torch.testing.assert_close(slope[1, 2], (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)
    assert float(slope[1, 2].abs()) > 1e-6


@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("name", NETWORKS)
def test_forces_turn_and_add_up_to_zero(name: str) -> None:
    system, batch = build(name, torch.eye(3)), bodies()
    energy, force = system(batch)
    g = LieAlgebra.rotation(3).sample(1, generator=torch.Generator().manual_seed(0))[0].double()
    turned = system(moved(batch, g))
    torch.testing.assert_close(turned[0], energy, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(turned[1], force @ g.mT, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(turned[1], force, rtol=1e-2)
    for part in force.split([3, 4]):
        torch.testing.assert_close(part.sum(0), torch.zeros(3, dtype=torch.float64), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_where_g_does_not_keep_lengths_forces_turn_by_its_inverse_transposed(name: str) -> None:
    system, batch = build(name, minkowski(dtype=torch.float64)), bodies(4)
    g = LieAlgebra.lorentz().sample(1, generator=torch.Generator().manual_seed(0))[0].double()
    force, turned = system(batch)[1], system(moved(batch, g))[1]
    torch.testing.assert_close(turned, force @ torch.linalg.inv(g), rtol=1e-8, atol=1e-8)
    assert not torch.allclose(turned, force @ g.mT, rtol=1e-2)


def springs(num: int, seed: int) -> list[Data]:
    """Points that are drawn to each other, with the energy of the springs."""
    generator = torch.Generator().manual_seed(seed)
    clouds = torch.randn(num, 4, 3, generator=generator)
    apart = clouds[:, :, None] - clouds[:, None]
    energy = apart.square().sum((1, 2, 3)) / 4
    return [
        Data(x=torch.ones(4, 1), pos=p, force=-a.sum(1), energy=e[None])
        for p, a, e in zip(clouds, apart, energy, strict=True)
    ]


@pytest.mark.parametrize("energy_weight", [0.0, 0.1])
def test_training_on_forces_tells_the_energy_up_to_a_constant(tmp_path: Path, energy_weight: float) -> None:
    L.seed_everything(0, verbose=False)
    net = LieGNN(1, 16, 1, 1, metric=torch.eye(3), invariants=("distance",), readout="sum")
    system = EnergyAndForces(net, lr=1e-2, energy_weight=energy_weight)
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=30, logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, default_root_dir=tmp_path, num_sanity_val_steps=0,
    )  # fmt: skip
    test = DataLoader(springs(40, 1), 40)
    trainer.fit(system, DataLoader(springs(200, 0), 20, shuffle=True), test)
    (scores,) = trainer.test(system, test, verbose=False)
    batch = next(iter(test))
    null = float(batch.force.square().mean())
    assert scores["test_mse"] < 0.05 * null
    with torch.no_grad():
        energy, force = system(batch)
    assert not force.requires_grad
    assert float((energy - batch.energy).std() / batch.energy.std()) < 0.2
    assert scores["test_mse"] == pytest.approx(float((force - batch.force).square().mean()), rel=1e-5)
    if energy_weight:
        assert float((energy - batch.energy).mean().abs()) < 0.5 * float(batch.energy.mean())
    predicted = trainer.predict(system, test)[0]
    torch.testing.assert_close(predicted[1], force)


def test_one_energy_a_graph() -> None:
    system = EnergyAndForces(LieGNN(1, 4, 2, 1, metric=torch.eye(3), readout="sum"))
    with pytest.raises(ValueError, match=r"one energy for each of 2 graphs, \[2, 1\], got \[2, 2\]"):
        system(bodies().apply(lambda t: t.float() if t.is_floating_point() else t))
