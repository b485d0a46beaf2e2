"""Whole networks."""

from pyg_liesym.nn.models.canonicalized import Canonicalized
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.field_conv_net import FieldConvNet
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import build_forecaster
from pyg_liesym.nn.models.field_res_net import FieldResNet
from pyg_liesym.nn.models.field_u_net import FieldUNet
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.lorentznet import LorentzNet, with_beams
from pyg_liesym.nn.models.momentum_fractions import MomentumFractions
from pyg_liesym.nn.models.particlenet import ParticleNet
from pyg_liesym.nn.models.relaxed_liegnn import RelaxedLieGNN
from pyg_liesym.nn.models.relaxed_vector_liegnn import RelaxedVectorLieGNN
from pyg_liesym.nn.models.riesz_rate_net import RieszRateNet
from pyg_liesym.nn.models.scale_conv_net import ScaleConvNet
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.nn.models.space_time_scaling import SpaceTimeScaling
from pyg_liesym.nn.models.steerable_gnn import SteerableGNN
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN

__all__ = [
    "EGNN",
    "Canonicalized",
    "FieldConvNet",
    "FieldForecaster",
    "FieldResNet",
    "FieldUNet",
    "LieGNN",
    "LorentzNet",
    "MomentumFractions",
    "ParticleNet",
    "RelaxedLieGNN",
    "RelaxedVectorLieGNN",
    "RieszRateNet",
    "ScaleConvNet",
    "SecondOrderLieGNN",
    "SpaceTimeScaling",
    "SteerableGNN",
    "VectorLieGNN",
    "build_forecaster",
    "build_tagger",
    "with_beams",
]
