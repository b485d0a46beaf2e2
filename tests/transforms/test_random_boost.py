from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.transforms.random_boost import RandomBoost
from pyg_liesym.transforms.random_rotation import RandomRotation

DRAWS = [
    lambda seed: RandomBoost(2.0, generator=torch.Generator().manual_seed(seed)),
    lambda seed: RandomBoost(2.0, along_beams=True, generator=torch.Generator().manual_seed(seed)),
    lambda seed: RandomRotation(generator=torch.Generator().manual_seed(seed)),
    lambda seed: RandomRotation(about_beams=True, generator=torch.Generator().manual_seed(seed)),
]


def jets(num: int = 6) -> Batch:
    generator = torch.Generator().manual_seed(0)
    graphs = []
    for index in range(num):
        p = torch.randn(index % 3 + 2, 3, generator=generator, dtype=torch.float64)
        p4 = torch.cat([(p.square().sum(1, keepdim=True) + 0.1).sqrt(), p], dim=1)
        graphs.append(Data(p4=p4, x=torch.rand(len(p), 2), y=torch.tensor([index]), num_nodes=len(p)))
    return Batch.from_data_list(graphs)


def gram(batch: Batch) -> list[torch.Tensor]:
    parts = [batch.p4[batch.batch == jet] for jet in range(batch.num_graphs)]
    return [p @ minkowski() @ p.T for p in parts]


@pytest.mark.parametrize("draw", DRAWS)
def test_products_within_a_jet_stay_and_the_rest_is_let_be(draw: Any) -> None:
    batch = jets()
    before = batch.p4.clone()
    moved = draw(0)(batch)
    for ours, theirs in zip(gram(moved), gram(batch), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert torch.equal(batch.p4, before)
    assert (moved.p4 - before).abs().max() > 0.1
    assert torch.equal(moved.x, batch.x)
    assert torch.equal(moved.p4, draw(0)(batch).p4)
    assert not torch.equal(moved.p4, draw(1)(batch).p4)


@pytest.mark.parametrize("draw", DRAWS)
def test_every_jet_moves_on_its_own_and_one_alone_as_in_a_batch(draw: Any) -> None:
    batch = Batch.from_data_list([jets(1)[0]] * 2)
    moved = draw(3)(batch)
    first, second = moved.p4.split(2)
    assert (first - second).abs().max() > 1e-3
    single = draw(3)(Batch.from_data_list([jets(1)[0]]))
    alone = draw(3)(jets(1)[0])
    torch.testing.assert_close(alone.p4, single.p4)


def test_what_beams_keep() -> None:
    batch = jets()
    along = RandomBoost(2.0, along_beams=True)(batch).p4
    torch.testing.assert_close(along[:, 1:3], batch.p4[:, 1:3])
    about = RandomRotation(about_beams=True)(batch).p4
    torch.testing.assert_close(about[:, [0, 3]], batch.p4[:, [0, 3]])
    energy = RandomRotation()(batch).p4[:, 0]
    torch.testing.assert_close(energy, batch.p4[:, 0])


def test_rapidities_and_angles_fill_their_range() -> None:
    still = Batch.from_data_list([Data(p4=torch.tensor([[1.0, 0, 0, 0]]).double(), num_nodes=1)] * 2000)
    rapidity = RandomBoost(1.5, generator=torch.Generator().manual_seed(0))(still).p4[:, 0].acosh()
    assert rapidity.max() <= 1.5
    assert float(rapidity.mean()) == pytest.approx(0.75, abs=0.05)
    along = Batch.from_data_list([Data(p4=torch.tensor([[1.0, 1, 0, 0]]).double(), num_nodes=1)] * 2000)
    turned = RandomRotation(0.5, about_beams=True, generator=torch.Generator().manual_seed(0))(along).p4
    angle = torch.atan2(turned[:, 2], turned[:, 1])
    assert angle.abs().max() <= 0.5
    assert abs(float(angle.mean())) < 0.03


@pytest.mark.parametrize("draw", DRAWS)
def test_collider_coordinates_follow(draw: Any) -> None:
    batch = jets()
    batch.pos, batch.jet = torch.zeros(len(batch.p4), 2), torch.zeros(6, 4)
    moved = draw(2)(batch)
    for jet in range(6):
        p4 = moved.p4[moved.batch == jet].numpy()
        total = p4.sum(0)
        eta, phi = np.arctanh(total[3] / np.linalg.norm(total[1:])), np.arctan2(total[2], total[1])
        np.testing.assert_allclose(
            moved.jet[jet].numpy(), [np.hypot(*total[1:3]), eta, phi, total[0]], rtol=1e-5, atol=1e-6
        )
        deta = (np.arctanh(p4[:, 3] / np.linalg.norm(p4[:, 1:], axis=1)) - eta) * np.sign(eta)
        dphi = np.angle(np.exp(1j * (np.arctan2(p4[:, 2], p4[:, 1]) - phi)))
        np.testing.assert_allclose(moved.pos[moved.batch == jet].numpy().T, [deta, dphi], rtol=1e-4, atol=1e-5)


def test_bad_arguments() -> None:
    for make in (lambda: RandomBoost(-1.0), lambda: RandomRotation(float("inf"))):
        with pytest.raises(ValueError, match="expected a finite"):
            make()
    with pytest.raises(ValueError, match=r"`p4` of shape .* got none"):
        RandomBoost(1.0)(Data(x=torch.ones(2, 2)))
    assert repr(RandomBoost(1.0)) == "RandomBoost(1.0, along_beams=False)"
    assert repr(RandomRotation(0.5)) == "RandomRotation(0.5, about_beams=False)"
