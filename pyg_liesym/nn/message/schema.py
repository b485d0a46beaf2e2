"""Operands of an operator as named tuples, of tensors or of further ones, whose annotations are its schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

from pyg_liesym.typing import OptTensor

Operands = TypeVar("Operands", bound=tuple[Any, ...])

_WORDS = {Tensor: "Tensor", OptTensor: "Tensor?", bool: "bool", float: "float"}


def schema(operands: type[tuple[Any, ...]]) -> str:
    """The arguments of an operator as :func:`torch.library.custom_op` writes them.

    Example:
        >>> from typing import NamedTuple
        >>> Ends = NamedTuple("Ends", [("target", Tensor), ("source", OptTensor)])
        >>> Sums = NamedTuple("Sums", [("ends", Ends), ("act", Literal["silu", "relu"])])
        >>> schema(Sums)
        'Tensor target, Tensor? source, str act'
    """
    return ", ".join(f"{word} {name}" for word, name in _arguments(operands))


def _arguments(operands: type[tuple[Any, ...]]) -> Iterator[tuple[str, str]]:
    for name, hint in get_type_hints(operands).items():
        if hint in _WORDS:
            yield _WORDS[hint], name
        elif get_origin(hint) is Literal and all(isinstance(word, str) for word in get_args(hint)):
            yield "str", name
        else:
            yield from _arguments(hint)


def flatten(operands: tuple[Any, ...]) -> Iterator[Any]:
    """Yields the operands one by one, in the order of :func:`schema`."""
    for operand in operands:
        if isinstance(operand, tuple):
            yield from flatten(operand)
        else:
            yield operand


def gather(operands: type[Operands], values: Sequence[Any]) -> Operands:
    """The inverse of :func:`flatten`."""
    return operands(*[values[at] if part is None else gather(part, values[at]) for part, at in _places(operands)])


@lru_cache
def _places(operands: type[tuple[Any, ...]]) -> tuple[tuple[type[tuple[Any, ...]] | None, int | slice], ...]:
    """For each field the named tuple that stands there, ``None`` for a single operand, and where its values are."""
    places: list[tuple[type[tuple[Any, ...]] | None, int | slice]] = []
    start = 0
    for hint in get_type_hints(operands).values():
        if hint in _WORDS or get_origin(hint) is Literal:
            places.append((None, start))
            start += 1
        else:
            stop = start + len(list(_arguments(hint)))
            places.append((hint, slice(start, stop)))
            start = stop
    return tuple(places)


def keep(operands: type[tuple[Any, ...]]) -> Callable[[Any, tuple[Any, ...], Any], None]:
    """What keeps the operands of an operator for its derivative, to be used as ``setup_context``; tensors come first.

    Raises:
        ValueError: If a tensor stands behind what is none.
    """
    tensors = [word.startswith("Tensor") for word, _ in _arguments(operands)]
    count = sum(tensors)
    if not all(tensors[:count]):
        raise ValueError(f"expected the tensors first, got ({schema(operands)})")

    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(*inputs[:count])
        ctx.others = inputs[count:]

    return setup_context


def kept(ctx: Any) -> tuple[Any, ...]:
    """The operands that :func:`keep` kept."""
    return (*ctx.saved_tensors, *ctx.others)


def gradients(of_first: Iterable[OptTensor], operands: Sequence[Any]) -> tuple[OptTensor, ...]:
    """One gradient for every operand: those of the first ones where they were given, ``None`` for all others."""
    known = [None if operand is None else grad for grad, operand in zip(of_first, operands, strict=False)]
    return (*known, *(len(operands) - len(known)) * [None])


def zero_gradients(operands: Operands) -> Operands:
    """Zeros like the tensors of a named tuple, row by row in memory, and ``None`` where there is none."""
    zeros = (None if t is None else torch.zeros_like(t, memory_format=torch.contiguous_format) for t in operands)
    return type(operands)(*zeros)  # type: ignore[arg-type]


def returned(grads: Iterable[OptTensor], like: Tensor) -> list[Tensor]:
    """Gradients as an operator returns them: an empty tensor stands for ``None``."""
    return [like.new_empty(0) if grad is None else grad for grad in grads]


def shapes_returned(operands: Iterable[OptTensor], like: Tensor) -> list[Tensor]:
    """What :func:`returned` gives of the gradients of operands, without their values."""
    return returned((None if t is None else torch.empty_like(t).contiguous() for t in operands), like)


def pull_back(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], cotangents: Sequence[Tensor], create_graph: bool = False
) -> tuple[Tensor, ...]:
    """Gradients of some inputs, zero where nothing depends on them, from those of the outputs, by autograd."""
    pairs = [(value, grad) for value, grad in zip(outputs, cotangents, strict=True) if value.requires_grad]
    values, grads = [value for value, _ in pairs], [grad for _, grad in pairs]
    return torch.autograd.grad(
        values, inputs, grads, create_graph=create_graph, allow_unused=True, materialize_grads=True
    )
