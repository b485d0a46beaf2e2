"""A trained network as the beginning of a larger one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_WRAPPED = "net."
_LAYER = re.compile(r"(convs\.\d+)\.")
_WIDER = re.compile(r"convs\.\d+\.(edge_map\..*|phi_h\.0\.weight)")
"""Where the channels of an edge are, or what the nodes make of them, which is the last of what they are given."""
_INPUTS, _MOVES, _ANSWER = "embedding.weight", ".phi_x.", ".phi_h.2."


def grown(small: Mapping[str, Tensor], large: Mapping[str, Tensor]) -> dict[str, Tensor]:
    r"""The weights of a :class:`~pyg_liesym.nn.LieGNN` as those of one with more: channels of edges, layers, scalars.

    The larger network gives the answers of the smaller one, up to rounding, and learns from there (`Net2Net
    <https://arxiv.org/abs/1511.05641>`_, Chen, Goodfellow, Shlens, ICLR 2016): what was there reads nothing from the
    new channels and scalars, and the new layers, which follow the old ones, add nothing to the nodes; what moves
    vectors for them begins at random.

    Args:
        small: Its ``state_dict``.
        large: That of the larger network, freshly drawn; also one with :class:`~pyg_liesym.nn.MomentumFractions`, whose
            columns come before the scalars that there were.

    Raises:
        ValueError: Naming weights that would have to be smaller, or larger elsewhere than there.
    """
    prefix = _WRAPPED if _INPUTS in small and _WRAPPED + _INPUTS in large else ""
    old = {prefix + name: value for name, value in small.items()}
    if missing := sorted(old.keys() - large.keys()):
        raise ValueError(f"it has no {', '.join(missing[:3])}")
    layers = {match[1] for name in old if (match := _LAYER.search(name))}
    out = {}
    for name, value in large.items():
        layer = _LAYER.search(name)
        if name in old:
            out[name] = _embedded(name, old[name], value)
        elif layer is None or (layer[1] in layers and _MOVES not in name):
            raise ValueError(f"nothing is there for {name}")
        else:
            out[name] = torch.zeros_like(value) if _ANSWER in name else value.clone()
    return out


def _embedded(name: str, old: Tensor, value: Tensor) -> Tensor:
    """Weights as a block of larger ones: whatever else the rows of the block have is zero."""
    inputs = name.endswith(_INPUTS)
    larger = old.dim() == value.dim() and all(a <= b for a, b in zip(old.shape, value.shape, strict=True))
    if old.shape != value.shape and not (larger and (_WIDER.search(name) or inputs)):
        raise ValueError(f"{name} of shape {list(value.shape)} cannot hold that of {list(old.shape)}")
    out = value.clone()
    if old.dim() > 0:
        out[: old.size(0)] = 0
    block = tuple(slice(b - a, b) if inputs else slice(a) for a, b in zip(old.shape, value.shape, strict=True))
    out[block] = old.to(out)
    return out
