"""Triton, or what lets its kernels be read where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

jit: Callable[..., Any]
tl: Any
VERSION: str | None
try:
    import triton
    import triton.language

    jit, tl, VERSION = triton.jit, triton.language, str(triton.__version__)
except ImportError:
    jit, tl, VERSION = (lambda function: function), None, None
