"""Trained forecasters of flows as files: weights, and in words the network that they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import build_forecaster
from pyg_liesym.writing import whole_file

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
    text = json.dumps({"arguments": dict(arguments), "description": description})
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in net.state_dict().items()}
    _build(json.loads(text)["arguments"], tensors, "the network to be saved")
    path = Path(path)
    with whole_file(path) as temporary:
        save_file(tensors, temporary, metadata={_KEY: text})
    return path


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
    try:
        with safe_open(path, framework="pt") as content:
            words = json.loads((content.metadata() or {}).get(_KEY, "null"))
            state = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a complete safetensors file: {error}") from error
    if not isinstance(words, dict) or not isinstance(words.get("arguments"), dict):
        raise ValueError(f"{path} has no description of a forecaster; write it by save_forecaster")
    return _build(words["arguments"], state, str(path)).eval()


def _build(arguments: dict[str, Any], state: dict[str, Any], where: str) -> FieldForecaster:
    try:
        net = build_forecaster(**arguments)
        net.load_state_dict(state)
    except (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError, AttributeError) as error:
        first = str(error).splitlines()
        raise ValueError(f"{where} is not what build_forecaster with its arguments builds: {first[:3]}") from error
    return net
