"""Forecasting the next vector field from the last ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from pyg_liesym.typing import OptTensor


class FieldForecaster(nn.Module):
    r"""Forecast the next frame of a flow as the last one plus what a network says, and feed forecasts back.

    .. math:: u_{t+1} = u_t + \delta\, F\bigl(u_{t-T+1} / s, \ldots, u_t / s\bigr)

    with the size s of the flow and that of its changes, δ. The protocol is that of `"Approximately Equivariant
    Networks for Imperfectly Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022,
    section 5).

    Of a flow with gaps, such as land, a ``mask`` says where a frame is known; F sees what stands elsewhere, the fill. A
    place that is not known in the last given frame has no forecast and stays at its fill, however many frames are
    forecast.

    **Law**: equivariant to what F is equivariant to; one number for both components keeps rotations. With gaps the mask
    moves along, and a fill that turns keep, such as zero, keeps turns; uniform motion takes an F that knows the mask.

    Args:
        net: F, which takes ``[B, 2 T, H, W]``, both components of each frame, to ``[B, 2, H, W]``.
        history: Number of frames T.
        scale: s, such as the root mean square of the components in the training data.
        step: δ, such as the root mean square of the changes of the components from frame to frame (default: s).
        masked: Whether F takes ``mask [B, T, H, W]``, as :class:`~pyg_liesym.nn.Canonicalized` does.

    Shapes:
        - **history**: :math:`(B, T, 2, H, W)`; **mask**: :math:`(B, T, 1, H, W)`, True where the frame is known;
          **output**: :math:`(B, 2, H, W)`

    Raises:
        ValueError: On a size that is not positive, or frames or a mask of another shape.

    Example:
        >>> still = FieldForecaster(nn.Conv2d(6, 2, 1), history=3)
        >>> still.rollout(torch.ones(4, 3, 2, 8, 8), steps=5).shape
        torch.Size([4, 5, 2, 8, 8])
    """

    scale: Tensor
    step: Tensor

    def __init__(
        self, net: nn.Module, history: int, scale: float = 1.0, step: float | None = None, *, masked: bool = False
    ) -> None:
        super().__init__()
        step = scale if step is None else step
        if not min(scale, step) > 0:
            raise ValueError(f"expected positive sizes of the flow and of its changes, got {scale} and {step}")
        self.net, self.history, self.masked = net, history, masked
        self.register_buffer("scale", torch.tensor(float(scale)))
        self.register_buffer("step", torch.tensor(float(step)))

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)

    def forward(self, history: Tensor, mask: OptTensor = None) -> Tensor:
        """Forecast the next frame."""
        if history.dim() != 5 or list(history.shape[1:3]) != [self.history, 2]:
            raise ValueError(f"expected frames [B, {self.history}, 2, H, W], got {list(history.shape)}")
        if mask is not None and mask.shape != (*history.shape[:2], 1, *history.shape[3:]):
            raise ValueError(
                f"expected a mask {[*history.shape[:2], 1, *history.shape[3:]]} of the frames, got {list(mask.shape)}"
            )
        seen = (history / self.scale).flatten(1, 2)
        change: Tensor = self.net(seen) if mask is None or not self.masked else self.net(seen, mask=mask.flatten(1, 2))
        following = history[:, -1] + self.step * change
        return following if mask is None else torch.where(mask[:, -1], following, history[:, -1])

    def rollout(self, history: Tensor, steps: int, mask: OptTensor = None) -> Tensor:
        """Forecast several frames, each from those before it.

        Shapes:
            - **history**: :math:`(B, T, 2, H, W)`; **mask**: :math:`(B, T, 1, H, W)`; **output**:
              :math:`(B, S, 2, H, W)`
        """
        frames = list(history.unbind(1))
        for _ in range(steps):
            frames.append(self(torch.stack(frames[-self.history :], 1), mask))
            # A forecast is known where its last frame was.
            mask = mask if mask is None else torch.cat([mask[:, 1:], mask[:, -1:]], 1)
        return torch.stack(frames[self.history :], 1) if steps else history[:, :0]

    def extra_repr(self) -> str:
        """Number of frames and size of the flow."""
        return f"history={self.history}, scale={float(self.scale):.4g}, step={float(self.step):.4g}"
