"""Trained taggers as files: weights, and in words the network that they belong to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.particlenet import ParticleNet
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.network_files import build_with, read_network, write_network
from pyg_liesym.systems.training_range import TrainingRange
from pyg_liesym.transforms.add_reference_vectors import AddReferenceVectors
from pyg_liesym.transforms.with_batch import with_batch

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "build_tagger": build_tagger,
    "LieGNN": LieGNN,
    "ParticleNet": ParticleNet,
}
"""What a file may ask to be built: nothing else is called."""
TRANSFORMS: dict[str, Callable[..., Callable[[Any], Any]]] = {"AddReferenceVectors": AddReferenceVectors}
"""What a file may ask to be done to the jets before."""
DEFAULT_TAGGER = "top"
_KEY = "pyg_liesym.tagger"


@dataclass(frozen=True)
class Tagger:
    r"""A trained network and what it has to be given.

    Args:
        net: Called as ``net(x, p4, batch=..., batch_size=...)``, returns logits.
        classes: Names of the classes, in the order of the logits.
        particle: The numbers of a constituent that are ``x``, by their names in the files.
        max_constituents: The hardest constituents of a jet that it was trained on; None for all.
        description: What it was trained on, and how well it does.
        transform: Applied to every batch before the network; None for nothing.
        ranges: What its jets were like, see :class:`~pyg_liesym.systems.training_range.TrainingRange`; empty where
            nobody has noted it.
    """

    net: nn.Module
    classes: tuple[str, ...]
    particle: tuple[str, ...] = ()
    max_constituents: int | None = None
    description: str = ""
    transform: Callable[[Any], Any] | None = None
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __call__(self, batch: Batch) -> Tensor:
        """Return the probabilities of the classes, :math:`(B, C)`; NaN for a jet without constituents."""
        return torch.softmax(self.logits(batch).float(), dim=-1)

    @torch.no_grad()
    def logits(self, batch: Batch) -> Tensor:
        """Return what the network says before it is made probabilities, :math:`(B, C)`; NaN as there."""
        self.net.eval()
        batch = with_batch(batch, "p4")
        empty = batch.ptr.diff() == 0
        batch = batch if self.transform is None else self.transform(batch)
        logits: Tensor = self.net(batch.get("x"), batch.p4, batch=batch.batch, batch_size=batch.num_graphs)
        return logits.masked_fill(empty[:, None], torch.nan)

    def fingerprint(self) -> str:
        """A number in hexadecimal that tells taggers apart, by weights, by what they get and what they learned from."""
        transform = None if self.transform is None else (type(self.transform).__name__, vars(self.transform))
        given = self.classes, self.particle, self.max_constituents, self.ranges
        words = (repr(self.net), *given, transform)
        digest = hashlib.sha256(repr(words).encode())
        for name, value in sorted(self.net.state_dict().items()):
            digest.update(f"{name} {value.dtype} {list(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()


def save_tagger(
    path: PathLike,
    net: nn.Module,
    network: str,
    arguments: Mapping[str, Any],
    *,
    classes: Sequence[str],
    particle: Sequence[str] = (),
    max_constituents: int | None = None,
    description: str = "",
    transform: tuple[str, Mapping[str, Any]] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Path:
    r"""Write a trained network as safetensors, with the words that :func:`load_tagger` builds it from.

    Args:
        path: The file to write.
        net: The network.
        network: What builds it, one of :data:`NETWORKS`.
        arguments: Keyword arguments for that; numbers, strings, lists, and tensors such as a metric.
        classes: See :class:`Tagger`, and so for the rest.
        particle: See there.
        max_constituents: See there.
        description: See there.
        transform: See there; one of :data:`TRANSFORMS` and its keyword arguments.
        ranges: See there.

    Raises:
        ValueError: If ``network`` with these arguments is not ``net``, or cannot be written as words, or a range is
            none.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> arguments = {"name": "liegnn-fast", "hidden_channels": 8}
        >>> with TemporaryDirectory() as folder:
        ...     path = save_tagger(
        ...         f"{folder}/small.safetensors", build_tagger(**arguments), "build_tagger", arguments,
        ...         classes=("QCD", "Tbqq"),
        ...     )
        ...     load_tagger(path).classes
        ('QCD', 'Tbqq')
    """
    words = {
        "network": network,
        "arguments": _to_words(dict(arguments)),
        "classes": list(classes),
        "particle": list(particle),
        "max_constituents": max_constituents,
        "description": description,
        "transform": None if transform is None else {"name": transform[0], "arguments": _to_words(transform[1])},
        "ranges": _to_words(dict(ranges or {})),
    }
    TrainingRange(ranges or {})
    text = json.dumps(words, indent=1)
    _build(json.loads(text), net.state_dict(), "the network to be saved")
    build_transform(json.loads(text)["transform"], "the network to be saved")
    return write_network(Path(path), net, _KEY, text)


def load_tagger(path: PathLike | None = None) -> Tagger:
    """Read a tagger from a file of :func:`save_tagger`, or one that comes with the package by its name.

    Args:
        path: A file, a name among :func:`packaged_taggers`, or None for ``"top"``.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If the file is damaged, no tagger, or asks for a network that is not among :data:`NETWORKS` or a
            transform not among :data:`TRANSFORMS`.
    """
    packaged = packaged_taggers()
    name = DEFAULT_TAGGER if path is None else str(path)
    file = Path(name)
    if not file.is_file():
        if name not in packaged:
            known = f"those that come with the package are {', '.join(packaged)}" if packaged else "none is packaged"
            raise FileNotFoundError(f"there is no tagger {name!r}, neither as a file nor by name; {known}")
        file = packaged[name]
    words, state = read_network(file, _KEY)
    if words is None:
        raise ValueError(f"{file} has no description of its network; write it by save_tagger")
    return Tagger(
        net=_build(words, state, str(file)).eval(),
        classes=tuple(words["classes"]),
        particle=tuple(words["particle"]),
        max_constituents=words["max_constituents"],
        description=words["description"],
        transform=build_transform(words.get("transform"), str(file)),
        ranges={name: tuple(ends) for name, ends in (words.get("ranges") or {}).items()},
    )


def packaged_taggers() -> dict[str, Path]:
    """The taggers that come with the package, by name."""
    folder = Path(str(resources.files("pyg_liesym.systems"))) / "taggers"
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def _build(words: Mapping[str, Any], state: Mapping[str, Tensor], where: str) -> nn.Module:
    if words["network"] not in NETWORKS:
        raise ValueError(f"{where} asks for the network {words['network']!r}; expected one of {', '.join(NETWORKS)}")
    return build_with(
        lambda: NETWORKS[words["network"]](**_from_words(words["arguments"])), state, where,
        f"{words['network']} with its arguments",
    )  # fmt: skip


def build_transform(words: Mapping[str, Any] | None, where: str) -> Callable[[Any], Any] | None:
    """Build what is done to the jets from its ``name`` and ``arguments``.

    Raises:
        ValueError: If it is not among :data:`TRANSFORMS`, or has no such arguments.
    """
    if words is None:
        return None
    name = words.get("name") if isinstance(words, Mapping) else words
    if not isinstance(words, Mapping) or name not in TRANSFORMS:
        raise ValueError(f"{where} has the transform {name!r}; a tagger can have one of {', '.join(TRANSFORMS)}")
    try:
        return TRANSFORMS[name](**_from_words(words["arguments"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{where} has a transform with wrong arguments: {error}") from error


def _to_words(value: Any) -> Any:
    if isinstance(value, Tensor):
        return {"tensor": value.detach().cpu().double().tolist()}
    if isinstance(value, Mapping):
        return {str(key): _to_words(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_words(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"an argument of a saved network must be a number, word, list or tensor, got {value!r}")


def _from_words(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"tensor"}:
            return torch.tensor(value["tensor"], dtype=torch.get_default_dtype())
        return {key: _from_words(item) for key, item in value.items()}
    return [_from_words(item) for item in value] if isinstance(value, list) else value
