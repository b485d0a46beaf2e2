"""Networks on flows that scalings of space and time together do not change."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset


class SpaceTimeScaling(nn.Module):
    r"""A network on rows of scales that is shown a flow, and read, as scalings of the Navier–Stokes equations ask.

    These take solutions to solutions, with :math:`\lambda > 0` (`Wang, Walters, Yu, ICLR 2021
    <https://arxiv.org/abs/2002.03061>`_):

    .. math:: T_\lambda w(x, t) = \lambda\, w(\lambda x, \lambda^2 t)

    At each scale s the network is shown :math:`f_k(x, s) = s\, w(x, -k s^2 \tau)` for k = 0, 1, …, which measures
    velocities as the Reynolds number of that scale does, and times in what diffusion takes to cross it; between two
    frames is what lies on the line between them. From what it answers at each scale the flow's rate of change is

    .. math:: \dot w(x) = \frac{1}{S} \sum_s s^{-3} F[f](x, s).

    The paper samples kernels at scaled places and times; here times are sampled, and the layers sample places.

    **Law**: if F takes a field that is shifted along the row of scales and scaled in space to the like, as networks of
    :class:`~pyg_liesym.nn.field.ScaleConv2d` do approximately, the rate of :math:`T_\lambda w` is
    :math:`\lambda^3 \dot w(\lambda x)` for ratios λ of two scales, with the same frames in time: as nearly as a lattice
    has scalings, the row does not end, and the flow is straight between frames.

    Args:
        net: F, of two channels for each time, with scales in and out.
        scales: s, a rising geometric series in units of the lattice's spacing.
        history: Frames that are given, T.
        times: How many times k are shown.
        step: :math:`\tau` in frames (default: as large as T allows; with one time it does not matter).

    Shapes:
        - **field**: :math:`(B, 2 T, H, W)`, both components of each frame, the last frame last
        - what F is given: :math:`(B, 2 K, S, H, W)`, its answer and **output**: :math:`(B, 2, S, H, W)`,
          :math:`(B, 2, H, W)`

    Raises:
        ValueError: If the times reach back beyond the frames, or a field has another shape.

    Example:
        >>> from pyg_liesym.nn.field import ScaleConv2d
        >>> conv = ScaleConv2d(4, 2, 7, (1.0, 2**0.5), interaction=0)
        >>> net = SpaceTimeScaling(conv, (1.0, 2**0.5), history=3, times=2)
        >>> net(torch.ones(1, 6, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    scales: Tensor
    weights: Tensor

    def __init__(
        self, net: nn.Module, scales: Sequence[float], history: int, times: int = 1, step: float | None = None
    ) -> None:
        super().__init__()
        if times < 1 or history < 1:
            raise ValueError(f"expected one frame and one time or more, got history={history} and times={times}")
        longest = (times - 1) * max(scales) ** 2
        if step is None:
            step = (history - 1) / longest if longest else 1.0
        if not step > 0:
            raise ValueError(f"expected a positive step, got {step}")
        if longest * step > history - 1 + 1e-9:
            raise ValueError(
                f"{times} times, {step * max(scales) ** 2:g} frames apart at the largest scale, reach back beyond "
                f"{history} frames"
            )
        self.net, self.history, self.times, self.step = net, history, times, step
        self.register_buffer("scales", torch.tensor(scales, dtype=torch.get_default_dtype()), persistent=False)
        # [S, K, T]: how much of each frame there is in what is shown.
        back = torch.tensor([[k * s**2 * step for k in range(times)] for s in scales], dtype=torch.float64)
        frames = torch.arange(history - 1, -1, -1, dtype=torch.float64)
        weights = (1 - (back[..., None] - frames).abs()).clamp(min=0)
        self.register_buffer("weights", weights.to(self.scales.dtype), persistent=False)

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        reset(self.net)

    def forward(self, field: Tensor) -> Tensor:
        """Give the rate of change in units of the flow's per frame."""
        if field.dim() != 4 or field.size(1) != 2 * self.history:
            raise ValueError(f"expected a field [B, {2 * self.history}, H, W], got {list(field.shape)}")
        frames = field.unflatten(1, (self.history, 2))
        shown = torch.einsum("skt,btchw->bkcshw", self.weights * self.scales[:, None, None], frames)
        rate: Tensor = torch.einsum("s,bcshw->bchw", self.scales**-3, self.net(shown.flatten(1, 2)))
        return rate / len(self.scales)

    def extra_repr(self) -> str:
        """Scales and times."""
        return f"scales={[round(float(s), 4) for s in self.scales]}, history={self.history}, times={self.times}"
