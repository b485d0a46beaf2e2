"""How a tagger's scores drift when its jets are boosted and turned."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from pyg_liesym.lie.motions import boosts_along_z, random_boosts, random_turns, turns_about_z
from pyg_liesym.metrics.areas import auc_difference
from pyg_liesym.metrics.equivariance import relative_error
from pyg_liesym.metrics.multiclass import separation, versus

Transformation: TypeAlias = Callable[[int, float, torch.Generator], Tensor]
"""Called as ``(number of jets, size, generator)``; returns one matrix a jet, :math:`(B, n, n)`."""

RAPIDITIES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0)
ANGLES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.14159)

LORENTZ: Mapping[str, tuple[Transformation, Sequence[float]]] = {
    "boost": (random_boosts, RAPIDITIES),
    "boost along the beams": (boosts_along_z, RAPIDITIES),
    "rotation": (random_turns, ANGLES),
    "rotation about the beams": (turns_about_z, ANGLES),
}
"""Boosts of growing rapidity and rotations of growing angle, about random axes and about the beams."""


class Drift(NamedTuple):
    r"""What a transformation of one size does to a tagger.

    Args:
        transformation: Its name.
        size: Rapidity or angle.
        auc: Area under the ROC of the transformed jets.
        auc_change: That area less that of the jets as they are.
        auc_change_error: Standard error of the change, of the areas on the same jets; NaN for several classes.
        mean_change: Mean of :math:`\lvert\Delta p\rvert` over jets and classes, p the probability of a class.
        rms_change: Root of the mean of :math:`\Delta p^2`.
        relative_error: Norm of the change of all logits over the norm of the logits.
    """

    transformation: str
    size: float
    auc: float
    auc_change: float
    auc_change_error: float
    mean_change: float
    rms_change: float
    relative_error: float


def robustness(
    net: nn.Module,
    jets: Iterable[Any],
    transformations: Mapping[str, tuple[Transformation, Sequence[float]]] = LORENTZ,
    *,
    dtype: torch.dtype | None = torch.float64,
    seed: int = 0,
) -> list[Drift]:
    r"""Measure the drift of a tagger under transformations of growing size, a random one for every jet.

    Every jet keeps its axis while the size grows. The matrices act in float64; what then remains in float64 is the
    network's own doing, while float32 shows the rounding that users will see, which boosts enlarge.

    **Law**: an invariant network has a relative error of rounding size, at every size of the transformation.

    Args:
        net: Called as ``net(x, p4, batch=..., batch_size=...)``, returns logits.
        jets: Batches with ``p4``, ``batch``, ``y``, ``num_graphs`` and maybe ``x``; gone through once.
        transformations: Name → transformation and its sizes.
        dtype: Precision in which a copy of the network is run; None for its own.
        seed: Seed of the axes.

    Returns:
        One entry for every transformation and size, in order.

    Raises:
        ValueError: If there are no jets.

    Example:
        >>> from torch_geometric.data import Batch, Data
        >>> class Mass(nn.Module):
        ...     def forward(self, x, p4, batch, batch_size):
        ...         p = p4.new_zeros(batch_size, 4).index_add(0, batch, p4)
        ...         return torch.stack([p[:, 0] * 0, p[:, 0] ** 2 - (p[:, 1:] ** 2).sum(1)], dim=1)
        >>> jet = Data(p4=torch.tensor([[5.0, 3, 0, 0], [2.0, 0, 0, 1]]), y=torch.tensor([1]), num_nodes=2)
        >>> drifts = robustness(Mass(), [Batch.from_data_list([jet])])
        >>> max(drift.relative_error for drift in drifts) < 1e-10
        True
    """
    net = copy.deepcopy(net).eval()
    if dtype is not None:
        net = net.to(dtype)
    batches = list(jets)
    if not batches:
        raise ValueError("expected at least one batch of jets, got none")
    kind = next((p.dtype for p in net.parameters() if p.is_floating_point()), dtype or batches[0].p4.dtype)
    label = torch.cat([batch.y for batch in batches]).cpu()
    still = _logits(net, batches, kind, None)
    reference = torch.softmax(still.double(), dim=-1)
    start, drifts = separation(still, label), []
    for name, (transformation, sizes) in transformations.items():
        for size in sizes:
            generator = torch.Generator().manual_seed(seed)
            matrices = (transformation(batch.num_graphs, size, generator) for batch in batches)
            logits = _logits(net, batches, kind, matrices)
            moved = torch.softmax(logits.double(), dim=-1)
            change = moved - reference
            area = separation(logits, label)
            comparable = moved.size(1) == 2 and area == area and start == start
            error = (
                auc_difference(versus(logits, 1, 0), versus(still, 1, 0), label).error if comparable else float("nan")
            )
            drifts.append(
                Drift(name, size, area, area - start, error, float(change.abs().mean()),
                      float(change.square().mean().sqrt()), relative_error(logits, still))
            )  # fmt: skip
    return drifts


@torch.no_grad()
def _logits(net: nn.Module, batches: list[Any], dtype: torch.dtype, matrices: Iterable[Tensor | None] | None) -> Tensor:
    """All jets' logits, on the CPU; each jet transformed by its matrix."""
    out = []
    still: list[Tensor | None] = [None] * len(batches)
    for batch, matrix in zip(batches, still if matrices is None else matrices, strict=True):
        p4 = batch.p4.double()
        if matrix is not None:
            p4 = torch.einsum("nij,nj->ni", matrix.to(p4)[batch.batch], p4)
        x = batch.get("x")
        x = None if x is None else x.to(dtype)
        out.append(net(x, p4.to(dtype), batch=batch.batch, batch_size=batch.num_graphs).cpu())
    return torch.cat(out)
