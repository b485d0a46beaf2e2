from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.known_symmetries import drawn
from pyg_liesym.discovery.evidence.density import Density
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.lie.algebra import LieAlgebra


def density(vectors: Tensor, units: Tensor, seed: int = 0) -> Density:
    span = LieAlgebra.general_linear(vectors.size(-1)).basis
    generator = torch.Generator().manual_seed(seed)
    return Density(vectors[:, None], vectors.new_zeros(len(vectors), 0), span, units, generator)


def normal(count: int, seed: int) -> Tensor:
    return torch.randn(count, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_the_defect_of_a_symmetry_is_zero_on_average_and_as_uncertain_as_it_says() -> None:
    """The bootstrap's spread is that of the estimate over data sets, of which it sees one."""
    quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    estimates, spreads = [], []
    for seed in range(40):
        question = density(normal(2000, seed), torch.arange(2000), seed)
        weights = torch.ones(101, int(question.units.max()) + 1, dtype=torch.float64)
        weights[1:].exponential_(generator=torch.Generator().manual_seed(seed))
        defects = question.defect(quarter, weights)
        estimates.append(float(defects[0]))
        spreads.append(float(defects[1:].std()))
    estimate, spread = torch.tensor(estimates), torch.tensor(spreads)
    assert abs(float(estimate.mean())) < 3 * float(estimate.std()) / 40**0.5
    assert 0.7 < float(spread.mean() / estimate.std()) < 1.6


def test_repeated_samples_of_one_unit_count_once() -> None:
    """Without units the noise of copies would be mistaken for a breaking."""
    quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    defects = torch.zeros(2, 30, dtype=torch.float64)
    for seed in range(30):
        copies = normal(400, seed).repeat_interleave(10, 0)
        units = torch.arange(400).repeat_interleave(10), torch.arange(4000)
        for row, unit in zip(defects, units, strict=True):
            question = density(copies, unit, seed)
            row[seed] = question.defect(quarter, torch.ones(1, int(question.units.max()) + 1, dtype=torch.float64))[0]
    grouped, naive = defects.mean(1) / (defects.std(1) / 30**0.5)
    assert abs(float(grouped)) < 3
    assert float(naive) > 4


def test_few_samples_do_not_refute_a_symmetry() -> None:
    # With 50 samples and 48 test functions a chi-squared test rejected the rotations of a ring in 16 of 36 draws.
    statuses = []
    for seed in range(12):
        _, x, _ = drawn("thick ring", 100, seed)
        statuses.append(find_symmetry(x, seed=seed, discrete=False).findings[-1].claim.status)
    assert statuses.count("refuted") <= 2


def test_enough_samples_refute_what_is_no_symmetry() -> None:
    statuses = []
    for seed in range(8):
        _, x, _ = drawn("square", 1000, seed)
        statuses.append(find_symmetry(x, seed=seed, discrete=False).findings[-1].claim.status)
    assert statuses.count("refuted") >= 6


def test_too_many_matrices_are_not_taken_for_too_few_samples() -> None:
    x = torch.randn(6000, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert "too many for this question" in density(x, torch.arange(len(x))).reason
    few = density(x[:500], torch.arange(500)).reason
    assert "need at least 3600 samples" in few
    assert "there are 500" in few
