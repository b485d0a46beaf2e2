"""The networks that forecast flows by name, all called alike: ``net(history)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from torch import nn

from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, regulars, scalars, vectors
from pyg_liesym.nn.baselines.field_mlp import FieldMLP
from pyg_liesym.nn.baselines.lattice_linear import LatticeLinear
from pyg_liesym.nn.baselines.lift_expansion import LiftExpansion
from pyg_liesym.nn.baselines.locally_connected_conv2d import LocallyConnectedConv2d
from pyg_liesym.nn.baselines.plain_conv2d import PlainConv2d
from pyg_liesym.nn.baselines.residual_pathway import ResidualPathway
from pyg_liesym.nn.field.group_conv2d import GroupConv2d
from pyg_liesym.nn.field.relaxed_translation_conv2d import RelaxedTranslationConv2d
from pyg_liesym.nn.field.riesz_conv2d import RieszConv2d
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.field.steerable_conv2d import SteerableConv2d
from pyg_liesym.nn.models.field_conv_net import FieldConvNet, FieldLayer
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.scale_conv_net import ScaleConvNet

GridSymmetry: TypeAlias = Literal["translation", "rotation", "scale"]
ForecasterName: TypeAlias = Literal[
    "mlp", "convnet", "strict", "riesz", "rpp", "clcnn", "lift", "rgroup", "rsteer", "rriesz"
]  # fmt: skip

FORECASTERS: dict[GridSymmetry, tuple[ForecasterName, ...]] = {
    "translation": ("convnet", "mlp", "rgroup", "rpp", "clcnn", "lift"),
    "rotation": ("convnet", "strict", "rgroup", "rsteer", "mlp", "rpp", "clcnn", "lift"),
    "scale": ("convnet", "strict", "riesz", "rgroup", "rriesz", "mlp", "rpp", "lift"),
}
"""What :func:`build_forecaster` knows for each symmetry."""
STRICT: dict[GridSymmetry, ForecasterName] = {"translation": "convnet", "rotation": "strict", "scale": "strict"}
"""The network that keeps the symmetry."""
TWINS: dict[ForecasterName, ForecasterName] = {"rriesz": "riesz"}
"""What a network relaxes, where that is not the one of :data:`STRICT`."""

C1, C4 = PointGroup.cyclic(1), PointGroup.cyclic(4)


class _Sizes(NamedTuple):
    history: int
    width: int
    size: tuple[int, int]
    num_layers: int
    kernel_size: int
    num_banks: int
    rank: int
    scales: tuple[float, ...]


def build_forecaster(
    name: ForecasterName,
    symmetry: GridSymmetry,
    *,
    width: int,
    size: tuple[int, int],
    history: int = 10,
    scale: float = 1.0,
    step: float | None = None,
    num_layers: int = 5,
    kernel_size: int = 3,
    num_banks: int = 2,
    rank: int = 4,
    scales: Sequence[float] = (2**-0.5, 1.0, 2**0.5),
) -> FieldForecaster:
    r"""Build one of the networks that forecast flows, to be called as ``net(history)``.

    They are those of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, table 1), without batch norms, and all forecast
    changes of the last frame.

    - ``mlp``: :class:`~pyg_liesym.nn.baselines.FieldMLP`; no symmetry;
    - ``convnet``: plain convolutions; translations;
    - ``strict``: :class:`~pyg_liesym.nn.field.SteerableConv2d` or :class:`~pyg_liesym.nn.field.ScaleConv2d`; quarter
      turns or scalings besides;
    - ``riesz``: :class:`~pyg_liesym.nn.field.RieszConv2d`; scalings without a row of scales (not in the paper);
    - ``rpp``: :class:`~pyg_liesym.nn.baselines.ResidualPathway`; the symmetry by a prior;
    - ``clcnn``: :class:`~pyg_liesym.nn.baselines.LocallyConnectedConv2d`; by a penalty;
    - ``lift``: :class:`~pyg_liesym.nn.baselines.LiftExpansion` of strict layers; if the encoder is silent;
    - ``rgroup``: :class:`~pyg_liesym.nn.field.RelaxedTranslationConv2d`,
      :class:`~pyg_liesym.nn.field.GroupConv2d` or :class:`~pyg_liesym.nn.field.ScaleConv2d`, relaxed
      by filter banks (eq. 8);
    - ``rsteer``: :class:`~pyg_liesym.nn.field.SteerableConv2d`, relaxed by weights of the offset (eq. 10);
    - ``rriesz``: :class:`~pyg_liesym.nn.field.RieszConv2d`, relaxed by weights of the octave (not in the paper).

    Rotations are those of C₄; hidden channels are ``width`` regular fields. The first and last layer of ``rgroup`` for
    rotations, from and to vectors, are strict steerable ones. With one filter bank it has hardly more parameters than
    the strict network of the same width.

    Args:
        name: Which.
        symmetry: The symmetry that it keeps or relaxes; :data:`FORECASTERS` says which networks there are for it.
        width: Number of hidden channels, of regular fields for rotations, each at every scale for scalings.
        size: Height and width of the lattice.
        history: Number of frames that it sees.
        scale: Size of the flow, see :class:`~pyg_liesym.nn.FieldForecaster`.
        step: Size of its changes.
        num_layers: Number of layers.
        kernel_size: Odd size of the kernels; those with scales reach five times the largest scale.
        num_banks: Filter banks of ``rgroup``.
        rank: Rank of the position-dependent weights of ``rgroup`` and of the free path of ``rpp`` for translations.
        scales: The scales, a geometric series, in units of the lattice's spacing.

    Raises:
        ValueError: If there is no such network for the symmetry.

    Example:
        >>> import torch
        >>> net = build_forecaster("rsteer", "rotation", width=2, size=(8, 8), history=3)
        >>> net(torch.ones(1, 3, 2, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """
    if name not in FORECASTERS.get(symmetry, ()):
        known = "; ".join(f"{key}: {', '.join(names)}" for key, names in FORECASTERS.items())
        raise ValueError(f"there is no network {name!r} for {symmetry!r}; there are {known}")
    sizes = _Sizes(history, width, size, num_layers, kernel_size, num_banks, rank, tuple(scales))
    if name == "mlp":
        net: nn.Module = FieldMLP(2 * history, width, 2, num_layers, size=size)
    elif name in ("riesz", "rriesz"):
        net = _net(name, sizes, _riesz_layer, scalars(C1, 2 * history), scalars, scalars(C1, 2))
    elif symmetry == "scale" and name != "convnet":
        net = _scale_net(name, sizes)
    elif symmetry == "rotation" and name != "convnet":
        net = _net(name, sizes, _rotation_layer, vectors(C4, history), regulars, vectors(C4, 1))
    else:
        net = _net(name, sizes, _translation_layer, scalars(C1, 2 * history), scalars, scalars(C1, 2))
    return FieldForecaster(net, history, scale, step)


def _net(
    name: ForecasterName, sizes: _Sizes, layers: Callable[[ForecasterName, _Sizes], FieldLayer],
    first: FieldType, fields: Callable[[PointGroup, int], FieldType], last: FieldType,
) -> nn.Module:  # fmt: skip
    """First and last field types, and what the hidden ones are made of."""
    hidden = fields(first.group, sizes.width)
    if name != "lift":
        return FieldConvNet([first, *[hidden] * (sizes.num_layers - 1), last], layers(name, sizes))
    extra = max(1, sizes.width // 4)
    strict = layers("strict", sizes)
    front = FieldConvNet([first, hidden, hidden], strict, act_last=True)
    back = FieldConvNet([fields(first.group, sizes.width + extra), *[hidden] * (sizes.num_layers - 3), last], strict)
    num_features = fields(first.group, extra).channels
    return LiftExpansion(
        front, back, in_channels=first.channels, hidden_channels=sizes.width, num_features=num_features
    )


def _translation_layer(name: ForecasterName, sizes: _Sizes) -> FieldLayer:
    def layer(before: FieldType, after: FieldType) -> nn.Module:
        if name == "rgroup":
            return RelaxedTranslationConv2d(
                before, after, sizes.kernel_size, sizes.size, num_banks=sizes.num_banks, rank=sizes.rank
            )
        if name == "clcnn":
            return LocallyConnectedConv2d(before, after, sizes.kernel_size, sizes.size)
        plain = SteerableConv2d(before, after, sizes.kernel_size)
        if name == "rpp":
            return ResidualPathway(plain, LatticeLinear(before.channels, after.channels, sizes.size, sizes.rank))
        return plain

    return layer


def _rotation_layer(name: ForecasterName, sizes: _Sizes) -> FieldLayer:
    def layer(before: FieldType, after: FieldType) -> nn.Module:
        if name == "rgroup" and before == after:  # both hidden
            return GroupConv2d(before, after, sizes.kernel_size, relaxed=True, num_banks=sizes.num_banks)
        if name == "clcnn":
            return LocallyConnectedConv2d(before, after, sizes.kernel_size, sizes.size)
        conv = SteerableConv2d(before, after, sizes.kernel_size, relaxed=name == "rsteer")
        if name == "rpp":
            return ResidualPathway(conv, PlainConv2d(before.channels, after.channels, sizes.kernel_size))
        return conv

    return layer


def _riesz_layer(name: ForecasterName, sizes: _Sizes) -> FieldLayer:
    return lambda before, after: RieszConv2d(before.channels, after.channels, relaxed=name == "rriesz")


def _scale_net(name: ForecasterName, sizes: _Sizes) -> nn.Module:
    def layer(before: int, after: int, /, *, lifting: bool) -> nn.Module:
        relaxed = name == "rgroup"
        conv = ScaleConv2d(
            before, after, reach, sizes.scales, lifting=lifting, relaxed=relaxed, num_banks=sizes.num_banks
        )
        if name != "rpp":
            return conv
        count = len(sizes.scales)
        return ResidualPathway(conv, PlainConv2d(before * (1 if lifting else count), after * count, sizes.kernel_size))

    reach = 2 * round(2.5 * max(sizes.scales)) - 1
    first, width, last = 2 * sizes.history, sizes.width, 2
    if name != "lift":
        return ScaleConvNet([first, *[width] * (sizes.num_layers - 1), last], layer)
    extra = max(1, width // 4)
    front = ScaleConvNet([first, width, width], layer, readout=None, act_last=True)
    back = ScaleConvNet([width + extra, *[width] * (sizes.num_layers - 3), last], layer, lifting=False)
    return LiftExpansion(front, back, in_channels=first, hidden_channels=width, num_features=extra)


def widest(build: Callable[[int], nn.Module], budget: int) -> int:
    """The largest width whose network has at most so many parameters, at least 1.

    Args:
        build: Makes a network of a width.
        budget: Number of parameters.

    Example:
        >>> widest(lambda width: nn.Linear(width, 1), budget=10)
        9
    """
    width = 1
    while sum(parameter.numel() for parameter in build(2 * width).parameters()) <= budget:
        width *= 2
    step = width // 2
    while step:
        if sum(parameter.numel() for parameter in build(width + step).parameters()) <= budget:
            width += step
        step //= 2
    return width
