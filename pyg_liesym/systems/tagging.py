"""Training a network to tell classes of jets apart."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.systems.checkpoint import start_from
from pyg_liesym.systems.class_loss import at_least_single, check_classes, check_labels, weighted_cross_entropy
from pyg_liesym.systems.gather import gather_rows, mean_over_ranks
from pyg_liesym.systems.jet_data_module import JetDataModule
from pyg_liesym.systems.lion import Lion
from pyg_liesym.systems.schedules import Schedule, by_step
from pyg_liesym.systems.system import System, TrainingDiverged
from pyg_liesym.systems.training_range import RANGES, SeenRange
from pyg_liesym.transforms.with_batch import with_batch


class JetTagging(System):
    r"""Classify jets by the four-momenta of their constituents.

    The loss is the cross entropy, weighted with ``batch.weight`` where there is one. Validation and test log it, and
    the numbers of :func:`~pyg_liesym.metrics.tagging_summary` (in which every jet counts alike), under ``val_…`` and
    ``test_…``, over the jets of all ranks. Several ranks train what one does with all their jets in a batch,
    but for dropout and batch norms.
    The defaults are those of `LorentzNet <https://arxiv.org/abs/2201.08187>`_ (Gong et al., JHEP 2022, and its released
    training): AdamW with a weight decay of 0.01, and its schedule with a peak rate of 1e-3.

    **Law**: the scores are invariant to whatever the network is invariant to; for :class:`~pyg_liesym.nn.LieGNN` with
    the Minkowski metric, to all Lorentz transformations of a jet.

    A training that was stopped and goes on from a checkpoint equals one that was not, bit for bit on a CPU, and to
    rounding on several ranks: what is random in a step, such as dropout, follows from the seed, the epoch, the number
    of the batch and the rank alone.
    The order of the jets is the loader's matter.

    Checkpoints hold the ranges of pT, mass and number of constituents in the first epoch's jets, before ``augment`` and
    ``transform`` (``seen``), so that ``liesym tag`` can warn of jets unlike those.

    Args:
        net: Called as ``net(x, p4, batch=..., batch_size=...)``, returns logits, shape :math:`(B, C)`, as
            :class:`~pyg_liesym.nn.LieGNN` with a readout does; ``x`` is None where a batch has none.
        lr: Peak learning rate; for Lion 3 to 10 times less than for AdamW.
        weight_decay: Weight decay.
        optimizer: ``"adamw"`` or ``"lion"``.
        start: A tagger with such a network, or a smaller one, to begin with its weights: a file, a checkpoint, or a
            packaged one's name. If its classes are more or fewer, the last linear map begins at random.
        schedule: ``"lorentznet"``, stretched over the training; ``"one-cycle"``: up in the first tenth of the training
            and down along a cosine; or ``"constant"``.
        classes: Names of the classes in the order of the logits (default: those of the data module, or their numbers).
        background: Which class the others are told from.
        transform: Applied to every batch, as :class:`~pyg_liesym.transforms.AddReferenceVectors`.
        augment: Applied to the training batches besides, before ``transform``, as
            :class:`~pyg_liesym.transforms.RandomBoost`.

    Units:
        Four-momenta in GeV.

    Raises:
        ValueError: If there is no such optimiser or schedule, a training has no end that a schedule could be stretched
            to, jets have no class, or one without a score, there are more or fewer scores than names of classes, or
            ``start`` is of another network.
        TrainingDiverged: A ``ValueError``, if a loss or a score is not finite.

    Example:
        >>> from pyg_liesym.lie import minkowski
        >>> from pyg_liesym.nn import LieGNN
        >>> system = JetTagging(LieGNN(0, 8, 2, 2, metric=minkowski(), readout="mean"))
        >>> batch = Batch(p4=torch.rand(5, 4), batch=torch.tensor([0, 0, 0, 1, 1]))
        >>> batch._num_graphs = 2
        >>> system(batch).shape
        torch.Size([2, 2])
    """

    monitor = "val_loss"
    predicts_rows = True

    def __init__(
        self,
        net: nn.Module,
        lr: float = 1e-3,
        weight_decay: float = 1e-2,
        *,
        optimizer: Literal["adamw", "lion"] = "adamw",
        schedule: Schedule = "lorentznet",
        start: str | None = None,
        classes: Sequence[str] | None = None,
        background: int = 0,
        transform: Callable[[Any], Any] | None = None,
        augment: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(net)
        if optimizer not in ("adamw", "lion"):
            raise ValueError(f"expected an optimizer 'adamw' or 'lion', got {optimizer!r}")
        self.lr, self.weight_decay = lr, weight_decay
        self.optimizer, self.schedule, self.start = optimizer, schedule, start
        self.classes, self.background = None if classes is None else tuple(classes), background
        self.transform, self.augment = transform, augment
        self._names = self.classes
        self.test_scores: dict[str, Tensor] = {}
        self._seed: int | None = None
        self._rows: list[tuple[Tensor, ...]] = []
        self.seen, self._seen_all = SeenRange(), False

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of a batch, shape :math:`(B, C)`."""
        batch = with_batch(batch, "p4")
        batch = batch if self.transform is None else self.transform(batch)
        x = self.like_network(batch.x) if "x" in batch else None
        logits: Tensor = self.net(x, self.like_network(batch.p4), batch=batch.batch, batch_size=batch.num_graphs)
        return logits

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        batch = with_batch(batch, "p4")
        if not self._seen_all:
            self.seen.add(batch.p4, batch.batch, batch.num_graphs)
        with self._own_randomness(batch_idx):
            logits = self(batch if self.augment is None else self.augment(batch))
        check_classes(self._names, logits)
        if batch_idx == 0 or self.device.type == "cpu":  # looking at labels waits for a device
            check_labels(batch.y, logits)
        weight = batch.get("weight")
        loss = weighted_cross_entropy(
            logits, batch.y, weight, None if weight is None else mean_over_ranks(weight.abs().sum())
        )
        self.watch(loss, batch_idx)
        self.log("train_loss", loss, batch_size=batch.num_graphs, prog_bar=True, on_step=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect the logits of a batch."""
        batch = with_batch(batch, "p4")
        p4 = batch.p4.double()
        total = p4.new_zeros(batch.num_graphs, 4).index_add(0, batch.batch, p4)
        weight = [batch.weight] if "weight" in batch else []
        self._rows.append((self(batch).detach(), batch.y, total, *weight))

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect the logits of a batch."""
        self.validation_step(batch, batch_idx)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the probabilities of the classes, shape :math:`(B, C)`; NaN for a jet without constituents."""
        batch = with_batch(batch, "p4")
        empty = torch.bincount(batch.batch, minlength=batch.num_graphs) == 0
        with torch.autocast(self.device.type, enabled=False):  # logits in half precision are equal for unequal jets
            logits = at_least_single(self(batch))
        return torch.softmax(logits, dim=-1).masked_fill(empty[:, None], torch.nan)

    def on_validation_epoch_end(self) -> None:
        """Log ``val_loss`` and the numbers of :func:`~pyg_liesym.metrics.tagging_summary`."""
        self._log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Log the same under ``test_…``; keep ``test_scores``: ``logits``, ``label``, ``mass`` and ``pt`` in GeV."""
        logits, label, total = self._log_scores("test")
        mass = (total[:, 0].square() - total[:, 1:].square().sum(1)).clamp(min=0).sqrt()
        pt = total[:, 1:3].norm(dim=1)
        self.test_scores = {"logits": logits, "label": label, "mass": mass.float(), "pt": pt.float()}

    def on_fit_start(self) -> None:
        """Take the names of the classes, and the weights to start from, unless a checkpoint has brought others."""
        self._take_names()
        if self.start is not None and self.trainer.ckpt_path is None:
            start_from(self.net, self.start)

    def on_validation_start(self) -> None:
        """Take the names of the classes."""
        self._take_names()

    on_test_start = on_validation_start

    def on_train_start(self) -> None:
        """Take the seed of the process, unless a checkpoint has brought one."""
        if self._seed is None:
            self._seed = int(self.trainer.strategy.broadcast(torch.initial_seed()))

    def on_train_epoch_end(self) -> None:
        """Note that all jets have been seen."""
        self._gather_seen()
        self._seen_all = True

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the seed, and what the jets of all ranks were like; all ranks come here, though one writes the file."""
        self._gather_seen()
        checkpoint["jet_tagging_seed"] = self._seed
        checkpoint[RANGES] = self.seen.ranges()
        checkpoint["jet_tagging_seen_all"] = self._seen_all

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take both over."""
        self._seed = checkpoint.get("jet_tagging_seed")
        self.seen = SeenRange(checkpoint.get(RANGES))
        self._seen_all = checkpoint.get("jet_tagging_seen_all", False)

    def configure_optimizers(self) -> Any:
        """The optimiser, and its schedule by the step."""
        kind = torch.optim.AdamW if self.optimizer == "adamw" else Lion
        optimizer = kind(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        steps = self.trainer.estimated_stepping_batches
        if self.trainer.ckpt_path is not None:
            # Reading it made the trainer set its loaders up, before their states come from the checkpoint.
            self.trainer.fit_loop._combined_loader = None
        return by_step(self.schedule, optimizer, self.lr, steps)

    def _take_names(self) -> None:
        """Of the classes: those given, or those of the data module, which a checkpoint may have named."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        self._names = data.schema.classes if self.classes is None and isinstance(data, JetDataModule) else self.classes

    def _gather_seen(self) -> None:
        if not self._seen_all:
            self.seen.gather(self.device)

    @contextlib.contextmanager
    def _own_randomness(self, batch_idx: int) -> Iterator[None]:
        """Random numbers of a training step, and the outer ones as they were after it."""
        name = f"{self._seed} {self.current_epoch} {batch_idx} {self.global_rank}"
        seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest(), "little")
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield

    def _log_scores(self, stage: str) -> tuple[Tensor, Tensor, Tensor]:
        """Score the jets of all ranks together."""
        parts = [gather_rows(torch.cat(column)).cpu() for column in zip(*self._rows, strict=True)]
        self._rows.clear()
        logits, label, total, *weight = parts
        check_classes(self._names, logits)
        check_labels(label, logits)
        logits = at_least_single(logits)
        if bad := int((~logits.isfinite()).any(1).sum()):
            raise TrainingDiverged(
                f"the network gives {bad} of {len(logits)} jets no finite score: its training has diverged, or what it "
                "was given of these jets is not finite"
            )
        scores = {"loss": float(weighted_cross_entropy(logits, label, *weight))}
        scores.update(tagging_summary(logits, label, self._names, background=self.background))
        for name, value in scores.items():
            shown = name in ("loss", "auc")
            self.log(f"{stage}_{name}", float(value), prog_bar=shown, sync_dist=self.trainer.world_size > 1)
        return logits, label, total
