"""Where in a network a symmetry is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pyg_liesym.metrics.equivariance import Action, act, relative_error


@torch.no_grad()
def layer_equivariance_errors(
    net: nn.Module, inputs: Sequence[Any], actions_in: Sequence[Action], actions_out: Mapping[str, Action]
) -> dict[str, float]:
    r"""Measure the relative equivariance error of layers within a network, under one transformation.

    .. math:: \|h_l(\rho_{in}(g)\, x) - \rho_l(g)\, h_l(x)\| \,/\, \|h_l(x)\|

    for what layer l puts out when the network is given x. The error of a layer holds those of the layers before it.

    Args:
        net: The network.
        inputs: Its arguments.
        actions_in: How the transformation acts on each.
        actions_out: How it acts on the output of each layer that is of interest, by the layer's name in
            ``net.named_modules()``.

    Returns:
        The errors, by name.

    Raises:
        ValueError: If the network has no such layer, one is not called or puts out something else than a tensor, or the
            numbers of actions and arguments differ.

    Example:
        >>> net = nn.Sequential(nn.Identity(), nn.ReLU())
        >>> flip: Action = torch.neg
        >>> errors = layer_equivariance_errors(net, [torch.tensor([-1.0, 1.0])], [flip], {"0": flip, "1": flip})
        >>> {name: round(error, 3) for name, error in errors.items()}
        {'0': 0.0, '1': 1.414}
    """
    if len(inputs) != len(actions_in):
        raise ValueError(f"expected one action for each of {len(inputs)} inputs, got {len(actions_in)}")
    modules = dict(net.named_modules())
    unknown = sorted(set(actions_out) - set(modules))
    if unknown:
        raise ValueError(f"the network has no layers {unknown}; it has {sorted(modules)}")
    before = _outputs(net, modules, inputs, actions_out)
    after = _outputs(net, modules, [act(a, value) for a, value in zip(actions_in, inputs, strict=True)], actions_out)
    return {name: relative_error(after[name], act(action, before[name])) for name, action in actions_out.items()}


def _outputs(
    net: nn.Module, modules: Mapping[str, nn.Module], inputs: Sequence[Any], names: Mapping[str, Any]
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}

    def keep(name: str, output: Any) -> None:
        if not isinstance(output, Tensor):
            raise ValueError(f"the layer {name!r} puts out a {type(output).__name__}, not a tensor")
        found[name] = output.detach()

    handles = [modules[name].register_forward_hook(lambda _m, _i, out, name=name: keep(name, out)) for name in names]
    try:
        net(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    silent = sorted(set(names) - set(found))
    if silent:
        raise ValueError(f"the layers {silent} were not called")
    return found
