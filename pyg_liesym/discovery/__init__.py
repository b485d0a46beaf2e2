"""Find the symmetry in data: LieGAN, and what it returns."""

from typing import TYPE_CHECKING

from pyg_liesym.lazy import lazy

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

if TYPE_CHECKING:
    from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, load_metric
    from pyg_liesym.discovery.discriminator import QuadraticDiscriminator
    from pyg_liesym.discovery.liegan import LieGAN
    from pyg_liesym.discovery.liegan_module import LieGANModule
    from pyg_liesym.discovery.mask import block_mask
    from pyg_liesym.discovery.samples import Samples
    from pyg_liesym.discovery.stopping import SpanStopping
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "discovered_symmetry": ["DiscoveredSymmetry", "load_metric"],
            "discriminator": ["QuadraticDiscriminator"],
            "liegan": ["LieGAN"],
            "liegan_module": ["LieGANModule"],
            "mask": ["block_mask"],
            "samples": ["Samples"],
            "stopping": ["SpanStopping"],
        },
    )
