"""Trained forecasters of flows as files: weights, and in words the network that they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import build_forecaster
from pyg_liesym.systems.network_files import build_with, read_network, write_network

_KEY = "pyg_liesym.forecaster"


def save_forecaster(
    path: PathLike, net: FieldForecaster, arguments: Mapping[str, Any], *, description: str = ""
) -> Path:
    """Write a network of :func:`~pyg_liesym.nn.build_forecaster` as safetensors, with the words that build it again.

    Args:
        path: The file to write.
        net: The network.
        arguments: The keyword arguments that it was built with.
        description: What it was trained on, and how well it does.

    Raises:
        ValueError: If these arguments do not build ``net``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> words = {"name": "strict", "symmetry": "rotation", "width": 2, "size": (8, 8), "history": 1}
        >>> net = build_forecaster(**words)
        >>> with TemporaryDirectory() as folder:
        ...     load_forecaster(save_forecaster(f"{folder}/net.safetensors", net, words)).history
        1
    """
    text = json.dumps({"arguments": dict(arguments), "description": description}, indent=1)
    _build(json.loads(text)["arguments"], net.state_dict(), "the network to be saved")
    return write_network(Path(path), net, _KEY, text)


def load_forecaster(path: PathLike) -> FieldForecaster:
    """Read a network from a file of :func:`save_forecaster`, such as that of ``liesym forecast``.

    Of ``frames`` ``[history, 2, H, W]`` with NaN for gaps, the next five are ``net.rollout(torch.where(known, frames,
    0.0)[None], 5, known[None])[0]``, where ``known`` is ``frames.isfinite().all(1, keepdim=True)``.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or no forecaster.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}")
    words, state = read_network(Path(path), _KEY)
    if not isinstance(words, dict) or not isinstance(words.get("arguments"), dict):
        raise ValueError(f"{path} has no description of a forecaster; write it by save_forecaster")
    return _build(words["arguments"], state, str(path)).eval()


def _build(arguments: Mapping[str, Any], state: Mapping[str, Tensor], where: str) -> FieldForecaster:
    return build_with(lambda: build_forecaster(**arguments), state, where, "build_forecaster with its arguments")
