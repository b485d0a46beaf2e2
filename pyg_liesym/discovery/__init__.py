"""Find the symmetry in data: LieGAN, and what it returns."""

from typing import TYPE_CHECKING, Any

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, load_metric
from pyg_liesym.discovery.mask import block_mask

if TYPE_CHECKING:
    from pyg_liesym.discovery.discriminator import QuadraticDiscriminator
    from pyg_liesym.discovery.liegan import LieGAN
    from pyg_liesym.discovery.liegan_module import LieGANModule
    from pyg_liesym.discovery.samples import Samples
    from pyg_liesym.discovery.stopping import SpanStopping

__all__ = [
    "DiscoveredSymmetry",
    "LieGAN",
    "LieGANModule",
    "QuadraticDiscriminator",
    "Samples",
    "SpanStopping",
    "block_mask",
    "load_metric",
]

# Modules that bring in Lightning are imported when asked for.
_LAZY = {
    "LieGAN": "liegan",
    "LieGANModule": "liegan_module",
    "QuadraticDiscriminator": "discriminator",
    "Samples": "samples",
    "SpanStopping": "stopping",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
