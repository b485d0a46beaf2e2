"""A trained network as the beginning of a larger one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_LAYER = re.compile(r"convs\.(\d+)\.")
_WIDER = re.compile(r"convs\.\d+\.(edge_map\..*|phi_h\.0\.weight)")
"""Where the channels of an edge are, and what the nodes make of them."""
_CLASSES = re.compile(r"head\.3\.(weight|bias)")
"""The last map of :func:`~pyg_liesym.nn.models.head.readout_head`, a row for each class."""
_EMBEDDING, _WRAPPED, _REFERENCES = "embedding.weight", "net.", "vectors"
_MOVES, _NODES, _ANSWER, _EDGES = ".phi_x.", "phi_h.0.weight", ".phi_h.2.", "edge_map.lin_target.weight"


def grown(small: Mapping[str, Tensor], large: Mapping[str, Tensor]) -> dict[str, Tensor]:
    r"""The weights of a :class:`~pyg_liesym.nn.LieGNN` as those of one with more channels of edges, or layers.

    The larger network may also have :class:`~pyg_liesym.nn.MomentumFractions` where the smaller has none. It gives the
    answers of the smaller one, up to rounding, and learns from there (`Net2Net <https://arxiv.org/abs/1511.05641>`_,
    Chen, Goodfellow, Shlens, ICLR 2016): what was there reads nothing from the new channels and scalars, and the new
    layers, which follow the old ones, add nothing to the nodes; what moves vectors for them begins at random.

    For more or fewer classes the last linear map of any tagger begins at random; those answers are new.

    Args:
        small: Its ``state_dict``.
        large: That of the larger network, freshly drawn.

    Raises:
        ValueError: Naming weights that would have to be smaller, or larger elsewhere than there, or fractions with
            other references.
    """
    prefix = _WRAPPED if _EMBEDDING in small and _WRAPPED + _EMBEDDING in large else ""
    old = {prefix + name: value for name, value in small.items()}
    if missing := sorted(old.keys() - large.keys()):
        raise ValueError(f"it has no {', '.join(missing[:3])}")
    layers = {int(match[1]) for name in old if (match := _LAYER.search(name))}
    last = max(layers, default=-1)
    out = {}
    for name, value in large.items():
        layer = int(match[1]) if (match := _LAYER.search(name)) else None
        if name in old:
            out[name] = _embedded(name, old, large, bool(prefix))
        elif prefix and name == _REFERENCES:
            out[name] = value.clone()
        elif layer is None or (layer in layers and not (layer == last and _MOVES in name and _follows(last, large))):
            raise ValueError(f"nothing is there for {name}")
        else:
            out[name] = torch.zeros_like(value) if _ANSWER in name else value.clone()
    return out


def _follows(layer: int, large: Mapping[str, Tensor]) -> bool:
    return any(f"convs.{layer + 1}." in name for name in large)


def _embedded(name: str, old: Mapping[str, Tensor], large: Mapping[str, Tensor], fractions: bool) -> Tensor:
    """Weights as a block of larger ones: whatever else the rows of the block have is zero."""
    first, value = old[name], large[name]
    if first.shape == value.shape:
        if name == _REFERENCES and not torch.equal(first.to(value), value):
            raise ValueError("its momentum fractions have other references")
        return first.to(value).clone()
    if _CLASSES.search(name) and first.shape[1:] == value.shape[1:]:
        return value.clone()
    inputs = fractions and name == _WRAPPED + _EMBEDDING
    if inputs:
        fits = first.size(0) == value.size(0) and value.size(1) - first.size(1) == 2 * large[_REFERENCES].size(0)
    else:
        larger = first.dim() == value.dim() and all(a <= b for a, b in zip(first.shape, value.shape, strict=True))
        fits = larger and bool(_WIDER.search(name)) and _edges_are_last(name, old)
    if not fits:
        raise ValueError(f"{name} of shape {list(value.shape)} cannot hold that of {list(first.shape)}")
    out = value.clone()
    out[: first.size(0)] = 0
    block = tuple(slice(b - a, b) if inputs else slice(a) for a, b in zip(first.shape, value.shape, strict=True))
    out[block] = first.to(out)
    return out


def _edges_are_last(name: str, old: Mapping[str, Tensor]) -> bool:
    """Whether what the nodes are given ends with the sums over edges, as a LieGNN's does, and a VectorLieGNN's not."""
    if not name.endswith(_NODES):
        return True
    edges, nodes = old[name.replace(_NODES, _EDGES)].shape
    return old[name].size(1) == nodes + edges
