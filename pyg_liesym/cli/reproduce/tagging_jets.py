"""The jets of the tagging benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from torch_geometric.data import InMemoryDataset

from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.jets.jets import Jets


@dataclass(frozen=True)
class TaggingJets:
    """The jets of a benchmark.

    Args:
        train: Files of the training and validation jets.
        test: Files of the test jets; if they are those of the training, what is left of them.
        num_train: Training jets (default: all that are not for validation).
        num_val: Validation jets, the last of the training files, by which the best weights are chosen; 0 for the last
            weights.
        num_test: Test jets (default: all).
        max_constituents: Hardest constituents of each jet that the networks see (default: all).
    """

    train: tuple[str, ...] = ("datasets/jets/raw/train/*.root",)
    test: tuple[str, ...] = ("datasets/jets/raw/test/*.root",)
    num_train: int | None = None
    num_val: int = 10_000
    num_test: int | None = None
    max_constituents: int | None = None


class Splits(NamedTuple):
    """The jets of a benchmark; without validation jets the last weights are tested."""

    train: InMemoryDataset
    val: InMemoryDataset
    test: InMemoryDataset


@lru_cache(maxsize=1)
def jet_splits(data: TaggingJets) -> Splits:
    """Training, validation and test jets.

    Raises:
        ValueError: If there are not as many, or the same files are among both.
    """
    train, test = list(data.train), list(data.test)
    learning = Jets(files=train, max_constituents=data.max_constituents)
    size = len(learning)
    count = size - data.num_val if data.num_train is None else data.num_train
    if count < 1 or count + data.num_val > size:
        raise ValueError(f"{train} hold {size} jets, but {count} + {data.num_val} are asked for")
    if test == train:
        testing = learning[count : size - data.num_val]
    else:
        testing = Jets(files=test, max_constituents=data.max_constituents)
        shared = set(find_files(test)) & set(find_files(train))
        if shared:
            raise ValueError(f"{sorted(map(str, shared))} are among the files of the training and of the test")
    asked = max(1, len(testing)) if data.num_test is None else data.num_test
    if asked > len(testing):
        free = " that are not for the training" if test == train else ""
        raise ValueError(f"{test} hold {len(testing)} jets{free}, but {asked} are asked for")
    return Splits(learning[:count], learning[size - data.num_val : size], testing[:asked])
