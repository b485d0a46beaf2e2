"""LieGG: read the symmetry that a trained network has learned off its derivatives."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor

from pyg_liesym.discovery.method import DiscoveryMethod, Learned
from pyg_liesym.discovery.predictor import Predictor
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.discovery.training import Batches, hold_out, train
from pyg_liesym.typing import OptTensor

_POINTS = 2_000


class LieGG(DiscoveryMethod):
    r"""Trains a network on a task, and finds the matrices that its derivative annihilates.

    Moskalev, Sepliarskaia, Sosnovik, Smeulders, *LieGG: Studying Learned Lie Group Generators*, NeurIPS 2022,
    arXiv:2210.04345, section 4: where f is invariant, :math:`\nabla f(x) \cdot L x = 0` for every x. This is linear in
    L, one row of the *network polarisation matrix* for every sample, and its right singular vectors of small singular
    values are the generators. With vectors as outputs the row is that of equivariance,

    .. math::
        Df(x)\, L x - L f(x) = 0.

    The paper's *symmetry variance* of a generator is its squared singular value over the number of samples; here it is
    relative to the mean of all directions, so that 1 is what just any matrix has. Its *symmetry bias* is the distance
    from a known algebra: `LieAlgebra.principal_angles`.

    Args:
        num_channels: Number of matrices; None for all whose symmetry variance is below ``variance``.
        mask: ``[n, n]`` of 0 and 1, the entries that may differ from zero (`block_mask`); None for all.
        variance: Largest relative symmetry variance of a generator, where ``num_channels`` is None.
        hidden_channels: Width of the hidden layers of the network (`Predictor`).
        max_steps: Steps of its training, with a learning rate that falls to zero.
        batch_size: Samples per step, of two batches.
        progress: Whether to show a progress bar.
        accelerator: Where to compute, as in Lightning's trainer.

    Raises:
        ValueError: If a setting is outside its range; in `fit`, without a y, on more matrices than there are
            directions, or on data as described at `Samples.of`.

    Example:
        >>> x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> found = LieGG(1, max_steps=200, progress=False).fit(x, x.square().sum(1))
        >>> found.algebra
        LieAlgebra(dim=1, n=2)

    **Law**: linear actions, of the law of y given x as the network has learned it, on the support of the data. A
    network that has learned nothing keeps everything: ``error`` must be far below 1 (of labels, below the entropy).
    """

    def __init__(
        self,
        num_channels: int | None = None,
        *,
        mask: OptTensor = None,
        variance: float = 0.02,
        hidden_channels: int = 64,
        max_steps: int = 2000,
        batch_size: int = 256,
        progress: bool = True,
        accelerator: str = "cpu",
    ) -> None:
        super().__init__(mask=mask, progress=progress, accelerator=accelerator)
        sizes = {"hidden_channels": hidden_channels, "max_steps": max_steps, "batch_size": batch_size}
        for name, value in {**sizes, "num_channels": 1 if num_channels is None else num_channels}.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not 0 < variance < 1:
            raise ValueError(f"variance must lie between 0 and 1, got {variance}")
        self.num_channels, self.variance = num_channels, variance
        self.hidden_channels, self.max_steps, self.batch_size = hidden_channels, max_steps, batch_size

    def settings(self) -> dict[str, Any]:
        """The settings as plain Python values."""
        return {
            "method": type(self).__name__,
            "num_channels": self.num_channels,
            "mask": None if self.mask is None else self.mask.int().tolist(),
            "variance": self.variance,
            "hidden_channels": self.hidden_channels,
            "max_steps": self.max_steps,
            "batch_size": self.batch_size,
        }

    def learn(self, samples: Samples, whitening: OptTensor, generator: torch.Generator, seed: int) -> Learned:
        """Train the network, and take the singular vectors of at most 2000 samples that it did not see.

        Returns:
            The matrices, orthonormal, with all relative symmetry ``variances``, ascending, and the ``error`` of the
            network on the samples kept aside. A single zero matrix if no direction is below ``variance``.
        """
        training, held_out = hold_out(samples, generator)
        module = PredictorModule(Predictor.from_samples(training, hidden_channels=self.hidden_channels), self.max_steps)
        batches = Batches(training, self.batch_size, self.max_steps, generator)
        train(module, batches, progress=self.progress, accelerator=self.accelerator)
        net = module.predictor.cpu().double()
        x = Predictor.inputs(held_out).double()
        n = x.shape[-1]
        mask = torch.ones(n, n, dtype=torch.bool) if self.mask is None else self.mask
        rows = polarization(net, x[:_POINTS], equivariant=_moves_output(samples))[:, mask.flatten()]
        values, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
        variances = values.clamp(min=0.0) / values.mean()
        count = int((variances < self.variance).sum()) if self.num_channels is None else self.num_channels
        if count > len(variances):
            raise ValueError(f"there are {len(variances)} directions of matrices, fewer than num_channels = {count}")
        basis = torch.zeros(max(count, 1), n * n, dtype=torch.float64)
        basis[:count, mask.flatten()] = vectors[:, :count].T
        with torch.no_grad():
            error = net.error(net(x), _double(Predictor.targets(held_out)))
        return Learned(basis.unflatten(1, (n, n)), {"variances": variances.tolist(), "error": float(error)})


def polarization(net: Predictor, x: Tensor, *, equivariant: bool) -> Tensor:
    r"""The network polarisation matrix: :math:`Df(x)\,L x`, less :math:`L f(x)`, as a linear map of L.

    Args:
        net: The network f.
        x: Inputs, ``[S, v, n]``.
        equivariant: Whether outputs are vectors that move with the inputs.

    Shapes:
        - **output**: ``[S · outputs, n · n]``, of L row by row
    """
    jacobian = torch.func.vmap(torch.func.jacrev(lambda one: net(one[None])[0]))(x).detach()
    # [S, outputs, v, n]
    rows = torch.einsum("sovi,svj->soij", jacobian, x)
    if equivariant:
        n = x.shape[-1]
        with torch.no_grad():
            vectors = net(x).unflatten(1, (-1, n))
        moved = torch.einsum("ki,soj->sokij", torch.eye(n, dtype=x.dtype), vectors)
        rows = rows - moved.flatten(1, 2)
    flat: Tensor = rows.flatten(0, 1).flatten(1)
    return flat


class PredictorModule(lightning.LightningModule):
    """A network that learns a task by itself.

    Args:
        predictor: The network; it is trained in place.
        num_steps: Steps until the learning rate is zero.
        lr: Initial learning rate.
    """

    def __init__(self, predictor: Predictor, num_steps: int, lr: float = 3e-3) -> None:
        super().__init__()
        self.predictor, self.num_steps, self.lr = predictor, num_steps, lr

    def training_step(self, batch: tuple[Samples, Samples], batch_idx: int) -> Tensor:
        """The mean error of both batches."""
        errors = [self.predictor.error(self.predictor(Predictor.inputs(s)), Predictor.targets(s)) for s in batch]
        return torch.stack(errors).mean()

    def transfer_batch_to_device(
        self, batch: tuple[Samples, Samples], device: torch.device, dataloader_idx: int
    ) -> tuple[Samples, Samples]:
        """Samples move as a whole; Lightning would try to edit the frozen dataclass."""
        return batch[0].to(device), batch[1].to(device)

    def configure_optimizers(self) -> Any:
        """Adam, with a cosine to zero."""
        optimizer = torch.optim.Adam(self.predictor.parameters(), lr=self.lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.num_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _moves_output(samples: Samples) -> bool:
    return samples.labels is None and not samples.scalars.shape[1]


def _double(targets: Tensor) -> Tensor:
    return targets.double() if targets.is_floating_point() else targets
