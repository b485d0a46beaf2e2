"""A larger network that begins as a smaller one: the same answers, and all of it learns."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pyg_liesym.nn.models.growing import grown
from pyg_liesym.nn.models.taggers import TAGGERS, TaggerName, build_tagger
from pyg_liesym.testing.equivariance import randomize_parameters

SMALL: dict[str, Any] = {"hidden_channels": 8, "edge_channels": 4, "num_layers": 2}
LABEL = torch.tensor([0, 1, 1])
BATCH = torch.tensor([0] * 5 + [1] * 3 + [2] * 4)


def tagger(seed: int = 0, **changed: Any) -> torch.nn.Module:
    name = changed.pop("name", "liegnn-fast")
    torch.manual_seed(seed)
    net = build_tagger(name, **{**SMALL, **changed}).double().eval()
    if seed:
        randomize_parameters(net, generator=torch.Generator().manual_seed(seed))
    return net


def jets() -> torch.Tensor:
    momenta = 20 * torch.randn(len(BATCH), 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.cat([(1 + momenta.square().sum(1, keepdim=True)).sqrt(), momenta], dim=1)


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ({}, {}),
        ({}, {"edge_channels": 7}),
        ({}, {"num_layers": 4}),
        ({}, {"fractions": ["jet"]}),
        ({}, {"edge_channels": 5, "num_layers": 3, "fractions": ["jet", "time", "lightcone"]}),
        ({"fractions": ["jet"]}, {"edge_channels": 6, "fractions": ["jet"]}),
        ({"name": "liegnn"}, {"name": "liegnn", "num_layers": 3}),
        ({"in_channels": 2}, {"in_channels": 2, "edge_channels": 6, "fractions": ["jet"]}),
    ],
)
def test_it_begins_with_the_same_answers_and_all_of_it_learns(first: dict[str, Any], more: dict[str, Any]) -> None:
    if first.get("name") == "liegnn":
        first, more = ({"edge_channels": None, **own} for own in (first, more))
    small, large = tagger(1, **first), tagger(**more)
    x = torch.randn(len(BATCH), 2, dtype=torch.float64) if "in_channels" in more else None
    expected = small(x, jets(), batch=BATCH, batch_size=3)
    assert not torch.allclose(large(x, jets(), batch=BATCH, batch_size=3), expected)
    large.load_state_dict(grown(small.state_dict(), large.state_dict()))
    torch.testing.assert_close(large(x, jets(), batch=BATCH, batch_size=3), expected)

    optimizer = torch.optim.SGD(large.parameters(), lr=0.01)
    before = {name: value.clone() for name, value in large.named_parameters()}
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(large(x, jets(), batch=BATCH, batch_size=3), LABEL).backward()
        optimizer.step()
    still = [name for name, value in large.named_parameters() if torch.equal(value, before[name])]
    assert still == []
    new = [name for name, value in large.named_parameters() if not bool(((value - before[name]) != 0).any(0).all())]
    assert new == []


@pytest.mark.parametrize("num_classes", [1, 3])
@pytest.mark.parametrize("name", TAGGERS)
def test_other_classes_have_a_last_map_of_their_own(name: TaggerName, num_classes: int) -> None:
    small, large = build_tagger(name), build_tagger(name, num_classes)
    begun = grown(small.state_dict(), large.state_dict())
    own = {key for key, value in begun.items() if torch.equal(value, large.state_dict()[key])}
    kept = {key for key, value in begun.items() if torch.equal(value, small.state_dict().get(key, torch.empty(0)))}
    last = [key for key in begun if key.endswith(("head.3.weight", "head.3.bias"))]
    assert len(last) == 2
    assert own >= set(last)
    assert kept == begun.keys() - set(last)
    large.load_state_dict(begun)


@pytest.mark.parametrize(
    ("first", "more", "words"),
    [
        ({}, {"edge_channels": 3}, r"edge_map.* cannot hold"),
        ({}, {"num_layers": 1}, r"it has no .*convs\.1"),
        ({}, {"hidden_channels": 9}, r"of shape \[9.* cannot hold that of \[8"),
        ({}, {"in_channels": 2}, r"embedding\.weight of shape \[8, 3\] cannot hold that of \[8, 1\]"),
        ({"in_channels": 1}, {"in_channels": 2}, r"embedding\.weight"),
        ({}, {"in_channels": 1, "fractions": ["jet"]}, r"embedding\.weight"),
        ({"fractions": ["jet"]}, {"fractions": ["jet", "time"]}, r"embedding\.weight|vectors"),
        ({"fractions": ["jet"]}, {"fractions": ["time"]}, "fractions have other references"),
        ({"fractions": ["time", "lightcone"]}, {"fractions": ["lightcone", "time"]}, "have other references"),
        ({"fractions": ["jet"]}, {"fractions": ["jet"], "in_channels": 1}, r"embedding\.weight"),
        ({"fractions": ["jet"]}, {}, "it has no net"),
        ({"pos_aggr": None}, {}, r"nothing is there for convs\.0.*phi_x"),
        ({"pos_aggr": None}, {"num_layers": 3}, r"nothing is there for convs\.0.*phi_x"),
        (
            {"name": "vector-liegnn", "num_layers": 1},
            {"name": "vector-liegnn", "num_layers": 1, "edge_channels": 6},
            "hold",
        ),
        ({}, {"name": "lorentznet", "edge_channels": None}, "it has no"),
    ],
)
def test_what_cannot_begin_so(first: dict[str, Any], more: dict[str, Any], words: str) -> None:
    if more.get("name") == "lorentznet":
        large = build_tagger("lorentznet", hidden_channels=8, num_layers=2)
    else:
        large = tagger(**more)
    with pytest.raises(ValueError, match=words):
        grown(tagger(1, **first).state_dict(), large.state_dict())
