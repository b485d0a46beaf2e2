"""Answers as plain values, and back."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.asking import Tried
from pyg_liesym.discovery.evidence.claim import Claim
from pyg_liesym.discovery.evidence.element import Element
from pyg_liesym.discovery.report import Found


def finding_record(claim: Claim, found: Found, ladder: Tensor, elements: tuple[Tried, ...]) -> dict[str, Any]:
    """One answer as plain values: exact, as JSON writes doubles with all digits. Forms are there to be read."""
    return {
        "claim": claim.to_dict(),
        "ladder": [value if math.isfinite(value) else None for value in ladder.tolist()],
        "basis": found.algebra.basis.tolist(),
        "n": found.algebra.n,
        "forms": found.metric.solutions.tolist() if claim.dim and found.metric.null_dim else [],
        "diagnostics": found.diagnostics,
        "settings": found.settings,
        "seed": found.seed,
        "elements": [
            {
                "name": one.element.name,
                "matrix": one.element.matrix.tolist(),
                "claim": one.claim.to_dict(),
                "follows": one.follows,
            }
            for one in elements
        ],
    }


def read_finding(record: dict[str, Any]) -> tuple[Claim, Tensor, Tensor, tuple[Tried, ...]]:
    """The claim, the basis, the ladder and the single transformations of a record."""
    n = record["n"]
    basis = torch.tensor(record["basis"], dtype=torch.float64).reshape(-1, n, n)
    ladder = torch.tensor([math.inf if value is None else value for value in record["ladder"]], dtype=torch.float64)
    elements = tuple(
        Tried(
            Element(one["name"], torch.tensor(one["matrix"], dtype=torch.float64)),
            Claim.from_dict(one["claim"]),
            one["follows"],
        )
        for one in record["elements"]
    )
    return Claim.from_dict(record["claim"]), basis, ladder, elements
