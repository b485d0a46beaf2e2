"""Whether somebody is looking at the messages of a layer, so that they have to be made one by one."""

from __future__ import annotations

import torch
from torch.nn.modules import module as global_hooks
from torch_geometric.nn import MessagePassing

_LAYER_HOOKS = [
    f"_{name}_forward_{when}hooks" for name in ("propagate", "message", "aggregate") for when in ("", "pre_")
]
_GLOBAL_HOOKS = [f"_global_{when}_hooks" for when in ("forward", "forward_pre", "backward", "backward_pre")]


def is_watched(conv: MessagePassing) -> bool:
    """Whether explanations, hooks, decomposition or transforms of :mod:`torch.func` ask for messages themselves.

    Example:
        >>> is_watched(MessagePassing())
        False
    """
    if conv.explain or conv.decomposed_layers > 1:
        return True
    if any(getattr(conv, hooks) for hooks in _LAYER_HOOKS) or any(getattr(global_hooks, h) for h in _GLOBAL_HOOKS):
        return True
    return not torch.compiler.is_compiling() and torch._C._functorch.maybe_current_level() is not None
