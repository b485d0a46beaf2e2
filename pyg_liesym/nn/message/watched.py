"""Whether somebody is looking at the messages of a layer, so that they have to be made one by one."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules import module as global_hooks
from torch_geometric.nn import MessagePassing

MODULE_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
"""Where :class:`torch.nn.Module` keeps its hooks."""

_LAYER_HOOKS = [
    f"_{name}_forward_{when}hooks" for name in ("propagate", "message", "aggregate") for when in ("", "pre_")
]
_GLOBAL_HOOKS = [f"_global{hooks}" for hooks in MODULE_HOOKS]


def has_hooks(modules: Iterable[nn.Module]) -> bool:
    """Whether somebody hooked one of the modules, which the tiles do not call."""
    return any(getattr(module, hooks) for module in modules for hooks in MODULE_HOOKS)


def is_watched(conv: MessagePassing) -> bool:
    """Whether messages have to be made by the layer itself, by operators that everybody knows.

    Explanations, hooks, decomposition, transforms of :mod:`torch.func` and :func:`torch.export.export` ask for that.

    Example:
        >>> is_watched(MessagePassing())
        False
    """
    if conv.explain or conv.decomposed_layers > 1:
        return True
    if any(getattr(conv, hooks) for hooks in _LAYER_HOOKS) or any(getattr(global_hooks, h) for h in _GLOBAL_HOOKS):
        return True
    if torch.compiler.is_compiling():
        return not torch.compiler.is_dynamo_compiling()  # torch.export
    return torch._C._functorch.maybe_current_level() is not None
