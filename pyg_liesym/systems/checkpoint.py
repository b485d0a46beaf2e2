"""From a checkpoint of ``liesym fit``, or whatever names a tagger, to the tagger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pyg_liesym.datasets.io.files import PathLike, read_yaml
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.nn.models.growing import grown
from pyg_liesym.systems.checkpoint_files import CLASSES, local_path, read_checkpoint
from pyg_liesym.systems.pretrained import DEFAULT_TAGGER, NETWORKS, Tagger, build_transform, load_tagger
from pyg_liesym.systems.training_range import RANGES, TrainingRange

_PREFIX, _METRIC = "net.", "metric.J"


def find_tagger(model: str | None) -> Tagger:
    """The tagger of a checkpoint (``.ckpt``), of a file of `save_tagger`, or of a name; None is the default one."""
    return tagger_of_checkpoint(model) if model is not None and model.endswith(".ckpt") else load_tagger(model)


def start_from(net: nn.Module, model: str | None) -> None:
    """Give a network the weights of a tagger of the same network, or of a smaller one, to train it further.

    What may be larger is what :func:`~pyg_liesym.nn.models.growing.grown` says.

    Args:
        net: The network, changed in place.
        model: Whose weights, see :func:`find_tagger`.

    Raises:
        FileNotFoundError: If there is no such tagger.
        ValueError: If its weights cannot begin the network, or it has another J.
    """
    state, own = find_tagger(model).net.state_dict(), net.state_dict()
    refused = f"a training cannot start from {model or DEFAULT_TAGGER}:"
    try:
        state = grown(state, own)
    except ValueError as error:
        raise ValueError(f"{refused} its weights are none to begin the network with: {error}") from error
    metrics = [name for name in own if name.endswith(_METRIC)]
    if not all(own[name].allclose(state[name].to(own[name])) for name in metrics):
        raise ValueError(f"{refused} it has another J than the network")
    net.load_state_dict(state)


def tagger_of_checkpoint(path: PathLike) -> Tagger:
    """Read the network of a :class:`~pyg_liesym.systems.JetTagging` out of a checkpoint and the settings beside it.

    The settings are the ``config.yaml`` that ``liesym fit`` leaves in the folder above the checkpoints. Only networks
    of :data:`~pyg_liesym.systems.pretrained.NETWORKS` are built, and nothing is unpickled.

    Args:
        path: The checkpoint.

    Raises:
        FileNotFoundError: If there is no such file, or no settings or schema of its training.
        ValueError: If the checkpoint cannot be read, or has a network or a transform that a tagger cannot have.
    """
    path = local_path(path)
    content = read_checkpoint(path)
    saved = content.get("state_dict")
    if not isinstance(saved, dict):
        raise ValueError(f"{path} has no `state_dict`, as a checkpoint of `liesym fit` has")
    model, data, module = _settings(path)
    schema = None if data.get("schema") is None else JetSchema.load(data["schema"])
    asked = data.get("classes") if schema is None else schema.classes
    transform = build_transform(_in_words(model.get("transform")), str(path))
    state = {name.removeprefix(_PREFIX): value for name, value in saved.items() if name.startswith(_PREFIX)}
    kind, arguments = _network(model.get("net"), state, path)
    try:
        net = NETWORKS[kind](**arguments)
        net.load_state_dict(state)
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{path} is not of the network in the settings above it: {str(error).splitlines()[:3]}"
        ) from error
    return Tagger(
        net=net.eval(),
        classes=tuple(model.get("classes") or _classes(content, module, path) or asked or JetSchema().classes),
        particle=tuple(data.get("particle") or ()) if schema is None else schema.particle,
        max_constituents=data.get("max_constituents"),
        description=f"the checkpoint {path}",
        transform=transform,
        ranges=_ranges(content, path),
    )


def _ranges(content: Mapping[str, Any], path: Path) -> dict[str, tuple[float, float]]:
    """What the jets of the training were like; nothing where it has not noted that, as early ones."""
    try:
        ranges = {str(name): (float(low), float(high)) for name, (low, high) in content.get(RANGES, {}).items()}
        TrainingRange(ranges)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has no proper ranges of the jets of its training: {error}") from error
    return ranges


def _classes(content: Mapping[str, Any], module: str, path: Path) -> list[str]:
    """The names that a data module has left; none where it has not, as early ones."""
    state = content.get(module, {})
    names = state.get(CLASSES, []) if isinstance(state, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path}: expected names of classes in the state of {module}, found {names!r:.100}")
    return names


def _settings(path: Path) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Of the model and of the data, and the name of the data module."""
    file = next((folder / "config.yaml" for folder in path.parents[:3] if (folder / "config.yaml").is_file()), None)
    if file is None:
        raise FileNotFoundError(
            f"there is no config.yaml above {path}, as `liesym fit` leaves it: use a checkpoint where it was written, "
            "or write the network by save_tagger"
        )
    content = read_yaml(file)
    try:
        model, data = content["model"]["init_args"], content["data"]
        return model, data.get("init_args") or {}, str(data.get("class_path")).rpartition(".")[2]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{file} has no settings of a model and data, as `liesym fit` writes them") from error


def _in_words(transform: Any) -> dict[str, Any] | None:
    if transform is None:
        return None
    own = transform if isinstance(transform, Mapping) else {"class_path": str(transform)}
    return {"name": str(own.get("class_path", "")).rpartition(".")[2], "arguments": own.get("init_args") or {}}


def _network(net: Any, state: Mapping[str, Tensor], path: Path) -> tuple[str, dict[str, Any]]:
    kind = str(net.get("class_path", "")).rpartition(".")[2] if isinstance(net, Mapping) else ""
    if kind not in NETWORKS:
        raise ValueError(f"{path}: expected a network among {', '.join(NETWORKS)}, its settings have {net!r:.200}")
    arguments = dict(net.get("init_args") or {}, **(net.get("dict_kwargs") or {}))
    found = [value for name, value in state.items() if name.endswith(_METRIC)]
    if _METRIC in state or arguments.get("metric") is not None:
        if not found:
            raise ValueError(
                f"{path}: expected the form J among its weights, as its settings have a metric, found none"
            )
        arguments["metric"] = found[0]
    return kind, arguments
