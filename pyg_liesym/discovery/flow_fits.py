"""Least squares with many sets of terms, from products that are summed once, judged where nothing was fitted."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import block_diag

from pyg_liesym.discovery.flow_terms import Array

_FOLDS, _RIDGE = 8, 1e-6


def elsewhere(block: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """For each sample one of another block."""
    order = np.argsort(block, kind="stable")
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    shift = len(block) // 2 + int(np.random.default_rng(seed).integers(len(block) // 4))
    moved: NDArray[np.int64] = order[(inverse + shift) % len(block)]
    return moved


def block_products(columns: Array, block: NDArray[np.int64]) -> Array:
    """All products of the columns, summed over each block, ``[B, K, K]``."""
    parts = torch.from_numpy(columns[np.argsort(block, kind="stable")]).split(np.bincount(block).tolist())
    products: Array = torch.stack([part.T @ part for part in parts]).numpy()
    return products


def block_errors(grams: Array, terms: Array, settled: Array, more: NDArray[np.int64]) -> Array:
    """Squared errors in each block of the rate, the last column, fitted on the other folds.

    Args:
        grams: Of all columns.
        terms: The combinations of the first columns that may tell it.
        settled: One whose factor is one.
        more: Further columns that may.

    Shapes:
        - **grams**: :math:`(B, K, K)`; **terms**: :math:`(K_0, k)`; **settled**: :math:`(K_0)`; **output**: :math:`(B)`
    """
    first = len(terms)
    columns = np.concatenate([np.arange(first), more, [grams.shape[1] - 1]])
    # What is fitted, and what is left of the rate without what is settled.
    target = np.concatenate([-settled, np.zeros(len(more)), [1.0]])[:, None]
    combinations = np.concatenate([block_diag(terms, np.eye(len(more)), np.zeros((1, 0))), target], 1)
    own = combinations.T @ grams[:, columns[:, None], columns] @ combinations
    size = np.sqrt(np.diagonal(own.sum(0)))
    # Antisymmetric parts of symmetric products are nothing but rounding.
    seen = np.nonzero(size[:-1] > 1e-12 * size[:-1].max())[0]
    gram = own[:, seen[:, None], seen] / (size[seen, None] * size[seen])
    product = own[:, seen, -1] / size[seen]
    errors: Array = own[:, -1, -1].copy()
    fold = np.random.default_rng(0).permutation(len(grams)) % _FOLDS
    for number in range(_FOLDS):
        judged = fold == number
        fitted = gram[~judged].sum(0)
        factors = np.linalg.solve(fitted + _RIDGE * np.eye(len(fitted)), product[~judged].sum(0))
        errors[judged] += gram[judged] @ factors @ factors - 2 * product[judged] @ factors
    return errors
