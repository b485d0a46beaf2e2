"""The Lion optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class Lion(torch.optim.Optimizer):
    r"""Lion: steps by the sign of an interpolated momentum.

    Algorithm 2 of `"Symbolic Discovery of Optimization Algorithms" <https://arxiv.org/abs/2302.06675>`_ (Chen et al.,
    NeurIPS 2023):

    .. math::
        c_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t, \quad
        \theta_t = \theta_{t-1} - \eta_t (\operatorname{sign} c_t + \lambda \theta_{t-1}), \quad
        m_t = \beta_2 m_{t-1} + (1 - \beta_2) g_t

    with the gradient g, the momentum m, the rate η (``lr``) and the weight decay λ. Every entry moves by η whatever its
    gradient, so the authors take a rate 3 to 10 times smaller than AdamW's, and a weight decay larger by as much.

    Args:
        params: Parameters, or groups of them.
        lr: η.
        betas: β₁ and β₂.
        weight_decay: λ.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0, -1.0]))
        >>> optimizer = Lion([weight], lr=0.1)
        >>> (3 * weight[0]).backward()
        >>> optimizer.step()
        >>> weight.data
        tensor([ 0.9000, -1.0000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        if lr < 0 or weight_decay < 0:
            raise ValueError(f"expected `lr` and `weight_decay` of at least 0, got {lr} and {weight_decay}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"expected both `betas` in [0, 1), got {betas}")
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; returns what the closure returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum: Tensor = state["momentum"]
                sign = momentum.lerp(parameter.grad, 1 - first).sign()
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(sign, alpha=-group["lr"])
                momentum.lerp_(parameter.grad, 1 - second)
        return loss
