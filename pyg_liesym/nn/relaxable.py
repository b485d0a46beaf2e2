"""What can leave a symmetry: how far it has, what that costs in a loss, and the way back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor, nn


class Relaxable(nn.Module, ABC):
    """A module that keeps a symmetry at first and can learn to leave it.

    It answers for all that it holds: :func:`relaxed_layers` looks for no others inside. Of whole networks ask
    :func:`relaxation`, :func:`relaxation_penalty` and :func:`make_strict`.

    Attributes:
        relaxed: Whether it can leave the symmetry; false for a module that is strict by construction.
    """

    relaxed: bool = True

    @abstractmethod
    def relaxation_penalty(self) -> Tensor:
        """The square of :meth:`relaxation`, to be added to a loss."""

    @abstractmethod
    def make_strict(self) -> None:
        """Go back to the symmetry, to what is nearest on the module's own terms."""

    @final
    @torch.no_grad()
    def relaxation(self) -> Tensor:
        r"""How far from the symmetry, zero for a strict module; of a kernel :math:`\|K - \bar K\| / \|K\|`."""
        return self.relaxation_penalty().clamp(min=0.0).sqrt()


def relaxed_layers(net: nn.Module) -> dict[str, Relaxable]:
    """The layers that can leave their symmetry, by name, first to last; none of a strict or plain network.

    Example:
        >>> from pyg_liesym.nn import build_forecaster
        >>> list(relaxed_layers(build_forecaster("rgroup", "rotation", width=1, size=(8, 8))))
        ['net.2', 'net.4', 'net.6']
    """
    return dict(_outermost(net, ()))


@torch.no_grad()
def relaxation(net: nn.Module) -> Tensor:
    """How far the relaxed layers of a network are from its symmetry, the root mean square over them.

    Zero for a strict network, and for a plain one. A network of one such layer is as relaxed as that.

    Example:
        >>> from pyg_liesym.nn import build_forecaster
        >>> float(relaxation(build_forecaster("rsteer", "rotation", width=1, size=(8, 8))))
        0.0
    """
    return relaxation_penalty(net).clamp(min=0.0).sqrt()


def relaxation_penalty(net: nn.Module) -> Tensor:
    """The square of :func:`relaxation`, the mean of the relaxed layers' penalties, to be added to a loss.

    Example:
        >>> float(relaxation_penalty(nn.Linear(2, 2)))
        0.0
    """
    penalties = [layer.relaxation_penalty() for layer in relaxed_layers(net).values()]
    return torch.stack(penalties).mean() if penalties else next(net.parameters(), torch.zeros(())).new_zeros(())


def make_strict(net: nn.Module) -> None:
    """Take all layers of a network back to their symmetry.

    Example:
        >>> from pyg_liesym.nn import build_forecaster
        >>> from pyg_liesym.testing import randomize_parameters
        >>> net = randomize_parameters(build_forecaster("rsteer", "rotation", width=1, size=(8, 8)))
        >>> make_strict(net)
        >>> float(relaxation(net))
        0.0
    """
    for layer in relaxed_layers(net).values():
        layer.make_strict()


def _outermost(module: nn.Module, name: tuple[str, ...]) -> Iterator[tuple[str, Relaxable]]:
    if not isinstance(module, Relaxable):
        for child_name, child in module.named_children():
            yield from _outermost(child, (*name, child_name))
    elif module.relaxed:
        yield ".".join(name), module
