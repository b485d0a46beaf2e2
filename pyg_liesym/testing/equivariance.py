"""Assertions that a function obeys a symmetry, for anybody's test suite."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pyg_liesym.metrics.equivariance import Action, equivariance_error

_log = logging.getLogger(__name__)

_TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4, torch.float16: 5e-2, torch.bfloat16: 5e-2}


def assert_equivariant(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    actions_in: Sequence[Action],
    actions_out: Sequence[Action],
    *,
    tol: float | None = None,
) -> float:
    r"""Assert that :math:`f(\rho_{in}(g) x) = \rho_{out}(g) f(x)`, up to rounding.

    The error is that of :func:`pyg_liesym.metrics.equivariance_error`; it is logged even where it passes. Test with
    parameters drawn at random (:func:`randomize_parameters`): many equivariant layers start as the identity, and
    relaxed ones start strict, so that fresh weights pass for nothing.

    Args:
        f: The function; returns a tensor or several.
        inputs: Its arguments.
        actions_in: For each argument, a matrix g (acting on the last dimension), a function, or ``None``.
        actions_out: The same for each output.
        tol: Largest error allowed (default: 1e-10 in float64, 1e-4 in float32, by the inputs).

    Returns:
        The error.

    Raises:
        AssertionError: If the error is larger, or not a number.

    Example:
        >>> from pyg_liesym.nn import LieGNN
        >>> from pyg_liesym.lie import LieAlgebra
        >>> model = LieGNN(0, 8, 3, 2, metric=torch.eye(3, dtype=torch.float64)).double()
        >>> g = LieAlgebra.rotation(3).sample(1, generator=torch.Generator().manual_seed(0))[0]
        >>> pos = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        >>> error = assert_equivariant(lambda pos: model(None, pos), [pos], [g], [None, g])
    """
    error = equivariance_error(f, inputs, actions_in, actions_out)
    bound = _tolerance(inputs) if tol is None else tol
    _log.info("equivariance error %.3g (tolerance %.3g)", error, bound)
    if not error <= bound:
        raise AssertionError(f"not equivariant: relative error {error:.3g}, tolerance {bound:.3g}")
    return error


def assert_invariant(
    f: Callable[..., Any], inputs: Sequence[Any], actions_in: Sequence[Action], *, tol: float | None = None
) -> float:
    """Assert that a transformation of the inputs changes no output; see :func:`assert_equivariant`.

    Raises:
        AssertionError: If it does.

    Example:
        >>> g = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        >>> assert_invariant(lambda x: x.norm(dim=-1), [torch.ones(3, 2)], [g])
        0.0
    """
    out = f(*inputs)
    count = 1 if isinstance(out, Tensor) else len(out)
    return assert_equivariant(f, inputs, actions_in, [None] * count, tol=tol)


def assert_permutation_equivariant(
    f: Callable[..., Any],
    node_inputs: Sequence[Tensor],
    edge_index: Tensor | None = None,
    edge_attr: Tensor | None = None,
    *,
    invariant: bool = False,
    generator: torch.Generator | None = None,
    tol: float | None = None,
) -> float:
    """Assert that a new numbering of the nodes (and order of the edges) renumbers the outputs, and nothing else.

    Args:
        f: Called as ``f(*node_inputs)``, with ``edge_index`` and ``edge_attr`` after them where they are given.
        node_inputs: Tensors with one row a node.
        edge_index: Edges, shape ``[2, num_edges]``.
        edge_attr: Features of the edges.
        invariant: Whether the outputs belong to the graph and must not change.
        generator: Source of the permutations.
        tol: As in :func:`assert_equivariant`.

    Raises:
        AssertionError: If the outputs are not renumbered.

    Example:
        >>> assert_permutation_equivariant(lambda x: x - x.mean(0), [torch.eye(4)])
        0.0
    """
    num_nodes = node_inputs[0].size(0)
    order = torch.randperm(num_nodes, generator=generator).to(node_inputs[0].device)
    inputs: list[Any] = list(node_inputs)
    actions: list[Action] = [lambda value: value[order]] * len(inputs)
    if edge_index is not None:
        edges = torch.randperm(edge_index.size(1), generator=generator).to(edge_index.device)
        inputs.append(edge_index)
        actions.append(lambda value: order.argsort()[value][:, edges])
        if edge_attr is not None:
            inputs.append(edge_attr)
            actions.append(lambda value: value[edges])
    out = f(*inputs)
    count = 1 if isinstance(out, Tensor) else len(out)
    action_out: Action = None if invariant else (lambda value: value[order])
    return assert_equivariant(f, inputs, actions, [action_out] * count, tol=tol)


def randomize_parameters(module: nn.Module, scale: float = 0.3, generator: torch.Generator | None = None) -> nn.Module:
    """Draw every parameter of a module from a normal distribution, in place, and return the module in eval mode."""
    with torch.no_grad():
        for parameter in module.parameters():
            nn.init.normal_(parameter, std=scale, generator=generator)
    return module.eval()


def _tolerance(inputs: Sequence[Any]) -> float:
    dtypes = [value.dtype for value in inputs if isinstance(value, Tensor) and value.is_floating_point()]
    return max((_TOLERANCE[dtype] for dtype in dtypes), default=_TOLERANCE[torch.float32])
