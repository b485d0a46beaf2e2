"""ParticleNet: the published jet tagger of edge convolutions in the η–φ plane, without Lorentz symmetry."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.utils import scatter

from pyg_liesym.nn.conv.particlenet_conv import ParticleNetConv
from pyg_liesym.nn.message.neighbours import nearest_neighbours
from pyg_liesym.nn.message.reduce import pool_nodes
from pyg_liesym.nn.models.head import readout_head
from pyg_liesym.typing import OptTensor

NUM_FEATURES = 7
"""Numbers that :func:`constituent_features` makes of a constituent."""
# GeV and GeV²: far below what any detector sees, so that logarithms and roots stay finite along the beam and at zero.
_SOFTEST = 1e-8


class ParticleNet(nn.Module):
    r"""ParticleNet: edge convolutions over the nearest neighbours, first in the η–φ plane, then among features.

    The network of `"ParticleNet: Jet Tagging via Particle Clouds" <https://arxiv.org/abs/1902.08570>`_ (Qu & Gouskos,
    Phys. Rev. D 101 (2020) 056019, figure 2a), made of :class:`~pyg_liesym.nn.ParticleNetConv`. The inputs of a
    constituent are those of its top tagger, :func:`constituent_features`; the neighbours of the first block are those
    in :math:`(\Delta\eta, \Delta\phi)`, of later ones those among the features that the block before made.

    What differs from the released code: jets are not filled up with constituents of zeros (which its batch
    normalisation and its mean over constituents see), a jet of at most k constituents uses all it has, and a
    constituent is not its own neighbour where others sit at the same place.

    **Law**: ``model(x, pos)`` does not change under a new numbering of the constituents and under rotations about the
    beam, because Δη, Δφ, ΔR, pT and E do not, nor do neighbours. It is not invariant to other Lorentz
    transformations: a boost along the beam moves E, and Δη, whose axis is that of a massive jet; a boost or turn across
    the beam moves all.

    Args:
        in_channels: Channels of ``x``, which join the inputs (0 if there are none).
        out_channels: Channels of the answer: classes.
        blocks: Widths of the maps of each block.
        k: Number of neighbours.
        head_channels: Width of the classifier.
        dropout: Share of hidden classifier channels dropped in training.

    The smaller ParticleNet-Lite of the paper is ``blocks=((32, 32, 32), (64, 64, 64))``, ``k=7``,
    ``head_channels=128``.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**: :math:`(N, 4)`; **batch**: :math:`(N)`, in rising order
        - **output**: :math:`(B, F_{out})`

    Units:
        GeV.

    Raises:
        ValueError: On sizes that do not go together, and in training on a single constituent, of which batch
            normalisation knows no variance.

    Example:
        >>> model = ParticleNet()
        >>> sum(parameter.numel() for parameter in model.parameters())
        366160
        >>> model(None, torch.rand(5, 4), batch=torch.tensor([0, 0, 0, 1, 1])).shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        in_channels: int = 0,
        out_channels: int = 2,
        *,
        blocks: Sequence[Sequence[int]] = ((64, 64, 64), (128, 128, 128), (256, 256, 256)),
        k: int = 16,
        head_channels: int = 256,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if not blocks:
            raise ValueError("expected at least one block, got none")
        if k < 1:
            raise ValueError(f"expected a positive number of neighbours, got k={k}")
        self.in_channels, self.out_channels, self.k = in_channels, out_channels, k
        widths = [NUM_FEATURES + in_channels, *(block[-1] for block in blocks)]
        self.norm = nn.BatchNorm1d(widths[0])
        self.convs = nn.ModuleList(ParticleNetConv(width, block) for width, block in zip(widths, blocks, strict=False))
        self.head = readout_head(widths[-1], head_channels, out_channels, dropout, "relu")

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        for module in (self.norm, *self.convs, self.head[0], self.head[3]):
            assert isinstance(module, nn.BatchNorm1d | ParticleNetConv | nn.Linear)
            module.reset_parameters()

    def forward(self, x: OptTensor, pos: Tensor, batch: OptTensor = None, batch_size: int | None = None) -> Tensor:
        """Classify jets.

        Args:
            x: Further numbers of the constituents.
            pos: Four-momenta of the constituents.
            batch: Jet of every constituent; ``None`` for one jet.
            batch_size: Number of jets.
        """
        if (0 if x is None else x.size(-1)) != self.in_channels:
            got = 0 if x is None else x.size(-1)
            raise ValueError(f"expected `x` with in_channels={self.in_channels} channels, got {got}")
        if batch is None:
            batch, batch_size = torch.zeros(pos.size(0), dtype=torch.long, device=pos.device), 1
        features = constituent_features(pos, batch, batch_size)
        points = features[:, :2]
        features = features if x is None else torch.cat([features, x.to(features.dtype)], dim=-1)
        h = self.norm(features)
        for conv in self.convs:
            h = conv(h, nearest_neighbours(points, self.k, batch))
            points = h.detach()
        logits: Tensor = self.head(pool_nodes(h, batch, batch_size, "mean"))
        return logits

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}, num_layers={len(self.convs)}, k={self.k})"
        )


