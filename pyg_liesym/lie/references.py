"""Vectors that are known in the laboratory, and what is left of the Lorentz group that keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

FourVector: TypeAlias = tuple[float, float, float, float]

REFERENCES: Mapping[str, tuple[FourVector, ...]] = {
    "beams": ((2**0.5, 0.0, 0.0, 1.0), (2**0.5, 0.0, 0.0, -1.0)),
    "lightcone": ((1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, -1.0)),
    "time": ((1.0, 0.0, 0.0, 0.0),),
}
"""(E, px, py, pz) of the beams of `LorentzNet <https://arxiv.org/abs/2201.08187>`_ (Gong et al., JHEP 2022, Section
4.1), of mass 1, and of the directions of light along them, which leave the rotations about the z axis; and of the time
axis, which leaves all rotations."""
