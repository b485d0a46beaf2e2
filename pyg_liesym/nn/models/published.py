"""Weights of released networks, read under the names that their authors gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


def published_entries(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Entries without the ``module.`` that PyTorch's data-parallel wrappers put before every name.

    Raises:
        TypeError: If an entry is no tensor.

    Example:
        >>> published_entries({"module.embedding.bias": torch.ones(1)})
        {'embedding.bias': tensor([1.])}
    """
    for name, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise TypeError(
                f"expected a tensor as entry {name!r}, got {type(value).__name__}; of a checkpoint that holds more "
                "than weights, pass the part that holds them"
            )
    wrapped = all(name.startswith("module.") for name in state_dict)
    return {name.removeprefix("module.") if wrapped else name: value for name, value in state_dict.items()}


def published_size(entries: Mapping[str, Tensor], name: str) -> tuple[int, int]:
    """Rows and columns of a weight that says how large a network is.

    Raises:
        ValueError: If it is missing or no matrix.

    Example:
        >>> published_size({"embedding.weight": torch.ones(3, 2)}, "embedding.weight")
        (3, 2)
    """
    if name not in entries:
        raise ValueError(f"expected an entry {name!r} of shape [rows, columns], got none")
    if entries[name].dim() != 2:
        raise ValueError(f"expected {name!r} of shape [rows, columns], got {list(entries[name].shape)}")
    rows, columns = entries[name].shape
    return rows, columns


def load_published(model: nn.Module, entries: Mapping[str, Tensor], modules: Mapping[str, Sequence[str]]) -> None:
    """Copy published weights into a model; all of them and nothing else, and nothing at all if something is wrong.

    Args:
        model: What receives them.
        entries: Published name and value of every weight and buffer.
        modules: Published name of every linear map or normalisation, and the names of ours that it is: one, or
            several whose columns stand side by side in it.

    Raises:
        ValueError: If an entry is missing, unknown or of a wrong shape; the message names it.

    Example:
        >>> load_published(nn.ModuleDict({"a": nn.Linear(2, 1)}), {"fc.weight": torch.ones(1, 3)}, {"fc": ["a"]})
        Traceback (most recent call last):
        ValueError: expected 'fc.weight' of shape [1, 2], got [1, 3]
    """
    parts: dict[str, list[Tensor]] = {}
    for theirs, ours in modules.items():
        for module in ours:
            for entry, value in model.get_submodule(module).state_dict().items():
                parts.setdefault(f"{theirs}.{entry}", []).append(value)
    for name, value in entries.items():
        if name not in parts:
            raise ValueError(f"expected no entry {name!r}, got one of shape {list(value.shape)}")
    for name, own in parts.items():
        shape = list((own[0] if len(own) == 1 else torch.cat(own, dim=1)).shape)
        if name not in entries:
            raise ValueError(f"expected an entry {name!r} of shape {shape}, got none")
        if list(entries[name].shape) != shape:
            raise ValueError(f"expected {name!r} of shape {shape}, got {list(entries[name].shape)}")
    for name, own in parts.items():
        columns = entries[name].split([part.size(1) for part in own], dim=1) if len(own) > 1 else [entries[name]]
        for part, value in zip(own, columns, strict=True):
            part.copy_(value)
