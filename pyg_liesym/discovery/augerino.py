"""Augerino+: learn a distribution over all of GL(n) by which data may be augmented."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.group_module import GroupModule, Pace
from pyg_liesym.discovery.method import DiscoveryMethod, Learned
from pyg_liesym.discovery.predictor import Predictor
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.discovery.training import Batches, hold_out
from pyg_liesym.typing import OptTensor

_START = 0.5
_NARROW = 0.1
_PACE = Pace(lr=1e-2, decay=400.0)


class AugerinoPlus(DiscoveryMethod):
    r"""Finds matrices by whose exponentials the inputs of a task can be moved without harm to its prediction.

    Benton, Finzi, Izmailov, Wilson, *Learning Invariances in Neural Networks*, NeurIPS 2020, arXiv:2010.11882, section
    3: a network f is trained on moved inputs, together with the distribution of the movements, whose width is rewarded:

    .. math::
        \min_{f, L} \; \mathbb{E}_{x, y, g}\, \ell\bigl(g^{-1} f(g x), y\bigr) - \lambda \sum_i \lVert L_i \rVert,
        \qquad g = \exp\Big(\sum_i w_i L_i\Big), \quad w_i \sim U(-1, 1),

    :math:`g^{-1}` only where y is of vectors. There the matrices are given and their widths are learned; here, as in
    the comparison of LieGAN (Yang et al., ICML 2023, section 5), they are learned themselves, all of gl(n). The width
    :math:`\lVert L \rVert` is the rate (`GroupDistribution`), at most 1.

    Args:
        num_channels: Number of matrices K.
        mask: ``[n, n]`` of 0 and 1, the entries that may differ from zero (`block_mask`); None for all.
        width: λ, the reward for width. The error is in units of what a linear map of x leaves (or a cross-entropy).
        channels_apart: Weight of the squared cosines between matrices.
        hidden_channels: Width of the hidden layers of the network (`Predictor`).
        tolerance: Change of the span per 50 steps at which a fit comes to rest (`SpanStopping`).
        max_steps: Cap on the steps.
        batch_size: Samples per step.
        progress: Whether to show a progress bar.
        accelerator: Where to compute, as in Lightning's trainer.

    Raises:
        ValueError: If a setting is outside its range; in `fit`, without a y, or on data as described at `Samples.of`.

    Example:
        >>> x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> found = AugerinoPlus(max_steps=100, progress=False).fit(x, x.square().sum(1))
        >>> found.algebra
        LieAlgebra(dim=1, n=2)

    **Law**: linear actions connected to the identity, of the law of y given x, on the support of the data: where moved
    inputs meet no other data, nothing contradicts a wrong output for them, and any matrix is a candidate. A channel
    whose width shrinks below a tenth is given up: its matrix is zero.
    """

    def __init__(
        self,
        num_channels: int = 1,
        *,
        mask: OptTensor = None,
        width: float = 0.03,
        channels_apart: float = 1.0,
        hidden_channels: int = 64,
        tolerance: float = 0.002,
        max_steps: int = 4000,
        batch_size: int = 256,
        progress: bool = True,
        accelerator: str = "cpu",
    ) -> None:
        super().__init__(mask=mask, progress=progress, accelerator=accelerator)
        sizes = {"num_channels": num_channels, "hidden_channels": hidden_channels, "max_steps": max_steps}
        for name, value in (*sizes.items(), ("batch_size", batch_size)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if tolerance <= 0 or min(width, channels_apart) < 0:
            raise ValueError("tolerance must be positive, width and channels_apart not negative")
        self.num_channels, self.width, self.channels_apart = num_channels, width, channels_apart
        self.hidden_channels, self.tolerance = hidden_channels, tolerance
        self.max_steps, self.batch_size = max_steps, batch_size

    def settings(self) -> dict[str, Any]:
        """The settings as plain Python values."""
        return {
            "method": type(self).__name__,
            "num_channels": self.num_channels,
            "mask": None if self.mask is None else self.mask.int().tolist(),
            "width": self.width,
            "channels_apart": self.channels_apart,
            "hidden_channels": self.hidden_channels,
            "tolerance": self.tolerance,
            "max_steps": self.max_steps,
            "batch_size": self.batch_size,
        }

    def learn(self, samples: Samples, whitening: OptTensor, generator: torch.Generator, seed: int) -> Learned:
        """Train network and distribution together.

        Returns:
            The averaged basis, with ``steps``, ``stopped``, ``changes``, the ``rates``, the ``error`` of the network on
            held-out samples as they are, and the ``moved_errors`` on those moved along one channel.
        """
        training, held_out = hold_out(samples, generator)
        group = GroupDistribution(
            training.second_moments(), num_channels=self.num_channels, mask=self.mask, rate=_START, seed=seed
        )
        predictor = Predictor.from_samples(training, hidden_channels=self.hidden_channels)
        module = AugerinoModule(predictor, group, width=self.width, channels_apart=self.channels_apart)
        batches = Batches(training, self.batch_size, self.max_steps, generator)
        diagnostics = module.come_to_rest(batches, self.tolerance, progress=self.progress, accelerator=self.accelerator)
        wide = group.rates(module.average) >= _NARROW
        return Learned(module.average * wide.view(-1, 1, 1), {**diagnostics, **module.errors(held_out)})


class AugerinoModule(GroupModule):
    """Augerino's loss as a Lightning module; see `AugerinoPlus`.

    Args:
        predictor: The network f; it is trained in place.
        group: The distribution; its matrices are trained.
        width: Reward for width, λ.
        channels_apart: Weight of the squared cosines between matrices.
        pace: How fast the matrices move.
        predictor_lr: Learning rate of the network.
    """

    def __init__(
        self,
        predictor: Predictor,
        group: GroupDistribution,
        *,
        width: float = 0.03,
        channels_apart: float = 1.0,
        pace: Pace = _PACE,
        predictor_lr: float = 3e-3,
    ) -> None:
        super().__init__(group, pace)
        self.predictor, self.predictor_lr = predictor, predictor_lr
        self.width, self.channels_apart = width, channels_apart

    def training_step(self, batch: tuple[Samples, Samples], batch_idx: int) -> None:
        """One step of both on one batch; the other of the pair is not needed."""
        _, samples = batch
        moved, matrices = self.group(Predictor.inputs(samples), self.size)
        loss = self._error(samples, moved, matrices) - self.width * self.group.rates(self.group.basis).sum()
        optimizer_f, optimizer_l = self.optimizers()  # type: ignore[attr-defined]
        optimizer_f.zero_grad()
        optimizer_l.zero_grad()
        self.manual_backward(loss + self.channels_apart * self.group.overlap(self.group.basis))
        optimizer_f.step()
        self.move(optimizer_l)

    @torch.no_grad()
    def errors(self, samples: Samples) -> dict[str, Any]:
        """The error on samples as they are, and on those moved along each channel of `average` by one unit."""
        samples = samples.to(self.device)
        x = Predictor.inputs(samples)
        still = torch.zeros(len(x), x.shape[2], x.shape[2], device=x.device)
        moved = []
        for channel in self.average:
            matrices = still + channel
            moved.append(float(self._error(samples, x @ torch.linalg.matrix_exp(channel).mT, matrices)))
        return {"error": float(self._error(samples, x, still)), "moved_errors": moved}

    def transfer_batch_to_device(
        self, batch: tuple[Samples, Samples], device: torch.device, dataloader_idx: int
    ) -> tuple[Samples, Samples]:
        """Samples move as a whole; Lightning would try to edit the frozen dataclass."""
        return batch[0].to(device), batch[1].to(device)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Adam for each."""
        return [
            torch.optim.Adam(self.predictor.parameters(), lr=self.predictor_lr),
            torch.optim.Adam([self.group.weight], lr=self.pace.lr),
        ]

    def _error(self, samples: Samples, moved: Tensor, matrices: Tensor) -> Tensor:
        """Of the prediction for moved inputs, taken back where it is of vectors."""
        predicted: Tensor = self.predictor(moved)
        targets = Predictor.targets(samples)
        if samples.labels is None and not samples.scalars.shape[1]:
            vectors = predicted.unflatten(1, (-1, moved.shape[2]))
            predicted = (vectors @ torch.linalg.matrix_exp(-matrices).mT).flatten(1)
        return self.predictor.error(predicted, targets)
