"""How broken is the rotation symmetry of a flow, and does a network notice?

A dye spreads on a lattice and is carried along by a wind: without wind the law is symmetric under rotations, with wind
it is not. First the data themselves are asked: turn the dye, let it flow, turn it back. Then three networks learn one
step: strict, relaxed, and free. At the end the relaxed one's weights run on a graph of the same places.

    python examples/how_broken_is_my_symmetry.py [--wind 0.6] [--steps 300]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from pyg_liesym.field import PointGroup, quarter_turn, regulars, scalars
from pyg_liesym.metrics import relative_error
from pyg_liesym.nn import FieldConv
from pyg_liesym.nn.field import FieldConv2d, SteerableConv2d
from pyg_liesym.plot.symmetry import plot_errors_by_angle
from pyg_liesym.transforms import GridToGraph

SIZE, GROUP = 24, PointGroup.cyclic(4)
DYE, HIDDEN = scalars(GROUP, 1), regulars(GROUP, 6)


def flow(dye: Tensor, wind: float) -> Tensor:
    """One step of spreading and of a wind to the right, exact on a periodic lattice, by Fourier's series."""
    k = 2 * math.pi * torch.fft.fftfreq(SIZE)
    step = torch.exp(-0.5 * (k[:, None] ** 2 + k**2) - 1j * wind * k)
    return torch.fft.ifft2(torch.fft.fft2(dye) * step).real


def drops(count: int, generator: torch.Generator) -> Tensor:
    """Some drops of dye at random places, ``[count, 1, SIZE, SIZE]``."""
    noise = torch.randn(count, 1, SIZE, SIZE, generator=generator).relu()
    return torch.fft.ifft2(torch.fft.fft2(noise**4) * torch.exp(-1.5 * _squares())).real


def _squares() -> Tensor:
    k = 2 * math.pi * torch.fft.fftfreq(SIZE)
    return k[:, None] ** 2 + k**2


def network(conv: Callable[..., nn.Module]) -> nn.Sequential:
    """Two layers; the conv makes the difference."""
    first, last = conv(DYE, HIDDEN, 5, padding="circular"), conv(HIDDEN, DYE, 5, padding="circular")
    return nn.Sequential(first, nn.ReLU(), last)


def free(in_type: Any, out_type: Any, size: int, padding: str) -> nn.Module:
    """A convolution that knows nothing of rotations."""
    return nn.Conv2d(in_type.channels, out_type.channels, size, padding=size // 2, padding_mode=padding)


def errors(f: Callable[[Tensor], Tensor], dye: Tensor) -> list[float]:
    """Relative equivariance errors for turns by 0, 90, 180 and 270 degrees."""
    with torch.no_grad():
        return [relative_error(f(quarter_turn(dye, DYE, k)), quarter_turn(f(dye), DYE, k)) for k in range(4)]


def on_graph(net: nn.Sequential, dye: Tensor) -> Tensor:
    """The same kernels on the edges of the lattice's graph."""
    graph = GridToGraph(5, periodic=True)(Data(x=dye))
    x = graph.x
    for layer in net:
        if isinstance(layer, FieldConv2d):
            twin = FieldConv(layer.kernel)
            twin.bias = layer.bias
            x = twin(x, graph.pos, graph.edge_index, graph.edge_offset)
        else:
            x = layer(x)
    return x.view(SIZE, SIZE)


def main(args: Sequence[str] | None = None) -> dict[str, Any]:
    """Ask the data, train, compare, draw; returns test errors, equivariance errors and how far the layers relaxed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wind", type=float, default=0.6, help="places that the wind carries the dye in a step")
    parser.add_argument("--steps", type=int, default=300, help="training steps of each network")
    options = parser.parse_args(args)
    test = drops(16, torch.Generator().manual_seed(1))
    broken = {"data": errors(lambda dye: flow(dye, options.wind), test)}
    result: dict[str, Any] = {}
    relaxed = partial(SteerableConv2d, relaxed=True)
    for name, conv in {"strict": SteerableConv2d, "relaxed": relaxed, "free": free}.items():
        torch.manual_seed(0)
        net, generator = network(conv), torch.Generator().manual_seed(0)
        optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
        for _ in range(options.steps):
            dye = drops(16, generator)
            optimizer.zero_grad()
            nn.functional.mse_loss(net(dye), flow(dye, options.wind)).backward()
            optimizer.step()
        broken[name] = errors(net, test)
        with torch.no_grad():
            error = relative_error(net(test), flow(test, options.wind))
        moved = [float(layer.relaxation()) for layer in net if isinstance(layer, FieldConv2d)]
        result[name] = {"error": error, "relaxation": moved}
        print(f"{name:8} error {error:.3f}, equivariance error {max(broken[name]):.3f}, relaxation {moved}")
        if name == "relaxed":
            with torch.no_grad():
                result["graph"] = relative_error(on_graph(net, test[0]), net(test[:1])[0, 0])
            print(f"the same weights on a graph differ by {result['graph']:.1e}")
    print(f"data     equivariance error {max(broken['data']):.3f}")
    plot_errors_by_angle([k * math.pi / 2 for k in range(4)], broken).savefig("symmetry.png", dpi=120)
    return {**result, "broken": broken}


if __name__ == "__main__":
    main()