def constituent_features(p4: Tensor, batch: Tensor, batch_size: int | None = None) -> Tensor:
    r"""Seven numbers of every constituent, relative to its jet: ParticleNet's inputs for top tagging.

    They are Δη, Δφ, log pT, log E, log(pT / pT of the jet), log(E / E of the jet) and ΔR (Table 2 of `ParticleNet
    <https://arxiv.org/abs/1902.08570>`_, without particle identification); the jet is the sum of its constituents.

    **Law**: a rotation about the beam changes none of them. A boost along it leaves Δφ, log pT and log(pT / pT of the
    jet), and of massless constituents the differences of Δη within a jet. pT and E below 10⁻⁸ GeV count as 10⁻⁸ GeV.

    Args:
        p4: Four-momenta of the constituents.
        batch: Jet of every constituent.
        batch_size: Number of jets.

    Shapes:
        - **p4**: :math:`(N, 4)`; **batch**: :math:`(N)`; **output**: :math:`(N, 7)`

    Units:
        GeV.

    Raises:
        ValueError: If ``p4`` is not of shape ``[num_nodes, 4]``.

    Example:
        >>> constituent_features(torch.tensor([[5.0, 3.0, 0.0, 4.0]]), torch.tensor([0])).round(decimals=4)
        tensor([[0.0000, 0.0000, 1.0986, 1.6094, 0.0000, 0.0000, 0.0000]])
    """
    if p4.dim() != 2 or p4.size(1) != 4:
        raise ValueError(f"expected `p4` of shape [num_nodes, 4], got {list(p4.shape)}")
    p4 = p4.to(torch.promote_types(p4.dtype, torch.float32))
    jet = scatter(p4, batch, dim=0, dim_size=batch_size, reduce="sum")[batch]
    energy, pt, eta, phi = _cylindrical(p4)
    jet_energy, jet_pt, jet_eta, jet_phi = _cylindrical(jet)
    deta, dphi = eta - jet_eta, torch.remainder(phi - jet_phi + torch.pi, 2 * torch.pi) - torch.pi
    distance = (deta.square() + dphi.square() + _SOFTEST**2).sqrt()
    columns = [deta, dphi, pt.log(), energy.log(), (pt / jet_pt).log(), (energy / jet_energy).log(), distance]
    return torch.stack(columns, dim=-1)


def _cylindrical(p4: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    energy, px, py, pz = p4.unbind(-1)
    pt = (px.square() + py.square()).clamp(min=_SOFTEST**2).sqrt()
    # An angle at 0 has no gradient.
    phi = torch.atan2(py, torch.where((px == 0) & (py == 0), 1.0, px))
    return energy.clamp(min=_SOFTEST), pt, torch.asinh(pz / pt), phi
