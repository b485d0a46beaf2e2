"""Training the energy of graphs by the forces that it makes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.systems.schedules import Schedule, by_step
from pyg_liesym.systems.system import System
from pyg_liesym.transforms.with_batch import with_batch


class EnergyAndForces(System):
    r"""Learn an energy whose gradients are given forces, :math:`F_i = -\partial E / \partial x_i`.

    Bodies, or atoms in a molecule (as in `SchNet <https://arxiv.org/abs/1706.08566>`_, Schütt et al., NeurIPS 2017,
    eqs. 4-5): the network tells one number E for each graph, and the loss is the mean squared error of the components
    of the forces, plus ``energy_weight`` times that of the energies, where a batch has them. Its gradient holds second
    derivatives of the network, which all layers of this package have (:doc:`/theory/tiles`); an activation without a
    second derivative, such as ReLU, makes forces that jump. What ``torch.compile`` makes of a network cannot be
    differentiated twice, and says so. ``val_mse`` and ``test_mse`` are those of the forces.

    **Law**: where E is invariant under g, forces turn by :math:`g^{-\top}`, which is g for rotations; where it is
    invariant under translations, they add up to zero; and whatever the network, they conserve an energy.

    Args:
        net: Called as ``net(x, pos, batch=..., batch_size=...)``, returns :math:`(B, 1)`, as
            :class:`~pyg_liesym.nn.LieGNN` with ``readout="sum"`` does; ``x`` is None where a batch has none.
        energy_weight: Weight of the energies, of which forces alone leave a constant open.
        lr: Peak learning rate of Adam.
        schedule: Schedule of the rate, see :class:`~pyg_liesym.systems.JetTagging`.

    Shapes:
        - of a batch: **pos**, **force**: :math:`(N, n)`; **energy**: :math:`(B)`, if ``energy_weight`` is not zero

    Raises:
        ValueError: If the network tells another number of energies, or there is no such schedule.
        TrainingDiverged: A ``ValueError``, if a loss is not finite.

    Example:
        >>> from pyg_liesym.nn import LieGNN
        >>> system = EnergyAndForces(LieGNN(1, 8, 1, 2, metric=torch.eye(3), readout="sum"))
        >>> batch = Batch(x=torch.ones(5, 1), pos=torch.randn(5, 3), batch=torch.tensor([0, 0, 0, 1, 1]))
        >>> batch._num_graphs = 2
        >>> energy, force = system(batch)
        >>> energy.shape, force.shape
        (torch.Size([2]), torch.Size([5, 3]))
    """

    monitor = "val_mse"

    def __init__(
        self, net: nn.Module, *, energy_weight: float = 0.0, lr: float = 1e-3, schedule: Schedule = "one-cycle"
    ) -> None:
        super().__init__(net)
        self.energy_weight, self.lr, self.schedule = energy_weight, lr, schedule

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Tell the energies :math:`(B)` and forces :math:`(N, n)` of a batch, in evaluation without a graph."""
        batch, again = with_batch(batch, "pos"), torch.is_grad_enabled()
        # Trainers validate in inference mode, where nothing can be differentiated, nor what was made there.
        with torch.inference_mode(False), torch.enable_grad():
            x = self.like_network(batch.x).clone() if "x" in batch else None
            pos = self.like_network(batch.pos).clone().detach().requires_grad_()
            energy = self.net(x, pos, batch=batch.batch.clone(), batch_size=batch.num_graphs)
            if energy.shape != (batch.num_graphs, 1):
                raise ValueError(
                    f"expected one energy for each of {batch.num_graphs} graphs, {[batch.num_graphs, 1]}, got "
                    f"{list(energy.shape)}: build the network with out_channels=1 and a readout"
                )
            (slope,) = torch.autograd.grad(energy.sum(), pos, create_graph=again)
        return (energy[:, 0], -slope) if again else (energy[:, 0].detach(), -slope.detach())

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        energy, force = self(batch)
        loss = nn.functional.mse_loss(force, self.like_network(batch.force))
        if self.energy_weight:
            loss = loss + self.energy_weight * nn.functional.mse_loss(energy, self.like_network(batch.energy))
        elif self.trainer.world_size > 1:
            # Several processes wait for the gradient of every parameter, of those too that set the zero of energy.
            loss = loss + 0.0 * energy.sum()
        self.watch(loss, batch_idx)
        self.log("train_loss", loss, batch_size=batch.num_graphs, prog_bar=True, on_step=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``val_mse``."""
        self._score("val_mse", batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``test_mse``."""
        self._score("test_mse", batch)

    def predict_step(self, batch: Batch, batch_idx: int) -> tuple[Tensor, Tensor]:
        """Return the energies and the forces."""
        both: tuple[Tensor, Tensor] = self(batch)
        return both

    def configure_optimizers(self) -> Any:
        """Adam, and its schedule by the step."""
        adam = torch.optim.Adam(self.parameters(), lr=self.lr)
        return by_step(self.schedule, adam, self.lr, self.trainer.estimated_stepping_batches)

    def _score(self, name: str, batch: Batch) -> None:
        error = nn.functional.mse_loss(self(batch)[1], self.like_network(batch.force))
        shared = self.trainer.world_size > 1
        self.log(name, error, batch_size=batch.num_graphs, prog_bar=True, sync_dist=shared)
