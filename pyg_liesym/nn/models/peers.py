"""Lorentz-equivariant jet taggers of others, L-GATr-slim and LLoCa, to be compared with: ``pyg-liesym[peers]``."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch_geometric.utils import scatter, to_dense_batch

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.lie.references import REFERENCES
from pyg_liesym.typing import OptTensor

PeerName = Literal["lgatr-slim", "lloca"]
"""What :func:`~pyg_liesym.nn.build_tagger` knows besides, where their packages are installed."""
PEERS: tuple[PeerName, ...] = get_args(PeerName)
SPURIONS = (*REFERENCES["lightcone"], *REFERENCES["time"])
"""Both beams and the direction of time, which the taggers of both papers see as further particles."""
# Means and scales of log pT, log E, both relative to the jet, Δφ, Δη and ΔR, in both papers' taggers (from ParT's).
_CENTRES, _FACTORS = (1.7, 2.0, -4.7, -4.7, 0.0, 0.0, 0.2), (0.7, 0.7, 0.7, 0.7, 1.0, 1.0, 4.0)
_MASS, _UNIT, _SMALL = 5e-3, 20.0, 1e-10


class _Particles(NamedTuple):
    """Spurions and constituents of every jet, those of a jet side by side, in its rest frame and double precision."""

    p4: Tensor
    batch: Tensor
    real: Tensor
    scalars: Tensor
    jet: Tensor


class PeerTagger(nn.Module):
    """A network of one of the packages, with the inputs that its authors give it in their top taggers.

    Momenta are boosted to the rest frame of their jet. Both beams and the direction of time stand beside them as
    particles: the taggers keep the rotations about the beam that also keep the time. L-GATr-slim sees momenta in units
    of 20 GeV with seven features of the plane (of pT, E, Δη and Δφ, from before the boost), and answers at a particle
    of its own; a LLoCa transformer sees those features in a frame of each constituent, and answers with the mean over
    them. Jets are filled up with masked particles.

    Args:
        name: Which.
        in_channels: Channels of ``x``.
        out_channels: Channels of the answer: classes.
        blocks: Blocks of the transformer.
        heads: Attention heads of each.
        vector_channels: Vectors of L-GATr-slim, or vectors a head of LLoCa.
        scalar_channels: Scalars of L-GATr-slim, or scalars a head of LLoCa.

    Raises:
        ImportError: If the extra ``peers`` is not installed.
    """

    def __init__(
        self,
        name: PeerName,
        in_channels: int,
        out_channels: int,
        *,
        blocks: int,
        heads: int,
        vector_channels: int,
        scalar_channels: int,
    ) -> None:
        super().__init__()
        self.name, self.in_channels = name, in_channels
        seen = len(_CENTRES) + in_channels
        self.frames: nn.Module | None = None
        if name == "lgatr-slim":
            self.net: nn.Module = _package("lgatr").LGATrSlim(
                num_blocks=blocks, in_v_channels=1, out_v_channels=0, hidden_v_channels=vector_channels,
                in_s_channels=seen + 1, out_s_channels=out_channels, hidden_s_channels=scalar_channels, num_heads=heads,
            )  # fmt: skip
            return
        self.net = _package("lloca.backbone.transformer").Transformer(
            in_channels=seen, attn_reps=f"{scalar_channels}x0n+{vector_channels}x1n", out_channels=out_channels,
            num_blocks=blocks, num_heads=heads, mlp_factor=2,
        )  # fmt: skip
        vectors = partial(
            _package("lloca.equivectors.mlp").MLPVectors, num_scalars=seen, hidden_channels=16, num_layers_mlp=2
        )
        self.frames = _package("lloca.framesnet.equi_frames").LearnedPDFrames(
            vectors, gamma_hardness=10, ortho_kwargs={"method": "gramschmidt", "eps_norm": 1e-15, "eps_reg": 1e-10}
        )

    def forward(self, x: OptTensor, pos: Tensor, batch: OptTensor = None, batch_size: int | None = None) -> Tensor:
        """Classify jets of four-momenta ``pos``, shape :math:`(B, C)`.

        The first batch settles the mean and the scale of the invariants that LLoCa's frames see.
        """
        if pos.dim() != 2 or pos.size(1) != 4:
            raise ValueError(f"expected four-momenta `pos` of shape [num_nodes, 4], got {list(pos.shape)}")
        channels = 0 if x is None else x.size(-1)
        if channels != self.in_channels:
            raise ValueError(f"expected `x` with in_channels={self.in_channels} channels, got {channels}")
        if batch is None:
            batch, batch_size = pos.new_zeros(pos.size(0), dtype=torch.long), 1
        count = int(batch.max()) + 1 if batch_size is None else batch_size
        particles = _with_spurions(x, pos, batch, count)
        return self._at_token(particles, count, pos) if self.frames is None else self._in_frames(particles, count, pos)

    def _at_token(self, particles: _Particles, count: int, like: Tensor) -> Tensor:
        p4 = torch.where(particles.real[:, None], particles.p4 / _UNIT, particles.p4).to(like.dtype)
        vectors, there = to_dense_batch(p4, particles.batch, batch_size=count)
        scalars, _ = to_dense_batch(particles.scalars.to(like.dtype), particles.batch, batch_size=count)
        vectors = torch.cat([vectors.new_zeros(count, 1, 4), vectors], 1)
        scalars = nn.functional.pad(scalars, (0, 1, 1, 0))
        scalars[:, 0, -1] = 1
        there = torch.cat([there.new_ones(count, 1), there], 1)
        answers: Tensor = self.net(vectors[:, :, None], scalars, attn_mask=there[:, None, None])[1]
        return answers[:, 0]

    def _in_frames(self, particles: _Particles, count: int, like: Tensor) -> Tensor:
        assert self.frames is not None
        sizes = torch.bincount(particles.batch, minlength=count)
        ptr = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
        equivectors: Any = self.frames.equivectors
        if not equivectors.block.edge_inited:
            equivectors.init_standardization(particles.p4, ptr)
        turned = self.frames(particles.p4, particles.scalars.to(like.dtype), ptr=ptr).matrices[particles.real]
        batch, p4 = particles.batch[particles.real], particles.p4[particles.real]
        local = torch.stack([p4, particles.jet[batch]], -1)
        own, jet = (turned @ local).unbind(-1)
        seen = torch.cat([_features(own, jet), particles.scalars[particles.real][:, len(_CENTRES) :]], 1)
        dense, there = to_dense_batch(seen.to(like.dtype), batch, batch_size=count)
        matrices, _ = to_dense_batch(turned.to(like.dtype), batch, batch_size=count)
        identity = torch.eye(4, dtype=like.dtype, device=like.device)
        frames = _package("lloca.framesnet.frames").Frames(torch.where(there[..., None, None], matrices, identity))
        answers = self.net(dense, frames, p_ref=particles.jet.to(like.dtype), attn_mask=there[:, None, None])
        mean: Tensor = (answers * there[..., None]).sum(1) / there.sum(1, keepdim=True).clamp(min=1)
        return mean


def build_peer(name: PeerName, num_classes: int = 2, in_channels: int = 0, **overrides: Any) -> PeerTagger:
    """Build a tagger of others, with sizes between those of 10 000 and 100 000 weights of their own papers.

    Raises:
        ImportError: If the extra ``peers`` is not installed.
    """
    sizes = {"blocks": 4, "heads": 4, "vector_channels": 8, "scalar_channels": 40}
    if name == "lloca":
        sizes = {"blocks": 4, "heads": 4, "vector_channels": 1, "scalar_channels": 7}
    return PeerTagger(name, in_channels, num_classes, **{**sizes, **overrides})


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"this tagger comes with {name.split('.')[0]}: pip install 'pyg-liesym[peers]'") from error


def _with_spurions(x: OptTensor, pos: Tensor, batch: Tensor, count: int) -> _Particles:
    spurions, own = pos.new_tensor(SPURIONS, dtype=torch.float64).repeat(count, 1), pos.double()
    jets = torch.arange(count, device=pos.device).repeat_interleave(len(SPURIONS))
    order = torch.cat([jets, batch]).argsort(stable=True)
    p4, batch = torch.cat([spurions, own])[order], torch.cat([jets, batch])[order]
    real = order >= len(jets)
    squared = (p4 @ minkowski().to(p4) * p4).sum(1)
    massive = torch.cat([(p4[:, 1:].square().sum(1, keepdim=True) + _MASS**2).sqrt(), p4[:, 1:]], 1)
    p4 = torch.where((squared < _MASS**2)[:, None], massive, p4)
    jet = scatter(p4, batch, 0, count)
    # Before the boost: at rest a jet has no direction.
    features = _features(p4, jet[batch]) * real[:, None]
    p4 = torch.einsum("eij,ej->ei", _to_rest(jet)[batch], p4)
    if x is not None:
        rest = features.new_zeros(len(real), x.size(1))
        rest[real] = x.to(rest)
        features = torch.cat([features, rest], 1)
    return _Particles(p4, batch, real, features, scatter(p4 * real[:, None], batch, 0, count))


def _to_rest(jet: Tensor) -> Tensor:
    """The boosts, :math:`(B, 4, 4)`, that bring momenta to rest."""
    mass = (jet @ minkowski().to(jet) * jet).sum(1).clamp(min=_SMALL).sqrt()
    u = jet / mass[:, None]
    gamma, space = u[:, :1], u[:, 1:]
    inner = torch.eye(3).to(u) + space[:, :, None] * space[:, None] / (1 + gamma[:, :, None])
    first = torch.cat([gamma[:, :, None], -space[:, None]], 2)
    return torch.cat([first, torch.cat([-space[:, :, None], inner], 2)], 1)


def _features(p4: Tensor, jet: Tensor) -> Tensor:
    """Standardised log pT, log E, both relative to the jet, Δφ, Δη and ΔR, :math:`(N, 7)`."""
    pt, jet_pt = (each[:, 1:3].square().sum(1).clamp(min=_SMALL**2).sqrt() for each in (p4, jet))
    energy, jet_energy = (each[:, 0].clamp(min=_SMALL) for each in (p4, jet))
    turn = torch.atan2(p4[:, 2], p4[:, 1]) - torch.atan2(jet[:, 2], jet[:, 1])
    dphi = torch.remainder(turn + torch.pi, 2 * torch.pi) - torch.pi
    deta = torch.asinh(jet[:, 3] / jet_pt) - torch.asinh(p4[:, 3] / pt)
    away = (dphi.square() + deta.square()).clamp(min=_SMALL).sqrt()
    logs = pt.log(), energy.log(), (pt / jet_pt).log(), (energy / jet_energy).log()
    features = torch.stack([*logs, dphi, deta, away], 1)
    return (features - features.new_tensor(_CENTRES)) * features.new_tensor(_FACTORS)
