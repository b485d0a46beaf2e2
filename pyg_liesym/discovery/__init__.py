"""Find the symmetry in data, by linear algebra with evidence or by LieGAN, and what comes out."""

from typing import TYPE_CHECKING

from pyg_liesym.lazy import lazy

__all__ = [
    "MSR",
    "Answer",
    "AugerinoModule",
    "AugerinoPlus",
    "Breaking",
    "BrokenSymmetry",
    "Claim",
    "DiscoveredSymmetry",
    "DiscoveryMethod",
    "Element",
    "Finding",
    "Findings",
    "FlowSymmetries",
    "GroupDistribution",
    "GroupModule",
    "LieGAN",
    "LieGANModule",
    "LieGANRegulariser",
    "LieGG",
    "MSRModule",
    "Moments",
    "Pace",
    "Predictor",
    "PredictorModule",
    "QuadraticDiscriminator",
    "Relations",
    "Samples",
    "Shards",
    "SharedWeights",
    "SpanStopping",
    "SymmetryGAN",
    "SymmetryGANModule",
    "Tried",
    "block_mask",
    "find_symmetry",
    "flow_symmetries",
    "load_metric",
    "matrices_within",
    "shared_weights",
]

if TYPE_CHECKING:
    from pyg_liesym.discovery.augerino import AugerinoModule, AugerinoPlus
    from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Finding, Findings, load_metric
    from pyg_liesym.discovery.discriminator import QuadraticDiscriminator
    from pyg_liesym.discovery.evidence.asking import Tried
    from pyg_liesym.discovery.evidence.claim import Breaking, Claim
    from pyg_liesym.discovery.evidence.element import Element
    from pyg_liesym.discovery.evidence.moments import Moments
    from pyg_liesym.discovery.evidence.relations import Relations
    from pyg_liesym.discovery.findings import find_symmetry
    from pyg_liesym.discovery.flow_findings import BrokenSymmetry, FlowSymmetries, flow_symmetries
    from pyg_liesym.discovery.group_distribution import GroupDistribution
    from pyg_liesym.discovery.group_module import GroupModule, Pace
    from pyg_liesym.discovery.lie_gg import LieGG, PredictorModule
    from pyg_liesym.discovery.liegan import LieGAN
    from pyg_liesym.discovery.liegan_module import LieGANModule, LieGANRegulariser
    from pyg_liesym.discovery.mask import block_mask, matrices_within
    from pyg_liesym.discovery.method import DiscoveryMethod
    from pyg_liesym.discovery.msr import MSR, MSRModule
    from pyg_liesym.discovery.predictor import Predictor
    from pyg_liesym.discovery.samples import Samples
    from pyg_liesym.discovery.shards import Shards
    from pyg_liesym.discovery.stopping import SpanStopping
    from pyg_liesym.discovery.symmetry_gan import SymmetryGAN, SymmetryGANModule
    from pyg_liesym.discovery.verdict import Answer
    from pyg_liesym.discovery.weight_sharing import SharedWeights, shared_weights
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "augerino": ["AugerinoModule", "AugerinoPlus"],
            "discovered_symmetry": ["DiscoveredSymmetry", "Finding", "Findings", "load_metric"],
            "discriminator": ["QuadraticDiscriminator"],
            "evidence.asking": ["Tried"],
            "evidence.claim": ["Breaking", "Claim"],
            "evidence.element": ["Element"],
            "evidence.moments": ["Moments"],
            "evidence.relations": ["Relations"],
            "findings": ["find_symmetry"],
            "flow_findings": ["BrokenSymmetry", "FlowSymmetries", "flow_symmetries"],
            "group_distribution": ["GroupDistribution"],
            "group_module": ["GroupModule", "Pace"],
            "lie_gg": ["LieGG", "PredictorModule"],
            "liegan": ["LieGAN"],
            "liegan_module": ["LieGANModule", "LieGANRegulariser"],
            "mask": ["block_mask", "matrices_within"],
            "method": ["DiscoveryMethod"],
            "msr": ["MSR", "MSRModule"],
            "predictor": ["Predictor"],
            "samples": ["Samples"],
            "shards": ["Shards"],
            "stopping": ["SpanStopping"],
            "symmetry_gan": ["SymmetryGAN", "SymmetryGANModule"],
            "verdict": ["Answer"],
            "weight_sharing": ["SharedWeights", "shared_weights"],
        },
    )
