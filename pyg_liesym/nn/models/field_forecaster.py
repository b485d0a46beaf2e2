"""Forecasting the next vector field from the last ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset


class FieldForecaster(nn.Module):
    r"""Forecast the next frame of a flow as the last one plus what a network says, and feed forecasts back.

    .. math:: u_{t+1} = u_t + \delta\, F\bigl(u_{t-T+1} / s, \ldots, u_t / s\bigr)

    with the size s of the flow and that of its changes, δ. The protocol is that of `"Approximately Equivariant
    Networks for Imperfectly Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022,
    section 5).

    **Law**: equivariant to what F is equivariant to; one number for both components keeps rotations.

    Args:
        net: F, which takes ``[B, 2 T, H, W]``, both components of each frame, to ``[B, 2, H, W]``.
        history: Number of frames T.
        scale: s, such as the root mean square of the components in the training data.
        step: δ, such as the root mean square of the changes of the components from frame to frame (default: s).

    Shapes:
        - **history**: :math:`(B, T, 2, H, W)`; **output**: :math:`(B, 2, H, W)`

    Raises:
        ValueError: On a size that is not positive, or frames of another shape.

    Example:
        >>> still = FieldForecaster(nn.Conv2d(6, 2, 1), history=3)
        >>> still.rollout(torch.ones(4, 3, 2, 8, 8), steps=5).shape
        torch.Size([4, 5, 2, 8, 8])
    """

    scale: Tensor
    step: Tensor

    def __init__(self, net: nn.Module, history: int, scale: float = 1.0, step: float | None = None) -> None:
        super().__init__()
        step = scale if step is None else step
        if not min(scale, step) > 0:
            raise ValueError(f"expected positive sizes of the flow and of its changes, got {scale} and {step}")
        self.net, self.history = net, history
        self.register_buffer("scale", torch.tensor(float(scale)))
        self.register_buffer("step", torch.tensor(float(step)))

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)

    def forward(self, history: Tensor) -> Tensor:
        """Forecast the next frame."""
        if history.dim() != 5 or list(history.shape[1:3]) != [self.history, 2]:
            raise ValueError(f"expected frames [B, {self.history}, 2, H, W], got {list(history.shape)}")
        change: Tensor = self.net((history / self.scale).flatten(1, 2))
        return history[:, -1] + self.step * change

    def rollout(self, history: Tensor, steps: int) -> Tensor:
        """Forecast several frames, each from those before it.

        Shapes:
            - **history**: :math:`(B, T, 2, H, W)`; **output**: :math:`(B, S, 2, H, W)`
        """
        frames = list(history.unbind(1))
        for _ in range(steps):
            frames.append(self(torch.stack(frames[-self.history :], 1)))
        return torch.stack(frames[self.history :], 1) if steps else history[:, :0]

    def extra_repr(self) -> str:
        """Number of frames and size of the flow."""
        return f"history={self.history}, scale={float(self.scale):.4g}, step={float(self.step):.4g}"
