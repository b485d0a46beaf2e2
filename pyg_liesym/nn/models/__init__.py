"""Whole networks."""

from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.lorentznet import LorentzNet, with_beams
from pyg_liesym.nn.models.particlenet import ParticleNet
from pyg_liesym.nn.models.taggers import build_tagger

__all__ = ["EGNN", "LieGNN", "LorentzNet", "ParticleNet", "build_tagger", "with_beams"]
