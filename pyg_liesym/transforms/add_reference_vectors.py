"""Reference vectors put into jets: beams and the time axis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.lie.references import REFERENCES
from pyg_liesym.transforms.move import four_momenta, jet_of_nodes, num_graphs

OF_JETS = ("y", "jet", "weight", "entry")
"""Features of whole jets, whatever their number of rows."""


@functional_transform("add_reference_vectors")
class AddReferenceVectors(BaseTransform):
    r"""Put reference vectors (spurions) before the constituents of every jet, as particles of their own.

    A network that is equivariant to the Lorentz group can tell a jet's direction and energy in the laboratory only by
    products with vectors that are known there: the beams :math:`(\sqrt 2, 0, 0, \pm 1)` of `LorentzNet
    <https://arxiv.org/abs/2201.08187>`_ (Gong et al., JHEP 2022, Section 4.1), the directions of light along them,
    :math:`(1, 0, 0, \pm 1)`, or the time axis :math:`(1, 0, 0, 0)`.
    :class:`~pyg_liesym.nn.LorentzNet` as a tagger has its beams already.

    **Law**: with the beams a network keeps, of the Lorentz group, the rotations about the z axis; with the time axis
    all rotations; with both the rotations about the z axis.

    Args:
        references: Names from ``"beams"``, ``"lightcone"`` and ``"time"``, or four-vectors.
        scale: Factor on the vectors, in GeV.
        column: Whether to add to ``x`` a column for each reference, 1 at its particle and 0 elsewhere, and one for the
            constituents.

    Shapes:
        ``p4`` and every other feature with a row for each constituent gets R rows more a jet, zeros but for
        ``p4`` and the new columns of ``x``; ``batch`` and ``ptr`` follow. Edges, if there are any, keep to the
        constituents.

    Raises:
        ValueError: If a name is unknown, a vector has not four entries, or the data have no four-momenta.

    Example:
        >>> jet = Data(p4=torch.tensor([[5.0, 3.0, 0.0, 4.0]]))
        >>> AddReferenceVectors(["time"])(jet).p4
        tensor([[1., 0., 0., 0.],
                [5., 3., 0., 4.]])
        >>> AddReferenceVectors(["time"], column=True)(jet).x
        tensor([[0., 1.],
                [1., 0.]])
    """

    def __init__(
        self,
        references: Sequence[str | Sequence[float]] = ("beams",),
        scale: float = 1.0,
        column: bool = False,
    ) -> None:
        rows: list[Sequence[float]] = []
        for reference in references:
            if isinstance(reference, str):
                if reference not in REFERENCES:
                    raise ValueError(f"expected references from {list(REFERENCES)} or vectors, got {reference!r}")
                rows.extend(REFERENCES[reference])
            elif len(reference) == 4:
                rows.append(reference)
            else:
                raise ValueError(f"expected a reference (E, px, py, pz), got {list(reference)}")
        self.references, self.column = tuple(references), column
        self.vectors = scale * torch.tensor([list(row) for row in rows], dtype=torch.float64).view(-1, 4)

    def forward(self, data: Data) -> Data:
        """Return the jets with the references in front of each."""
        p4, jet, num = four_momenta(data), jet_of_nodes(data), num_graphs(data)
        count = self.vectors.size(0)
        owner = torch.cat([torch.arange(num, device=jet.device).repeat_interleave(count), jet])
        order = owner.argsort(stable=True)
        batched = data.get("batch") is not None
        out = Batch(_base_cls=Data) if batched else Data()
        for name, value in data.to_dict().items():
            if name in ("batch", "ptr"):
                continue
            if name == "num_nodes":
                out.num_nodes = order.numel()
            elif name == "edge_index":
                out[name] = order.argsort()[value + num * count]
            elif name not in OF_JETS and isinstance(value, Tensor) and value.dim() and value.size(0) == p4.size(0):
                out[name] = torch.cat([value.new_zeros(num * count, *value.shape[1:]), value])[order]
            else:
                out[name] = value
        out.p4 = torch.cat([self.vectors.to(p4).repeat(num, 1), p4])[order]
        if self.column:
            kind = torch.eye(count + 1).to(p4)
            columns = torch.cat([kind[1:].repeat(num, 1), kind[:1].expand(p4.size(0), -1)])[order]
            out.x = columns if data.get("x") is None else torch.cat([out.x, columns.to(out.x.dtype)], dim=1)
        if batched:
            out.batch = owner[order]
            counts = torch.bincount(out.batch, minlength=num)
            out.ptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
            out._num_graphs = num
        return out

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.references)})"
