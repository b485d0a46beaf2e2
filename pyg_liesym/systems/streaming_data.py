"""Streams of jets for training, validation, test and prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from typing import Any, Literal

from pyg_liesym.datasets.jets.streaming import StreamingJets
from pyg_liesym.datasets.jets.streaming_loader import StreamingLoader
from pyg_liesym.datasets.jets.unit_check import warn_of_units
from pyg_liesym.systems.jet_data_module import JetDataModule
from pyg_liesym.systems.resumable import ResumesWithinEpoch

StreamSplit = Literal["train", "val", "test", "predict"]
_SHARED: tuple[StreamSplit, ...] = ("train", "val", "test")


class StreamingJetData(JetDataModule, ResumesWithinEpoch):
    r"""Jets from files that need not fit in memory, on one process or many.

    Ranks and workers train for equally many steps and share validation, test and prediction so that every jet comes
    exactly once, see :class:`~pyg_liesym.datasets.StreamingJets`. A checkpoint from the middle of an epoch
    (``every_n_train_steps`` of Lightning's ``ModelCheckpoint``) has the place in the stream, and a training resumed
    from it, with as many processes and workers, goes on with the jets that were to come. With the trainer's
    ``overfit_batches`` every epoch has the same jets.

    Args:
        files: Paths or globs of the training files; None for the packaged sample.
        val_files: Those of the validation; None to take a share of ``files``.
        test_files: Those of the test; None to take a share of ``files``.
        predict_files: Those to predict on, whose labels are not read; None for the jets of the test.
        fractions: Shares of training, validation and test in ``files``; a split with files of its own has none.
        classes: Names of the classes; the label is the position in this list. None for those of a checkpoint, or
            those that the first of ``files`` names (:func:`~pyg_liesym.datasets.io.jet_files.named_classes`).
        jet_labels: The class of every value of an integer label, as JetClass-II has it.
        tree: The name of the tree in ROOT files.
        particle: More numbers of every constituent, by their names in the file, which become ``x``.
        weight: The name of the event weights.
        schema: A YAML file that says all that is to be read, in place of the five before; see
            :class:`~pyg_liesym.datasets.io.JetSchema`.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        batch_size: Jets in a batch of one process.
        num_workers: Processes that read, for each process that trains.
        chunk_size: Jets that are read at once.
        buffer_size: Jets that are mixed in training.
        seed: Seed of the training order.
        pin_memory: Whether batches are made in pinned memory, for a GPU.

    Raises:
        ValueError: If a share is negative or that of the training is 0, or the schema has no labels to train on.

    Example:
        >>> data = StreamingJetData(max_constituents=8, batch_size=4)
        >>> next(iter(data.val_dataloader())).num_graphs
        4
    """

    def __init__(
        self,
        files: str | Sequence[str] | None = None,
        val_files: str | Sequence[str] | None = None,
        test_files: str | Sequence[str] | None = None,
        predict_files: str | Sequence[str] | None = None,
        *,
        fractions: tuple[float, float, float] = (0.7, 0.1, 0.2),
        classes: Sequence[str] | None = None,
        jet_labels: Mapping[int, str] | None = None,
        tree: str = "tree",
        particle: Sequence[str] = (),
        weight: str | None = None,
        schema: str | None = None,
        max_constituents: int | None = None,
        batch_size: int = 64,
        num_workers: int = 0,
        chunk_size: int = 2000,
        buffer_size: int = 20_000,
        seed: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__()
        if min(fractions) < 0 or fractions[0] == 0:
            raise ValueError(f"expected `fractions` of training, validation and test, the first positive: {fractions}")
        self.files: dict[StreamSplit, str | Sequence[str] | None] = {
            "train": files, "val": val_files, "test": test_files, "predict": predict_files,
        }  # fmt: skip
        self.fractions = fractions
        words = {"classes": classes, "jet_labels": jet_labels, "tree": tree, "particle": particle, "weight": weight}
        self.read_by(files, schema, **words)
        self.sizes: dict[str, Any] = {"batch_size": batch_size, "chunk_size": chunk_size, "buffer_size": buffer_size}
        self.max_constituents, self.num_workers = max_constituents, num_workers
        self.seed, self.pin_memory = seed, pin_memory

    def part(self, split: StreamSplit) -> tuple[float, float]:
        """The share of a split in its files."""
        if split != "train" and self.files[split] is not None:
            return 0.0, 1.0
        shared = {
            name: share
            for name, share in zip(_SHARED, self.fractions, strict=True)
            if name == "train" or self.files[name] is None
        }
        before = list(shared)[: list(shared).index(split)]
        total = sum(shared.values())
        first = sum(shared[name] for name in before) / total
        return first, 1.0 if split == list(shared)[-1] else first + shared[split] / total

    def loader(self, split: StreamSplit) -> StreamingLoader:
        """The loader of a split, for this process."""
        unlabelled = split == "predict" and self.files["predict"] is not None
        if split == "predict" and not unlabelled:
            split = "test"
        if split in ("train", "val"):
            self.schema.check_labelled()
        own = self.files[split]
        with _or_sample(own if own is not None else self.files["train"]) as files:
            jets = StreamingJets(
                files,
                replace(self.schema, labelled=False) if unlabelled else self.schema,
                mode="train" if split == "train" else "exact",
                part=self.part(split),
                max_constituents=self.max_constituents,
                seed=self.seed,
                **self.sizes,
            )
        if split == "train":
            warn_of_units(jets.files[0], self.schema)
        repeat = self.trainer is not None and self.trainer.overfit_batches > 0  # type: ignore[attr-defined]
        return StreamingLoader(jets, self.num_workers, repeat=repeat, pin_memory=self.pin_memory)

    def train_dataloader(self) -> StreamingLoader:
        """Mixed batches, as many for every process."""
        return self.loader("train")

    def val_dataloader(self) -> StreamingLoader:
        """Every jet of the validation once."""
        return self.loader("val")

    def test_dataloader(self) -> StreamingLoader:
        """Every jet of the test once."""
        return self.loader("test")

    def predict_dataloader(self) -> StreamingLoader:
        """Every jet of the prediction once; ``batch.entry`` says which."""
        return self.loader("predict")


@contextmanager
def _or_sample(files: str | Sequence[str] | None) -> Iterator[str | Sequence[str]]:
    if files is not None:
        yield files
        return
    with resources.as_file(resources.files("pyg_liesym.datasets") / "samples" / "jets.root") as sample:
        yield str(sample)
