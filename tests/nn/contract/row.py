"""A row of the contract: a layer or network, what it takes, and the group that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from pyg_liesym.metrics.equivariance import Action, equivariance_error
from pyg_liesym.testing.equivariance import randomize_parameters

Batch = dict[str, Any]
SIZES = (5, 3, 4)


class Element(NamedTuple):
    """An element of a group: how it acts on the arguments that it moves, by name, and on each output."""

    inputs: dict[str, Action]
    outputs: tuple[Action, ...]


def moved(g: Tensor, by: float = 0.0) -> Callable[[Tensor], Tensor]:
    """Turn rows by a matrix and move them."""
    return lambda value: value @ g.mT + by


@dataclass(frozen=True)
class Points:
    """Graphs: the shapes of what each node brings, and the widths of what each edge does, by name."""

    nodes: dict[str, int | tuple[int, ...]]
    edges: dict[str, int] | None = None
    takes: tuple[str, ...] = ("batch", "batch_size")
    readout: bool = False

    @property
    def without(self) -> dict[str, str]:
        return {}

    def draw(self, size: int, generator: Generator, dtype: torch.dtype) -> Batch:
        """One graph. Four-momenta ``p4`` are massive and point upwards in time; a node has its own edge too."""
        item: Batch = {
            name: torch.randn(size, *([shape] if isinstance(shape, int) else shape), dtype=dtype, generator=generator)
            for name, shape in self.nodes.items()
        }
        if "p4" in item and size:
            item["p4"][:, 0] = item["p4"][:, 1:].norm(dim=1) + 0.5
        if self.edges is not None:
            count = 3 * size
            drawn = torch.randint(max(size, 1), (2, count), generator=generator)
            item["edge_index"] = torch.cat([drawn, torch.arange(size).expand(2, -1)], 1)
            for name, width in self.edges.items():
                item[name] = torch.randn(count + size, width, dtype=dtype, generator=generator)
        return item

    def join(self, items: Sequence[Batch]) -> Batch:
        sizes = torch.tensor([len(next(iter(item.values()))) for item in items], dtype=torch.long)
        start = sizes.cumsum(0) - sizes
        none = self.draw(0, Generator(), torch.float64)
        joined = {key: torch.cat([item[key] for item in items] or [none[key]]) for key in none if key != "edge_index"}
        if self.edges is not None:
            ends = [item["edge_index"] + first for item, first in zip(items, start, strict=True)]
            joined["edge_index"] = torch.cat(ends or [none["edge_index"]], 1)
        known = {"batch": torch.arange(len(items)).repeat_interleave(sizes), "batch_size": len(items)}
        return joined | {name: known[name] for name in self.takes}

    def without_edges(self, batch: Batch) -> Batch:
        return {
            key: v[:, :0] if key == "edge_index" else v[:0] if key in (self.edges or ()) else v
            for key, v in batch.items()
        }

    def rows(self, sizes: Sequence[int]) -> int:
        """How many rows an answer about such graphs has."""
        return len(sizes) if self.readout else sum(sizes)

    def split(self, out: Tensor) -> tuple[Tensor, ...]:
        return out.split(1 if self.readout else list(SIZES))

    def renumbering(self, batch: Batch, generator: Generator) -> tuple[Batch, Action]:
        """The same graphs with other numbers for the nodes of each, and edges in another order."""
        ends = list(torch.tensor(SIZES).cumsum(0))
        order = torch.cat([e - s + torch.randperm(s, generator=generator) for s, e in zip(SIZES, ends, strict=True)])
        moved = batch | {name: batch[name][order] for name in self.nodes}
        if self.edges is not None:
            edges = torch.randperm(batch["edge_index"].size(1), generator=generator)
            moved["edge_index"] = order.argsort()[batch["edge_index"]][:, edges]
            moved |= {name: batch[name][edges] for name in self.edges}
        return moved, None if self.readout else lambda out: out[order]

    def call(self, net: Callable[..., Any], batch: Batch) -> Any:
        """Features and vectors by place, since taggers call the second by several names; the rest by name."""
        first = list(self.nodes)[:2]
        return net(*(batch[name] for name in first), **{key: v for key, v in batch.items() if key not in first})


@dataclass(frozen=True)
class Lattice:
    """Fields, the shape of one of them, and whether the lattice closes on itself for the layer."""

    shape: tuple[int, ...]
    periodic: bool = False

    @property
    def without(self) -> dict[str, str]:
        border = {} if self.periodic else {"permutation": "the lattice has a border"}
        return {"no_edges": "has no edges", "tiles": "has no edges"} | border

    def draw(self, size: int, generator: Generator, dtype: torch.dtype) -> Batch:
        """As many fields as there are nodes in a graph, or none."""
        return {"field": torch.randn(min(size, 1), *self.shape, dtype=dtype, generator=generator)}

    def join(self, items: Sequence[Batch]) -> Batch:
        empty = torch.zeros(0, *self.shape, dtype=torch.float64)
        return {"field": torch.cat([item["field"] for item in items]) if items else empty}

    def rows(self, sizes: Sequence[int]) -> int:
        return sum(min(size, 1) for size in sizes)

    def split(self, out: Tensor) -> tuple[Tensor, ...]:
        return out.split(1)

    def renumbering(self, batch: Batch, generator: Generator) -> tuple[Batch, Action]:
        """The lattice moved along itself."""
        return {"field": torch.roll(batch["field"], (1, 2), (-2, -1))}, lambda out: torch.roll(out, (1, 2), (-2, -1))

    def call(self, net: Callable[..., Any], batch: Batch) -> Any:
        return net(batch["field"])


@dataclass(frozen=True)
class Row:
    """A layer or network.

    Attributes:
        name: Its class, and what tells this row from others of the class.
        build: Makes it.
        inputs: What it takes.
        element: An element of the group that it keeps, if relaxed at first and once made strict.
        other: One that it does not keep, as a control.
        without: Columns that do not apply, and why.
        relaxed_keeps: Whether it keeps the element where it has relaxed too, since it is not that which it relaxes.
        graph_break: Why it does not compile into one graph, if so.
    """

    name: str
    build: Callable[[], nn.Module]
    inputs: Points | Lattice
    element: Element | None = None
    other: Element | None = None
    without: dict[str, str] = field(default_factory=dict)
    relaxed_keeps: bool = False
    graph_break: str = ""

    @property
    def reasons(self) -> dict[str, str]:
        """Columns that do not apply, and why."""
        return self.inputs.without | self.without

    def fresh(self, dtype: torch.dtype = torch.float64, seed: int = 0) -> nn.Module:
        """The network as its constructor makes it, in evaluation."""
        default = torch.get_default_dtype()
        torch.manual_seed(seed)
        torch.set_default_dtype(dtype)
        try:
            return self.build().to(dtype).eval()
        finally:
            torch.set_default_dtype(default)

    def net(self, dtype: torch.dtype = torch.float64, seed: int = 0) -> nn.Module:
        """The network with all parameters drawn at random, in evaluation."""
        return randomize_parameters(self.fresh(dtype, seed), generator=torch.Generator().manual_seed(seed))

    def items(self, sizes: Sequence[int] = SIZES, dtype: torch.dtype = torch.float64, seed: int = 0) -> list[Batch]:
        generator = torch.Generator().manual_seed(seed)
        return [self.inputs.draw(size, generator, dtype) for size in sizes]

    def batch(self, sizes: Sequence[int] = SIZES, dtype: torch.dtype = torch.float64, seed: int = 0) -> Batch:
        return self.inputs.join(self.items(sizes, dtype, seed))

    def run(self, net: Callable[..., Any], batch: Batch) -> tuple[Tensor, ...]:
        """The outputs, one or several."""
        out = self.inputs.call(net, batch)
        return (out,) if isinstance(out, Tensor) else tuple(out)

    def loss(self, net: Callable[..., Any], batch: Batch) -> Tensor:
        """One number that all outputs enter."""
        return torch.stack([out.square().sum() for out in self.run(net, batch)]).sum()

    def error(self, net: nn.Module, element: Element) -> float:
        """How far the network is from keeping an element."""
        batch, names = self.batch(), list(element.inputs)
        run = lambda *moved: self.run(net, batch | dict(zip(names, moved, strict=True)))  # noqa: E731
        return equivariance_error(run, [batch[name] for name in names], list(element.inputs.values()), element.outputs)

    def but(self, **changes: Any) -> Row:
        return replace(self, **changes)
