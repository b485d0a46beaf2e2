"""What is added up over files is what is found in all of them at once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.discovery.shards import Shards

EDGES = [0, 700, 720, 1500, 3000]


def massive(seed: int = 0, num: int = 3000) -> tuple[Tensor, Tensor]:
    """Momenta on two mass shells, and their squared masses."""
    g = torch.Generator().manual_seed(seed)
    p = torch.randn(num, 3, generator=g, dtype=torch.float64) * torch.tensor([3.0, 1.0, 0.3])
    mass = 1.0 + torch.arange(num) // (num // 2)
    x = torch.cat([(mass**2 + p.square().sum(1)).sqrt()[:, None], p], 1)
    return 50 * (x + thick(num, 4, seed)), mass.double() ** 2


def circle(seed: int = 0, num: int = 3000) -> tuple[Tensor, None]:
    angle = 6.283 * torch.rand(num, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.stack([angle.cos(), 2 * angle.sin()], 1) + thick(num, 2, seed), None


def thick(num: int, size: int, seed: int) -> Tensor:
    """A little noise, so that nothing is a matter of rounding."""
    return 0.003 * torch.randn(num, size, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)


def moving(seed: int = 0, num: int = 3000) -> tuple[Tensor, Tensor]:
    """Two vectors turned alike, on a plane: their sum is kept."""
    x = torch.randn(num, 1, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    x = torch.cat([x, -x], 1)
    turn = torch.tensor([[0.8, -0.6], [0.6, 0.8]], dtype=torch.float64)
    return x, x @ turn.mT


def load(make: str, start: int, stop: int) -> tuple[Any, Any]:
    x, y = {"massive": massive, "circle": circle, "moving": moving}[make]()
    return x[start:stop], None if y is None else y[start:stop]


def shards(make: str) -> Shards:
    return Shards(load, [(make, *edges) for edges in itertools.pairwise(EDGES)])


def supports(found: Any) -> Any:
    return next(one for one in found.findings if one.claim.question == "support")


@pytest.mark.parametrize(
    ("make", "degree", "grouped"),
    [("massive", 2, False), ("circle", 2, True), ("circle", 3, False), ("moving", 2, True)],
)
def test_parts_say_what_the_whole_says(make: str, degree: int, grouped: bool) -> None:
    """The same samples are fitted and judged: the ladder and the matrices agree to rounding, whatever the parts."""
    groups = (torch.arange(EDGES[-1]) // 3).tolist() if grouped else None
    options: dict[str, Any] = {"degree": degree, "groups": groups, "discrete": False, "seed": 3}
    parts = supports(find_symmetry(shards(make), **options))
    whole = supports(find_symmetry(Shards(load, [(make, 0, EDGES[-1])]), **options))
    memory = supports(find_symmetry(*load(make, 0, EDGES[-1]), **options))
    for other in (whole, memory):
        assert parts.claim.dim == other.claim.dim
        assert parts.claim.status == other.claim.status
        torch.testing.assert_close(parts.ladder, other.ladder, rtol=1e-6, atol=1e-10)
        # Which directions of the span are drawn hangs on the signs of eigenvectors.
        one, two = (found.claim.breaking.high for found in (parts, other))
        assert one == pytest.approx(two, rel=1, abs=1e-10)
        assert parts.claim.samples == other.claim.samples
        if parts.claim.dim:
            left, right = (found.symmetry.algebra.basis.flatten(1) for found in (parts, other))
            left, right = torch.linalg.qr(left.mT)[0], torch.linalg.qr(right.mT)[0]
            torch.testing.assert_close(left @ left.mT, right @ right.mT, rtol=1e-6, atol=1e-8)
    assert parts.claim.dim
    if make != "moving":  # whose relations are exact
        missing = Shards(load, [(make, 0, 700), (make, 720, 3000)])
        without = supports(find_symmetry(missing, **{**options, "groups": None}))
        assert not torch.allclose(without.ladder, parts.ladder, rtol=1e-4), "a file left out shows"


def test_noise_and_single_transformations() -> None:
    options: dict[str, Any] = {"noise": 0.01, "discrete": True}
    parts = supports(find_symmetry(shards("moving"), **options))
    memory = supports(find_symmetry(*moving(), **options))
    assert len(parts.elements) == len(memory.elements) > 5
    for one, two in zip(parts.elements, memory.elements, strict=True):
        assert one.element.name == two.element.name
        assert one.claim.status == two.claim.status
    torch.testing.assert_close(parts.ladder, memory.ladder, rtol=1e-6, atol=1e-10)


def test_what_is_no_sum_says_so() -> None:
    found = find_symmetry(shards("massive"))
    reasons = {one.claim.question: one.claim.reason for one in found.findings}
    assert list(reasons) == ["law", "support", "density"]
    assert all("no sum over samples" in reasons[name] for name in ("law", "density"))
    assert reasons["support"] == ""
    assert found.verdict.headline.startswith("FOUND")
    assert found.reading.startswith("x: 3000 samples of 1 vector in R⁴; y: 1 invariant number")
    assert supports(found).symmetry.diagnostics["num_samples"] == 3000


def constant(start: int) -> tuple[Any, Any]:
    return np.ones((200, 2)), None


def other(start: int) -> tuple[Any, Any]:
    return np.random.default_rng(start).normal(size=(200, 2 + start)), None


def few(start: int) -> tuple[Any, Any]:
    return np.random.default_rng(start).normal(size=(20, 2)), None


def bad(start: int) -> tuple[Any, Any]:
    return np.full((200, 2), np.nan), None


def many(start: int) -> tuple[Any, Any]:
    return np.random.default_rng(start).normal(size=(200, 40, 3)), None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (constant, "x is the same in all 400 samples"),
        (other, r"1: expected samples as in 0 \(1 vectors of 2 in x, .*\), got 1 vectors of 3 in x"),
        (few, "x holds 40 samples; at least 100 are needed"),
        (bad, "x holds NaN or infinite values in 200 of 200 samples"),
    ],
)
def test_wrong_turns(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_symmetry(Shards(wrong, [(0,), (1,)]))
    with pytest.raises(ValueError, match="leave out y"):
        find_symmetry(Shards(wrong, [(0,)]), torch.ones(3))


def test_too_many_numbers_are_a_reason() -> None:
    assert "more than 3000: give fewer vectors" in supports(find_symmetry(Shards(many, [(0,), (1,)]))).claim.reason


@pytest.mark.parametrize("later", [60, 140], ids=["shorter", "longer"])
def test_a_part_that_changes_between_the_passes_is_named(later: int) -> None:
    reads: list[int] = []

    def growing(start: int) -> tuple[Any, Any]:
        reads.append(start)
        x = torch.cat([circle(start)[0][:100], circle(start)[0][:100]])
        return x[: later if reads.count(1) == 2 else 100], None

    with pytest.raises(ValueError, match=f"1: expected 100 samples, as when it was first read, got {later}"):
        find_symmetry(Shards(growing, [(0,), (1,)]))
