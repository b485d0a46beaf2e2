"""A network that learns an energy and moves by its gradient."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class HamiltonianNetwork(nn.Module):
    r"""Move a state by the flow of a learned energy (Greydanus, Dzamba, Yosinski, NeurIPS 2019, arXiv:1906.01563).

    A network gives one number H for a state (q, p), and Hamilton's equations (their Equation 1) the motion:

    .. math:: \dot q = \partial H / \partial p, \qquad \dot p = -\partial H / \partial q

    They are integrated over one step by the classical Runge-Kutta method of order four, so that pairs of states train
    it as they do any other network. Gradients are taken in the forward pass, also under ``torch.no_grad``.

    **Law**: the flow keeps H, up to the error of the integrator; if H is invariant to a group that is symplectic, as
    rotations of q and p alike are, it is equivariant, and the charges of that group are kept
    (:func:`~pyg_liesym.lie.noether_charge`).

    Args:
        energy: A network :math:`(B, 2m) \to (B, 1)`; twice differentiable, so no ReLU.
        dt: The time of one step, in the units that the energy is to have.
        substeps: Steps of the integrator.

    Shapes:
        - **x**: :math:`(B, 2m)`, all positions first, then all momenta; **output**: the same, one step later

    Raises:
        ValueError: If a state has an odd number of components, or there are no substeps.

    Example:
        >>> class Oscillator(nn.Module):
        ...     def forward(self, x):
        ...         return x.square().sum(-1, keepdim=True) / 2
        >>> HamiltonianNetwork(Oscillator(), dt=torch.pi / 2, substeps=20)(torch.tensor([[1.0, 0.0]])).round(decimals=4)
        tensor([[ 0., -1.]])
    """

    def __init__(self, energy: nn.Module, dt: float = 1.0, substeps: int = 1) -> None:
        super().__init__()
        if substeps < 1:
            raise ValueError(f"expected at least one substep, got {substeps}")
        self.energy, self.dt, self.substeps = energy, dt, substeps

    def reset_parameters(self) -> None:
        """Draw new parameters of the energy."""
        self.energy.reset_parameters()  # type: ignore[operator]

    def field(self, x: Tensor) -> Tensor:
        """The time derivative of states, :math:`(B, 2m)`."""
        if x.size(-1) % 2:
            raise ValueError(f"expected positions and as many momenta, got {x.size(-1)} components")

        def total(state: Tensor) -> Tensor:
            energies: Tensor = self.energy(state)
            return energies.sum()

        by_q, by_p = torch.func.grad(total)(x).chunk(2, -1)
        return torch.cat([by_p, -by_q], -1)

    def forward(self, x: Tensor) -> Tensor:
        """Move by one step."""
        h = self.dt / self.substeps
        for _ in range(self.substeps):
            k1 = self.field(x)
            k2 = self.field(x + h / 2 * k1)
            k3 = self.field(x + h / 2 * k2)
            k4 = self.field(x + h * k3)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return x

    def extra_repr(self) -> str:
        """Describe the step."""
        return f"dt={self.dt:g}, substeps={self.substeps}"
