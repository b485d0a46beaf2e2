"""How far a function is from commuting with a transformation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

Action: TypeAlias = Tensor | Callable[[Tensor], Tensor] | None
"""How a transformation acts on one argument: a matrix on the last dimension, a function, or not at all."""


def act(action: Action, value: Any) -> Any:
    r"""Apply an action; a matrix :math:`g` takes rows :math:`x` to :math:`g x`.

    Example:
        >>> act(torch.tensor([[0.0, -1.0], [1.0, 0.0]]), torch.tensor([[1.0, 2.0]]))
        tensor([[-2.,  1.]])
    """
    if action is None:
        return value
    if isinstance(action, Tensor):
        return value @ action.mT.to(value)
    return action(value)


def relative_error(value: Tensor, reference: Tensor) -> float:
    r"""The error :math:`\|v - r\| / \|r\|`; where the reference vanishes, :math:`\|v\|`.

    Raises:
        ValueError: If the shapes differ.
    """
    if value.shape != reference.shape:
        raise ValueError(f"expected an output of shape {list(reference.shape)}, got {list(value.shape)}")
    if value.numel() == 0:
        return 0.0
    norm = torch.linalg.vector_norm(reference.double())
    error = torch.linalg.vector_norm(value.double() - reference.double())
    return float(error / norm if norm > 0 else error)


def equivariance_error(
    f: Callable[..., Any], inputs: Sequence[Any], actions_in: Sequence[Action], actions_out: Sequence[Action]
) -> float:
    r"""Measure the relative equivariance error of a function under one transformation.

    .. math:: \max_k \frac{\|f_k(\rho_{in}(g)\, x) - \rho_{out}(g)\, f_k(x)\|}{\|\rho_{out}(g)\, f_k(x)\|},

    over its outputs :math:`f_k`.

    Args:
        f: The function; returns a tensor or several.
        inputs: Its arguments.
        actions_in: How the transformation acts on each argument.
        actions_out: How it acts on each output.

    Returns:
        The error; NaN if the function returned NaN.

    Raises:
        ValueError: If the numbers of actions and of arguments or outputs differ.

    Example:
        >>> g = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        >>> equivariance_error(lambda x: 2 * x, [torch.ones(3, 2)], [g], [g])
        0.0
    """
    if len(inputs) != len(actions_in):
        raise ValueError(f"expected one action for each of {len(inputs)} inputs, got {len(actions_in)}")
    with torch.no_grad():
        reference = _outputs(f(*inputs))
        moved = _outputs(f(*(act(action, value) for action, value in zip(actions_in, inputs, strict=True))))
    if len(reference) != len(actions_out):
        raise ValueError(f"expected one action for each of {len(reference)} outputs, got {len(actions_out)}")
    errors = [
        relative_error(value, act(action, expected))
        for value, expected, action in zip(moved, reference, actions_out, strict=True)
    ]
    return max(errors, key=lambda error: float("inf") if error != error else error)


def _outputs(value: Any) -> tuple[Tensor, ...]:
    return (value,) if isinstance(value, Tensor) else tuple(value)
