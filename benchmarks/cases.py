"""What the benchmarks run: batches of complete graphs, and the two implementations of one network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pyg_liesym.lie.metric import minkowski

HIDDEN, LAYERS, CLASSES = 72, 6, 2
QUICK_HIDDEN, QUICK_LAYERS = 8, 2
COMPLETE = ((10, 32), (30, 32), (60, 32), (120, 8), (200, 8))
"""Nodes of a graph and graphs of a batch."""
QUICK_COMPLETE = ((4, 2), (6, 2))
FEW_JETS, JETS, QUICK_JETS = 32, 60, 2
"""Jets of a batch: as one trains, and as many as have the 170 000 edges at which a tensor of edges × channels is beyond
the 32 MB that glibc keeps at most; from there on the default allocator gives every temporary fresh pages."""
OURS, TEXTBOOK = "ours", "textbook"


@dataclass
class Case:
    """A batch of complete graphs of four-vectors.

    The edge list is the textbook's alone and made beforehand; ours gets the batch and finds its edges by itself.
    """

    name: str
    sizes: list[int]
    pos: Tensor
    edge_index: Tensor = field(init=False)
    batch: Tensor = field(init=False)
    y: Tensor = field(init=False)

    def __post_init__(self) -> None:
        """Number the nodes, connect them and draw labels."""
        sizes = torch.tensor(self.sizes)
        self.batch = torch.arange(len(sizes)).repeat_interleave(sizes)
        self.edge_index = edge_list(self.sizes)
        self.y = torch.arange(len(sizes)) % CLASSES

    @property
    def num_edges(self) -> int:
        """Ordered pairs of different nodes of one graph."""
        return self.edge_index.size(1)

    @property
    def num_graphs(self) -> int:
        """Graphs in the batch."""
        return len(self.sizes)

    def to(self, device: str) -> Case:
        """Move all tensors."""
        for name in ("pos", "edge_index", "batch", "y"):
            setattr(self, name, getattr(self, name).to(device))
        return self


def edge_list(sizes: list[int]) -> Tensor:
    """Sources and targets of all ordered pairs of different nodes within each graph, ``[2, |E|]``."""
    edges, start = [], 0
    for size in sizes:
        target, source = (~torch.eye(size, dtype=torch.bool)).nonzero().T + start
        edges.append(torch.stack([source, target]))
        start += size
    return torch.cat(edges, dim=1)


def complete(num_nodes: int, batch_size: int) -> Case:
    """Equal graphs of light-like four-vectors with normal momenta."""
    generator = torch.Generator().manual_seed(num_nodes)
    momenta = torch.randn(num_nodes * batch_size, 3, generator=generator)
    pos = torch.cat([momenta.norm(dim=1, keepdim=True), momenta], dim=1)
    return Case(f"N = {num_nodes}, batch {batch_size}", [num_nodes] * batch_size, pos)


def jets(count: int) -> Case:
    """The first jets of the packaged sample with all their constituents, packed: sizes differ, nothing is padded."""
    from pyg_liesym.datasets.jets.jets import Jets
    from pyg_liesym.datasets.loader import PackedLoader

    batch = next(iter(PackedLoader(Jets(), count)))
    return Case(f"{count} packed jets", batch.ptr.diff().tolist(), batch.p4)


@dataclass
class Contender:
    """One implementation, and how to call it."""

    name: str
    net: nn.Module
    call: Callable[[Case], Tensor]

    def train(self, case: Case) -> None:
        """One training step without an optimizer."""
        self.net.train()
        self.net.zero_grad(set_to_none=True)
        cross_entropy(self.call(case), case.y).backward()

    @torch.no_grad()
    def infer(self, case: Case) -> None:
        """Forward pass in evaluation mode."""
        self.net.eval()
        self.call(case)


def contenders(model: str = "liegnn", quick: bool = False, device: str = "cpu") -> dict[str, Contender]:
    """Both implementations of a network with the same weights.

    Args:
        model: ``"liegnn"`` or ``"lorentznet"``.
        quick: Whether to build a tiny one.
        device: Where.
    """
    from textbook import TextbookLieGNN, TextbookLorentzNet, product, psi

    hidden, layers = (QUICK_HIDDEN, QUICK_LAYERS) if quick else (HIDDEN, LAYERS)
    metric = minkowski().float()
    torch.manual_seed(0)
    if model == "liegnn":
        from pyg_liesym.nn.models.liegnn import LieGNN

        ours: nn.Module = LieGNN(0, hidden, CLASSES, layers, metric=metric, readout="mean")
        textbook: nn.Module = TextbookLieGNN(hidden, CLASSES, layers, metric).copy_from(ours)
    elif model == "lorentznet":
        from pyg_liesym.nn.models.lorentznet import LorentzNet

        ours = LorentzNet(1, hidden, CLASSES, layers, metric=metric)
        textbook = TextbookLorentzNet(hidden, CLASSES, layers, metric).copy_from(ours)
    else:
        raise ValueError(f"expected `model` to be 'liegnn' or 'lorentznet', got {model!r}")
    ours, textbook = ours.to(device), textbook.to(device)

    def call_ours(case: Case) -> Tensor:
        x = psi(product(case.pos, case.pos, textbook.metric)) if model == "lorentznet" else None
        return ours(x, case.pos, batch=case.batch, batch_size=case.num_graphs)

    return {
        TEXTBOOK: Contender(
            TEXTBOOK, textbook, lambda case: textbook(case.pos, case.edge_index, case.batch, case.num_graphs)
        ),
        OURS: Contender(OURS, ours, call_ours),
    }
