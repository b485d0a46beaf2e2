from __future__ import annotations

import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.lorentznet import with_beams
from pyg_liesym.systems.tagging import JetTagging
from pyg_liesym.transforms.add_reference_vectors import AddReferenceVectors


def jets() -> list[Data]:
    graphs = []
    for index, count in enumerate((2, 1, 3)):
        edges = torch.stack([torch.arange(count), (torch.arange(count) + 1) % count])
        graphs.append(
            Data(p4=torch.rand(count, 4), pos=torch.rand(count, 2), x=torch.rand(count, 3), edge_index=edges,
                 y=torch.tensor([index]), jet=torch.rand(1, 4), num_nodes=count)
        )  # fmt: skip
    return graphs


@pytest.mark.parametrize("column", [False, True])
def test_a_batch_is_the_jets_one_by_one(column: bool) -> None:
    transform = AddReferenceVectors(["beams", "time", (0.0, 1.0, 0.0, 0.0)], scale=2.0, column=column)
    batch = transform(Batch.from_data_list(jets()))
    expected = Batch.from_data_list([transform(jet) for jet in jets()])
    assert batch.num_graphs == 3
    for name in ("batch", "ptr", "edge_index", "y"):
        assert torch.equal(batch[name], expected[name]), name
    assert {name: batch[name].shape for name in ("p4", "pos", "x", "jet")} == {
        name: expected[name].shape for name in ("p4", "pos", "x", "jet")
    }
    for start in batch.ptr[:-1].tolist():
        torch.testing.assert_close(
            batch.p4[start : start + 4],
            torch.tensor([[2 * 2**0.5, 0, 0, 2], [2 * 2**0.5, 0, 0, -2], [2, 0, 0, 0], [0, 2, 0, 0]]),
        )


def test_constituents_and_edges_stay_what_they_are() -> None:
    (_, _, jet) = jets()
    out = AddReferenceVectors(["time"], column=True)(jet)
    assert torch.equal(out.p4[1:], jet.p4)
    assert torch.equal(out.pos[1:], jet.pos)
    assert torch.equal(
        out.x, torch.cat([torch.tensor([[0, 0, 0, 0, 1.0]]), torch.cat([jet.x, torch.eye(2)[[0] * 3]], 1)])
    )
    assert torch.equal(out.edge_index, jet.edge_index + 1)
    assert out.num_nodes == 4
    assert jet.num_nodes == 3


def test_jets_of_one_constituent_keep_their_class() -> None:
    batch = Batch.from_data_list([Data(p4=torch.rand(1, 4), y=torch.tensor([k]), num_nodes=1) for k in range(3)])
    out = AddReferenceVectors()(batch)
    assert out.y.tolist() == [0, 1, 2]
    assert out.ptr.tolist() == [0, 3, 6, 9]


def test_beams_are_those_of_lorentznet() -> None:
    batch = Batch.from_data_list([Data(p4=jet.p4, num_nodes=len(jet.p4)) for jet in jets()])
    _, pos, item = with_beams(batch.p4, batch.batch)
    out = AddReferenceVectors()(batch)
    torch.testing.assert_close(out.p4, pos)
    assert torch.equal(out.batch, item)


def test_a_network_sees_them_and_keeps_what_they_keep() -> None:
    torch.manual_seed(0)
    net = LieGNN(0, 8, 2, 2, metric=minkowski(), readout="mean").double().eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with_time = JetTagging(net, transform=AddReferenceVectors(["time"])).eval()
    batch = Batch.from_data_list([Data(p4=jet.p4.double(), num_nodes=len(jet.p4)) for jet in jets()])
    turned, boosted = batch.clone(), batch.clone()
    turned.p4 = batch.p4[:, [0, 2, 3, 1]]
    boosted.p4 = batch.p4.clone()
    boosted.p4[:, 0], boosted.p4[:, 3] = (
        1.25 * batch.p4[:, 0] + 0.75 * batch.p4[:, 3],
        0.75 * batch.p4[:, 0] + 1.25 * batch.p4[:, 3],
    )
    scores = [with_time(jet).detach() for jet in (batch, turned, boosted)]
    torch.testing.assert_close(scores[1], scores[0])
    assert (scores[2] - scores[0]).abs().max() > 1e-6
    plain = JetTagging(net).eval()
    torch.testing.assert_close(plain(boosted), plain(batch))


def test_bad_references() -> None:
    with pytest.raises(ValueError, match="'beam'"):
        AddReferenceVectors(["beam"])
    with pytest.raises(ValueError, match=r"got \[1, 2\]"):
        AddReferenceVectors([(1, 2)])
    with pytest.raises(ValueError, match="got none"):
        AddReferenceVectors()(Data(x=torch.ones(1, 1)))
    with pytest.raises(ValueError, match="give the graphs `num_nodes`"):
        AddReferenceVectors()(Batch.from_data_list([Data(p4=torch.ones(1, 4))] * 2))
    assert repr(AddReferenceVectors(["time"])) == "AddReferenceVectors(['time'])"
