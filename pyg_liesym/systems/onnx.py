"""Taggers as ONNX files, for programs that have ONNX Runtime and no PyTorch."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeGuard

import torch
from torch import Tensor, nn

from pyg_liesym.nn.message.edges import Edges
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.momentum_fractions import MomentumFractions
from pyg_liesym.typing import OptTensor
from pyg_liesym.writing import whole_file

# Constituents of the jets on which the file is compared with the model, and by how much logits may differ.
_SIZES, _TOLERANCE = (1, 2, 30), 1e-3


def export_onnx(net: LieGNN | MomentumFractions, path: str | Path) -> Path:
    r"""Write a tagger as an ONNX file that takes one jet of any number of constituents, and check it.

    The file has the inputs ``p4``, ``[constituents, 4]`` in float32, and ``x``, ``[constituents, channels]``, if the
    network has such; its output ``logits`` is ``[1, classes]``. It holds standard operators alone and the weights, in
    float32; momentum fractions are computed in float64. The edges of the jet's complete graph are made inside, so that
    memory grows with the square of the constituents. Before the file takes its place, ONNX Runtime's logits are
    compared with the network's on jets of 1, 2 and 30 constituents.

    Needs the extra ``onnx``: ``pip install 'pyg-liesym[onnx]'``.

    **Law**: the file is invariant to what the network is invariant to, as far as float32 goes.

    Args:
        net: A :class:`~pyg_liesym.nn.LieGNN` with a readout, such as that of a :class:`~pyg_liesym.systems.JetTagging`,
            also with :class:`~pyg_liesym.nn.MomentumFractions`.
        path: Where to; the folder is made if needed, and a file that is there replaced.

    Returns:
        ``path``.

    Raises:
        ModuleNotFoundError: If a package of the extra is missing.
        TypeError: If ``net`` is something else.
        ValueError: If ``net`` has no readout or takes edge features.
        RuntimeError: If the logits disagree; nothing is written then.

    Example:
        >>> from pyg_liesym.lie import minkowski
        >>> export_onnx(LieGNN.fast(0, 2, metric=minkowski()), "tagger.onnx")  # doctest: +SKIP
        PosixPath('tagger.onnx')
    """
    _check(net)
    path = Path(path)
    jet = _Jet(copy.deepcopy(net).cpu().float()).eval()
    example = _jet_of(7, jet.in_channels)
    constituents = torch.export.Dim("constituents")
    names = ["p4"] if jet.in_channels == 0 else ["p4", "x"]
    with _quiet():
        program = torch.onnx.export(
            jet,
            example,
            dynamo=True,
            dynamic_shapes=tuple({0: constituents} for _ in names),
            input_names=names,
            output_names=["logits"],
            verbose=False,
        )
    assert program is not None
    with whole_file(path) as temporary:
        program.save(temporary, external_data=False)
        _compare(jet, temporary, names)
    return path


class _Jet(nn.Module):
    """The network on the complete graph of one jet.

    A further node, with an edge to itself, is an item of its own: runtimes stumble over tensors without elements, which
    a jet of one constituent would give.
    """

    def __init__(self, net: LieGNN | MomentumFractions) -> None:
        super().__init__()
        self.net, self.in_channels = net, net.in_channels

    def forward(self, p4: Tensor, x: OptTensor = None) -> Tensor:
        """Return the logits of the jet, ``[1, classes]``."""
        count = p4.size(0)
        nodes, rank = torch.arange(count), torch.arange(count - 1)
        source = rank[None] + (rank[None] >= nodes[:, None])
        target = nodes[:, None].expand_as(source)
        further = torch.full((1,), count)
        edge_index = torch.stack([torch.cat([end.reshape(-1), further]) for end in (source, target)])
        p4 = torch.cat([p4, p4.new_zeros(1, 4)])
        if x is not None:
            x = torch.cat([x, x.new_zeros(1, x.size(1))])
        batch = torch.cat([torch.zeros_like(nodes), torch.ones_like(further)])
        logits: Tensor = self.net(x, p4, Edges(edge_index), batch=batch, batch_size=2)
        return logits[:1]


def exportable(net: nn.Module) -> TypeGuard[LieGNN | MomentumFractions]:
    """Whether it is a network that can be exported: a LieGNN, by itself or with momentum fractions."""
    return isinstance(_inner(net), LieGNN)


def _inner(net: nn.Module) -> nn.Module:
    return net.net if isinstance(net, MomentumFractions) else net


def _check(net: LieGNN | MomentumFractions) -> None:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(
            f"writing ONNX files needs {', '.join(missing)}, not installed: run `pip install 'pyg-liesym[onnx]'`"
        )
    inner = _inner(net)
    if not isinstance(inner, LieGNN):
        raise TypeError(f"expected a LieGNN to export, got {type(inner).__name__}; of a JetTagging, pass its `net`")
    if inner.readout is None:
        raise ValueError("expected a LieGNN with an answer for graphs, got readout=None; build it with readout='mean'")
    conv = inner.convs[0]
    if conv.edge_dim or conv.phi_v is not None:
        raise ValueError("expected a LieGNN of constituents alone, got one with edge features or velocities")


def _compare(jet: _Jet, path: Path, names: list[str]) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for size in _SIZES:
        inputs = _jet_of(size, jet.in_channels)
        with torch.no_grad():
            expected = jet(*inputs)
        given = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
        found = torch.from_numpy(session.run(["logits"], given)[0])
        error = float((found - expected).abs().max() / (1 + expected.abs().max()))
        if not error <= _TOLERANCE:
            raise RuntimeError(
                f"the exported logits of a jet of {size} constituents differ from the network's by {error:.2g}, more "
                f"than {_TOLERANCE:g} of their size; no file was written"
            )


def _jet_of(size: int, in_channels: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(size)
    momenta = torch.tensor([50.0, 20.0, 30.0]) * torch.rand(size, 1, generator=generator)
    momenta = momenta + 5 * torch.randn(size, 3, generator=generator)
    p4 = torch.cat([momenta.norm(dim=1, keepdim=True), momenta], dim=1)
    return (p4, torch.randn(size, in_channels, generator=generator)) if in_channels else (p4,)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back the exporter's remarks on packages that this needs not, and on two inputs of one length."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.fx.experimental.symbolic_shapes")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", message=".*shares the same shape constraints")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
