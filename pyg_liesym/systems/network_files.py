"""Weights of a network as safetensors, with the words that build it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from pyg_liesym.writing import whole_file

Network = TypeVar("Network", bound=nn.Module)


def write_network(path: Path, net: nn.Module, key: str, words: str) -> Path:
    """Write the weights of a network, whole or not at all.

    Args:
        path: The file to write.
        net: The network.
        key: Under which the words stand in the file.
        words: JSON that says what the network is.
    """
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in net.state_dict().items()}
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata={key: words})
    return path


def read_network(path: Path, key: str) -> tuple[Any, dict[str, Tensor]]:
    """Read words and weights; nothing in the file is run.

    Args:
        path: The file.
        key: Under which the words stand.

    Returns:
        What the words say, None if there are none; and the weights by their names.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as content:
            words = json.loads((content.metadata() or {}).get(key, "null"))
            state = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a complete safetensors file: {error}") from error
    return words, state


def build_with(build: Callable[[], Network], state: Mapping[str, Tensor], where: str, what: str) -> Network:
    """Build a network and give it weights.

    Args:
        build: What builds it.
        state: Its weights.
        where: Where they are from, for the message.
        what: What builds it, in words.

    Raises:
        ValueError: If it cannot be built, or has other weights.
    """
    try:
        net = build()
        net.load_state_dict(dict(state))
    except (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"{where} is not what {what} builds: {str(error).splitlines()[:3]}") from error
    return net
