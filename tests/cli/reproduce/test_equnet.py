"""Networks that keep symmetries of flows, on flows moved by each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from pyg_liesym.cli.reproduce.equnet import EquNet, FlowTraining
from pyg_liesym.cli.reproduce.equnet_data import ConvectionFlows
from pyg_liesym.cli.reproduce.equnet_networks import BACKBONES, KEEPS, build_network
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.field import PointGroup, vectors
from pyg_liesym.field.action import quarter_turn
from pyg_liesym.testing.equivariance import randomize_parameters

SMALL = FlowTraining(
    history=2, horizon=1, test_horizon=2, budget=3000, epochs=1, steps=3, val_windows=4, test_windows=8
)


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> ConvectionFlows:
    return ConvectionFlows(tmp_path_factory.mktemp("convection"), rows=8, boxes=3, frames=8, start=2.0)


def turned(frames: Tensor) -> Tensor:
    flat = frames.flatten(0, -4)
    out: Tensor = quarter_turn(flat, vectors(PointGroup.cyclic(4), 1)).unflatten(0, frames.shape[:-3])
    return out


def moves() -> dict[str, Any]:
    wind = torch.tensor([9.0, -4.0], dtype=torch.float64)[:, None, None]
    return {"UM": lambda frames: frames + wind, "Mag": lambda frames: 5 * frames, "Rot": turned}


def network(backbone: Any, keeps: Any) -> Any:
    torch.manual_seed(0)
    net = build_network(backbone, keeps, history=2, budget=3000, scale=0.5, step=0.1).double()
    return randomize_parameters(net, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("keeps", [keeps for keeps in KEEPS if keeps != "Scale"])
def test_networks_keep_what_they_are_named_after_and_nothing_else(backbone: Any, keeps: Any) -> None:
    net, seen = network(backbone, keeps), torch.randn(1, 2, 2, 8, 8, dtype=torch.float64)
    forecast = net.rollout(seen, 2).detach()
    for name, move in moves().items():
        expected = move(forecast)
        kept = torch.allclose(
            net.rollout(move(seen), 2).detach(), expected, rtol=0, atol=1e-10 * float(expected.abs().max())
        )
        assert kept == (name in keeps.split(", "))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_scaling_is_kept_better_than_by_the_plain_network(backbone: Any) -> None:
    """Of a smooth flow on twice as many cells with half the velocity the change in a frame is an eighth."""

    def error(keeps: Any) -> float:
        net = network(backbone, keeps)
        coarse, fine = smooth(32), smooth(64) / 2
        change = (net(coarse) - coarse[:, -1]).detach() / 8
        found = avg_pool2d((net(fine) - fine[:, -1]).detach(), 2)
        return float((found - change).norm() / change.norm())

    assert 3 * error("Scale") < error("nothing")


def smooth(side: int) -> Tensor:
    """A flow within a square, at the middles of the cells, at rest at its border."""
    x = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    generator = torch.Generator().manual_seed(1)
    modes = torch.sin(torch.pi * torch.arange(1, 4)[:, None] * x)
    weights = torch.randn(1, 1, 2, 3, 3, generator=generator, dtype=torch.float64)
    frame = torch.einsum("...mn,my,nx->...yx", weights, modes, modes)
    return frame.expand(1, 2, 2, side, side)


def test_sets_are_the_flow_moved(flows: ConvectionFlows) -> None:
    still = flows.flow("test", 2, 2)
    window = still[5]
    assert window.x.shape == (1, 2, 2, 8, 8)
    sizes = flows.sizes(still)
    assert 0 < sizes[1] < sizes[0]
    motion, magnitude, turn = (flows.moved(name, "test", 2, 2)[5] for name in ("UM", "Mag", "Rot"))
    added = motion.y - window.y
    torch.testing.assert_close(added, added[..., :1, :1].expand_as(added), atol=1e-5, rtol=0)
    assert 0.01 * sizes[0] < float(added.abs().max()) <= flows.motion * sizes[0]
    factor = (magnitude.y / window.y).mean()
    torch.testing.assert_close(magnitude.y, factor * window.y)
    torch.testing.assert_close(magnitude.x, factor * window.x)
    quarters = [turned(window.y)]
    for _ in range(2):
        quarters.append(turned(quarters[-1]))
    assert sum(torch.allclose(turn.y, one) for one in quarters) == 1


def test_the_scaled_set_is_the_same_flow_on_finer_cells_and_frames(flows: ConvectionFlows) -> None:
    scaled, flow = flows.moved("Scale", "test", 2, 6), flows.flow("test", 2, 1)
    index = {(int(window.simulation), int(window.frame)): window for window in flow}
    fine = scaled[10]
    # The flow's window that begins its forecast at the same fine frame; its one coming frame is four fine ones later.
    own = index[int(fine.simulation), int(fine.frame)]
    torch.testing.assert_close(2 * avg_pool2d(fine.x[0, -1], 2), own.x[0, -1])
    torch.testing.assert_close(2 * avg_pool2d(fine.y[0, 3], 2), own.y[0, 0])
    assert fine.x.shape[-2:] == (16, 16)


def test_the_table_says_by_how_much_errors_grow(flows: ConvectionFlows, tmp_path: Path) -> None:
    experiment = EquNet(("U-Net",), ("nothing", "UM, Mag, Rot"), (0,), flows, SMALL)
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    plain, kept = (run["numbers"] for run in record["runs"])
    assert [run["row"] for run in record["runs"]] == ["nothing", "UM, Mag, Rot"]
    for name in ("UM", "Rot"):
        assert kept[f"grows {name}"] == pytest.approx(1, abs=1e-3)
        assert plain[f"grows {name}"] != pytest.approx(1, abs=1e-3)
        assert kept[f"rmse {name}"] == pytest.approx(kept["rmse original"], rel=1e-3)
    assert kept["rmse Mag"] != pytest.approx(kept["rmse original"], rel=1e-2)
    assert {one["number"] for one in record["comparisons"]} == {"error UM", "error Mag", "error Rot"}
    assert (tmp_path / "U-Net.png").exists()
    assert (tmp_path / "U-Net-spectra.png").exists()


def test_other_networks_there_are_not() -> None:
    with pytest.raises(ValueError, match="there is no Boost; there are nothing; UM; Mag; Rot; Scale; UM, Mag, Rot"):
        list(EquNet(keeps=("Boost",)).jobs())  # type: ignore[arg-type]
