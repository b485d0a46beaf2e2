"""Constants of a module that are as exact as its precision allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class WithConstants(nn.Module):
    """A module whose constants are kept in double precision, so that ``.double()`` does not find rounded ones."""

    def __init__(self) -> None:
        super().__init__()
        self._constants: dict[str, Tensor] = {}

    def _constant(self, name: str, value: Tensor) -> None:
        """Keep a constant in double precision, and a buffer of it in the module's."""
        self._constants[name] = value
        dtype = torch.get_default_dtype() if value.is_floating_point() else value.dtype
        self.register_buffer(name, value.to(dtype), persistent=False)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> WithConstants:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, value in self._constants.items():
            setattr(self, name, value.to(getattr(self, name)))
        return self
