"""What relaxing a layer costs, and what its twin on a graph costs.

A training step (forward, mean square, backward, with the relaxation penalty) of relaxed layers beside their strict
ones in turn: 32 channels, a 5×5 kernel, 64×64 places, a batch of 8. Then the twin on the lattice's graph beside the
grid layer, and how its time grows with the edges. Only the ratios carry over to another machine.

    python benchmarks/fields.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m benchmarks.fields`

from harness import in_turn, machine, markdown, say

from pyg_liesym.cli.files import write_json

BANKS = 3


def main(arguments: list[str] | None = None) -> None:
    """Measure, write what was measured, and print it as a table."""
    options = _parse(arguments)
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    side, batch, channels = (8, 1, 4) if options.quick else (64, 8, 32)
    repeats = 1 if options.quick else options.repeats
    rows = [*relaxed(side, batch, channels, repeats), *twins(side, channels, repeats)]
    result = {"side": side, "batch": batch, "channels": channels, "repeats": repeats, "rows": rows}
    write_json(options.out, {**result, "machine": machine(options.threads, "cpu")})
    print(markdown(rows))


def relaxed(side: int, batch: int, channels: int, repeats: int) -> list[dict[str, Any]]:
    """Relaxed layers beside strict ones."""
    import torch
    from torch import nn

    from pyg_liesym.field import PointGroup, regulars, scalars, vectors
    from pyg_liesym.nn import field as layers

    c1, c4 = PointGroup.cyclic(1), PointGroup.cyclic(4)
    scales, size = (1.0, 1.5, 2.25, 3.375), (side, side)
    few, plain = max(channels // 4, 1), scalars(c1, channels)
    pairs: dict[str, tuple[nn.Module, nn.Module, int, float]] = {
        "steerable, scalars": (
            layers.SteerableConv2d(scalars(c4, channels), scalars(c4, channels), 5, relaxed=True),
            layers.SteerableConv2d(scalars(c4, channels), scalars(c4, channels), 5), channels, 1.5,
        ),
        "steerable, vectors": (
            layers.SteerableConv2d(vectors(c4, channels // 2), vectors(c4, channels // 2), 5, relaxed=True),
            layers.SteerableConv2d(vectors(c4, channels // 2), vectors(c4, channels // 2), 5), channels, 1.5,
        ),
        "steerable, regular": (
            layers.SteerableConv2d(regulars(c4, few), regulars(c4, few), 5, relaxed=True),
            layers.SteerableConv2d(regulars(c4, few), regulars(c4, few), 5), 4 * few, 1.5,
        ),
        "group, C4": (
            layers.GroupConv2d(regulars(c4, few), regulars(c4, few), 5, num_banks=BANKS, relaxed=True),
            layers.GroupConv2d(regulars(c4, few), regulars(c4, few), 5), 4 * few, 1.5,
        ),
        "scale, 4 scales": (
            layers.ScaleConv2d(few, few, 5, scales, num_banks=BANKS, relaxed=True),
            layers.ScaleConv2d(few, few, 5, scales), few, 1.5,
        ),
        "Riesz, 5 octaves": (
            layers.RieszConv2d(channels, channels, relaxed=True),
            layers.RieszConv2d(channels, channels), channels, 1.5,
        ),
        f"translation, {BANKS} banks": (
            layers.RelaxedTranslationConv2d(plain, plain, 5, size, num_banks=BANKS),
            layers.SteerableConv2d(plain, plain, 5), channels, 1.2 * BANKS,
        ),
    }  # fmt: skip
    rows = []
    for name, (loose, strict, count, bound) in pairs.items():
        say(f"{name}")
        shape = (batch, count, len(scales), side, side) if "scale," in name else (batch, count, side, side)
        field = torch.randn(shape)
        times = in_turn([step(layer, field) for layer in (loose, strict)], repeats)
        rows.append({"what": name, "beside": "strict", "ratio": times[0] / times[1], "asked": bound})
    return rows


def twins(side: int, channels: int, repeats: int) -> list[dict[str, Any]]:
    """The twin on the graph of one lattice beside the grid layer, and its growth with the edges."""
    import torch

    from pyg_liesym.field import Lattice, PointGroup, scalars
    from pyg_liesym.nn import FieldConv
    from pyg_liesym.nn.field import SteerableConv2d

    kind = scalars(PointGroup.cyclic(4), channels)
    layer = SteerableConv2d(kind, kind, 5, relaxed=True)
    twin = FieldConv(layer.kernel)
    steps: list[Callable[[], object]] = []
    edges = []
    for scale in (1, 2):
        lattice = Lattice(side, scale * side)
        edge_index, offset = lattice.edges(5)
        field = torch.randn(1, channels, side, scale * side)
        steps.append(step(layer, field))
        nodes = lattice.to_nodes(field)
        steps.append(step(twin, nodes, None, edge_index, offset))
        edges.append(edge_index.size(1))
    say("graph twin")
    times = in_turn(steps, repeats)
    return [
        {"what": "graph twin of a steerable layer", "beside": "grid", "ratio": times[1] / times[0], "asked": None},
        {
            "what": f"graph twin, {edges[1] / edges[0]:.2f} times the edges",
            "beside": "once",
            "ratio": times[3] / times[1],
            "asked": None,
        },
    ]


def step(layer: Any, *inputs: Any) -> Callable[[], object]:
    """A training step of one layer."""
    from torch import Tensor

    first = inputs[0].requires_grad_()
    assert isinstance(first, Tensor)

    def run() -> None:
        for leaf in (first, *layer.parameters()):
            leaf.grad = None
        (layer(first, *inputs[1:]).square().mean() + 0.1 * layer.relaxation_penalty()).backward()

    return run


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="threads of the processor")
    parser.add_argument("--repeats", type=int, default=15, help="timed turns")
    parser.add_argument("--quick", action="store_true", help="tiny layers, to see that it runs")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/fields.json"), help="file of the results")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
