"""Equivariant layers and networks for graphs."""

from pyg_liesym.nn.conv.egnn_conv import EGNNConv
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.conv.group_conv import GroupConv
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.conv.lorentznet_conv import LorentzNetConv
from pyg_liesym.nn.conv.particlenet_conv import ParticleNetConv
from pyg_liesym.nn.conv.steerable_conv import SteerableConv
from pyg_liesym.nn.conv.tensor_field_conv import TensorFieldConv
from pyg_liesym.nn.conv.vector_liegnn_conv import VectorLieGNNConv
from pyg_liesym.nn.dense.equivariant_linear import EquivariantLinear
from pyg_liesym.nn.dense.equivariant_mlp import EquivariantMLP
from pyg_liesym.nn.dense.hamiltonian_network import HamiltonianNetwork
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, complete_graph
from pyg_liesym.nn.message.metric import LearnedMetric, MetricShape
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
from pyg_liesym.nn.relaxable import Relaxable, make_strict, relaxation, relaxation_penalty, relaxed_layers

__all__ = [
    "EGNN",
    "Canonicalized",
    "CompleteGraph",
    "EGNNConv",
    "Edges",
    "EquivariantLinear",
    "EquivariantMLP",
    "FieldConv",
    "FieldConvNet",
    "FieldForecaster",
    "FieldResNet",
    "FieldUNet",
    "GroupConv",
    "HamiltonianNetwork",
    "LearnedMetric",
    "LieGNN",
    "LieGNNConv",
    "LorentzNet",
    "LorentzNetConv",
    "MetricShape",
    "MomentumFractions",
    "ParticleNet",
    "ParticleNetConv",
    "Relaxable",
    "RelaxedLieGNN",
    "RelaxedVectorLieGNN",
    "RieszRateNet",
    "ScaleConvNet",
    "SecondOrderLieGNN",
    "SpaceTimeScaling",
    "SteerableConv",
    "SteerableGNN",
    "TensorFieldConv",
    "VectorLieGNN",
    "VectorLieGNNConv",
    "build_forecaster",
    "build_tagger",
    "complete_graph",
    "make_strict",
    "relaxation",
    "relaxation_penalty",
    "relaxed_layers",
    "with_beams",
]
