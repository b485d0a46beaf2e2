"""Data modules with plain arguments, one per kind of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import lightning as L
import torch
from torch import Tensor
from torch_geometric.data import InMemoryDataset

from pyg_liesym.datasets.bodies.charged_particles import ChargedParticles
from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
from pyg_liesym.datasets.io.npy import read_array
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.jets.unit_check import warn_of_units
from pyg_liesym.datasets.loader import EpochSampler, PackedLoader
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.datasets.simulation.orbit_starts import OrbitKind
from pyg_liesym.systems.jet_data_module import JetDataModule

Split = Literal["train", "val", "test"]


class _PackedData(L.LightningDataModule):
    """Loaders over one in-memory data set a split."""

    def __init__(self, batch_size: int, seed: int) -> None:
        super().__init__()
        self.batch_size, self.seed = batch_size, seed
        self._splits: dict[Split, InMemoryDataset] = {}

    def dataset(self, split: Split) -> InMemoryDataset:
        """The data set of a split, read when first asked for."""
        if split not in self._splits:
            self._splits[split] = self._load(split)
        return self._splits[split]

    def _load(self, split: Split) -> InMemoryDataset:
        raise NotImplementedError(f"{type(self).__name__} must say how to load a split")

    def train_dataloader(self) -> PackedLoader:
        """Shuffled batches, the last one left out if it is not full."""
        data = self.dataset("train")
        full = len(EpochSampler(len(data))) >= self.batch_size  # on this rank
        return PackedLoader(data, batch_size=self.batch_size, shuffle=True, seed=self.seed, drop_last=full)

    def val_dataloader(self) -> PackedLoader:
        """Batches of the validation split."""
        return PackedLoader(self.dataset("val"), batch_size=self.batch_size)

    def test_dataloader(self) -> PackedLoader:
        """Batches of the test split."""
        return PackedLoader(self.dataset("test"), batch_size=self.batch_size)

    def predict_dataloader(self) -> PackedLoader:
        """Batches of the test split, as predictions are made on it."""
        return self.test_dataloader()


class JetsData(JetDataModule, _PackedData):
    """Jets from files that fit in memory, or the packaged sample; see :class:`~pyg_liesym.datasets.Jets`.

    Args:
        files: Paths or globs of ROOT, HDF5, npz or npy files; ``None`` for the packaged sample.
        root: Folder of a cache, if one is wanted.
        max_constituents: Keep the hardest constituents of every jet up to this number.
        batch_size: Jets in a batch.
        seed: Seed of the training order.
        classes: Names of the classes; the label is the position in this list. None for those of a checkpoint, or
            those that the first of ``files`` names (:func:`~pyg_liesym.datasets.io.jet_files.named_classes`).
        jet_labels: The class of every value of an integer label, as JetClass-II has it.
        tree: The name of the tree in ROOT files.
        particle: More numbers of every constituent, by their names in the file, which become ``x``.
        weight: The name of the event weights.
        schema: A YAML file that says all that is to be read, in place of the five before; see
            :class:`~pyg_liesym.datasets.io.JetSchema`.

    Raises:
        ValueError: If the schema has no labels to train on.

    Example:
        >>> next(iter(JetsData(max_constituents=8, batch_size=4).val_dataloader())).p4.shape[1]
        4
    """

    def __init__(
        self,
        files: str | Sequence[str] | None = None,
        root: str | None = None,
        max_constituents: int | None = None,
        batch_size: int = 64,
        seed: int = 0,
        *,
        classes: Sequence[str] | None = None,
        jet_labels: Mapping[int, str] | None = None,
        tree: str = "tree",
        particle: Sequence[str] = (),
        weight: str | None = None,
        schema: str | None = None,
    ) -> None:
        super().__init__(batch_size, seed)
        self.files, self.root, self.max_constituents = files, root, max_constituents
        words = {"classes": classes, "jet_labels": jet_labels, "tree": tree, "particle": particle, "weight": weight}
        self.read_by(files, schema, **words)

    def _load(self, split: Split) -> InMemoryDataset:
        if split != "test":
            self.schema.check_labelled()
        jets = Jets(self.root, self.files, split=split, max_constituents=self.max_constituents, schema=self.schema)
        if split == "train" and jets.files:
            warn_of_units(jets.files[0], self.schema)
        return jets


class ChargedParticlesData(_PackedData):
    """EGNN's n-body benchmark.

    Args:
        root: Folder of the data set; simulated when first used.
        batch_size: Systems in a batch.
        seed: Seed of the training order.
    """

    def __init__(self, root: str = "datasets/charged_particles", batch_size: int = 100, seed: int = 0) -> None:
        super().__init__(batch_size, seed)
        self.root = root

    def _load(self, split: Split) -> InMemoryDataset:
        return ChargedParticles(self.root, split)


class OrbitsData(_PackedData):
    """Gravitational orbits as one-step pairs of phase-space vectors: all positions, then all momenta, are the nodes.

    Args:
        kind: Which orbits, see :func:`~pyg_liesym.datasets.simulation.gravity.simulate_orbits`.
        num_orbits: Training orbits (default: the published number).
        batch_size: Pairs in a batch.
        seed: Seed of the simulation and of the training order.

    Example:
        >>> next(iter(OrbitsData(num_orbits=2, batch_size=4).train_dataloader())).pos.shape
        torch.Size([16, 2])
    """

    def __init__(
        self, kind: OrbitKind = "two_body", num_orbits: int | None = None, batch_size: int = 256, seed: int = 0
    ) -> None:
        super().__init__(batch_size, seed)
        self.kind, self.num_orbits = kind, num_orbits

    def _load(self, split: Split) -> InMemoryDataset:
        orbits = simulate_orbits(
            self.kind, split, num_orbits=self.num_orbits if split == "train" else None, seed=self.seed
        )
        x, y = (torch.from_numpy(state).float() for state in one_step_pairs(orbits))
        return VectorPairs(x.unflatten(1, (-1, 2)), y.unflatten(1, (-1, 2)))


class VectorData(_PackedData):
    """Pairs of states, each several vectors of one space, from two NumPy files.

    Args:
        x: File of the states, shape ``[samples, vectors, n]``.
        y: File of the states one step later, of the same shape.
        fractions: Shares of training, validation and test, taken in the files' order, so that neighbours in a
            trajectory stay together.
        batch_size: Pairs in a batch.
        seed: Seed of the training order.

    Raises:
        ValueError: If the shapes differ or are no ``[samples, vectors, n]``, or an entry is not finite.
    """

    def __init__(
        self,
        x: str | Path,
        y: str | Path,
        fractions: tuple[float, float, float] = (0.7, 0.1, 0.2),
        batch_size: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if min(fractions) < 0 or not 0 < sum(fractions) <= 1 + 1e-9:
            raise ValueError(f"expected `fractions` to be shares that add up to at most 1, got {fractions}")
        self.x, self.y, self.fractions = Path(x), Path(y), fractions

    def _load(self, split: Split) -> InMemoryDataset:
        x, y = load_vectors(self.x), load_vectors(self.y)
        index = ("train", "val", "test").index(split)
        first, last = (round(sum(self.fractions[:k]) * len(x)) for k in (index, index + 1))
        return VectorPairs(x[first:last], y[first:last])


def load_vectors(path: str | Path) -> Tensor:
    """Read states of several vectors from a NumPy file.

    Shapes:
        - **output**: :math:`(S, V, n)`, float32

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file, if it is no NumPy file of finite numbers of that shape.
    """
    array = read_array(path)
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"{path}: expected an array [samples, vectors, n], got {array.shape}")
    return torch.from_numpy(array).float()
