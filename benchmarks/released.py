"""The LorentzNet that its authors released, as they call it, from a copy of their ``models.py``; none of it is here."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from cases import Case, Contender
from torch import Tensor, nn
from torch_geometric.utils import to_dense_batch

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.message.invariants import bilinear
from pyg_liesym.nn.models.lorentznet import LorentzNet

RELEASED = "released LorentzNet"


class Padded:
    """A batch as the released code wants it: jets of one length, filled up with constituents of zeros.

    Edges and masks are made once and not timed, as the textbook's are; their scalars are squared masses, without the
    two beam particles that the authors add to every jet.

    Args:
        case: The jets.
    """

    def __init__(self, case: Case) -> None:
        pos, mask = to_dense_batch(case.pos, case.batch)
        self.num_nodes = mask.size(1)
        self.pos, self.mask = pos.flatten(0, 1), mask.reshape(-1, 1).to(pos.dtype)
        self.scalars = bilinear(self.pos, self.pos, minkowski()[None].to(self.pos))
        source, target = mask.flatten().nonzero()[:, 0][case.edge_index]
        self.edges = [target, source]

    def through(self, net: nn.Module) -> Tensor:
        """The logits."""
        logits: Tensor = net(self.scalars, self.pos, self.edges, self.mask, None, self.num_nodes)
        return logits


def released_lorentznet(path: Path, hidden: int, classes: int, layers: int, device: str) -> Contender:
    """The released network with its sizes, once it gives a jet the logits that ours gives with the same weights.

    Args:
        path: Its ``models.py``, which is run.
        hidden: Channels.
        classes: Channels of the answer.
        layers: Layers.
        device: Where.

    Raises:
        ValueError: If they differ.
    """
    spec = importlib.util.spec_from_file_location("released_lorentznet", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"expected the models.py of LorentzNet's release, got {path}")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = module.LorentzNet(1, hidden, classes, layers, c_weight=5e-3, dropout=0.2).to(device)
    _check(net, device)
    return Contender(RELEASED, net, _call(net))


def _call(net: nn.Module) -> Callable[[Case], Tensor]:
    prepared: dict[int, Padded] = {}

    def call(case: Case) -> Tensor:
        if id(case) not in prepared:
            prepared[id(case)] = Padded(case)
        return prepared[id(case)].through(net)

    return call


@torch.no_grad()
def _check(net: nn.Module, device: str) -> None:
    generator = torch.Generator().manual_seed(0)
    momenta = torch.randn(7, 3, generator=generator)
    jet = Case("one", [7], torch.cat([1.1 * momenta.norm(dim=1, keepdim=True), momenta], dim=1)).to(device)
    theirs = Padded(jet)
    ours = LorentzNet.from_published(net.state_dict(), c=5e-3).to(device).eval()
    training, expected = net.training, theirs.through(net.eval())
    net.train(training)
    found = ours(theirs.scalars, jet.pos, batch=jet.batch, batch_size=1)
    if not torch.allclose(found, expected, rtol=1e-4, atol=1e-5):
        raise ValueError(f"the released LorentzNet and ours differ with the same weights: {expected}, {found}")
