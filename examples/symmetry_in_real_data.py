"""Find the symmetry in real data: muons, planets, molecules. And what jets keep.

Nobody says the word rotation or Lorentz; `find_symmetry` is given arrays. Data that are not there are left out:
muons need a file (datasets/muons), planets the extra `solar`, molecules the extra `molecules`. Of molecules a second
question is asked: do the polarisability tensors move with the coordinates? They stand in another frame: refused.

    python examples/symmetry_in_real_data.py [muons planets molecules jets] [--muons zmumu_3000.npz]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pyg_liesym import DiscoveredSymmetry, LieAlgebra
from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.datasets import QM9, Jets, SolarSystem
from pyg_liesym.datasets.molecules.moments import principal_axes, vectors_of_moments
from pyg_liesym.discovery import Findings, Moments, Relations, find_symmetry


def muons(options: argparse.Namespace) -> Findings:
    """Two four-momenta and the mass of the pair: which products of momenta make the mass?"""
    file = np.load(options.muons)
    return find_symmetry(file["p4"][:1000], file["mass"][:1000, None], output="scalar")


def planets(options: argparse.Namespace) -> Findings:
    """Vectors from the Sun and how strongly each planet is pulled along them; to the power −2/3, a squared distance.

    All orbits lie near one plane, so that the directions out of it are badly known: the quadric of the years up to 1991
    gives the matrices, and the years from 2022 on judge them.
    """
    (r, k), (later, pull) = (SolarSystem(options.cache, split).pulls() for split in ("train", "test"))
    unit = k.median()
    quadric = Relations(Moments.of(r, (k / unit) ** (-2 / 3), output="scalar")).form()
    found = DiscoveredSymmetry.of(LieAlgebra.preserving(quadric))
    return found.certify(later, (pull / unit) ** (-2 / 3), output="scalar")


def molecules(options: argparse.Namespace) -> Findings:
    """Second moments of nuclei, as vectors that have them, and the extent ⟨R²⟩ of the electrons."""
    generator = torch.Generator().manual_seed(0)
    dataset = QM9(options.cache, "val")
    x = vectors_of_moments(dataset.second_moments(), generator)[:3000]
    return find_symmetry(x, dataset.target("r2")[:3000, None], output="scalar")


def polarisabilities(options: argparse.Namespace) -> dict[str, Findings]:
    """What a tensor makes of the long axis of each isomer of C₇H₁₀O₂: does it turn with the molecule?"""
    dataset, rotations = QM9(options.cache, "all"), DiscoveredSymmetry.of(LieAlgebra.rotation(3))
    isomers = dataset.isomers(7, 10, oxygen=2)
    axis = principal_axes(dataset.second_moments()[isomers], 1, torch.Generator().manual_seed(0))
    asked = {}
    tensors = {"inertia": dataset.second_moments("mass"), "polarisability": dataset.polarisability().double()}
    for name, tensor in tensors.items():
        T = tensor[isomers]
        T = T - T.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(3)  # the trace is the same in every frame
        asked[name] = rotations.certify(axis, torch.einsum("sab,svb->sva", T, axis))
    return asked


def jets(options: argparse.Namespace) -> Findings:
    """The two leading constituents of simulated jets, top or QCD: where they lie, and what the label keeps."""
    return find_symmetry(*leading_constituents(Jets(max_constituents=2)))


def main(args: Sequence[str] | None = None) -> dict[str, Findings]:
    """Ask all data that are there; returns the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="muons, planets, molecules, jets; left out: all of them")
    parser.add_argument("--muons", type=Path, default=Path("datasets/muons/raw/zmumu_3000.npz"), help="the pairs")
    parser.add_argument("--cache", default=None, help="folder in which molecules are kept (reading them takes 15 s)")
    options = parser.parse_args(args)
    asked: dict[str, Findings] = {}
    for ask in (muons, planets, molecules, polarisabilities, jets):
        name = "molecules" if ask is polarisabilities else ask.__name__
        if options.names and name not in options.names:
            continue
        try:
            found = ask(options)
        except (FileNotFoundError, ImportError) as reason:
            print(f"\n{ask.__name__}: left out. {reason}")
            continue
        for what, answer in found.items() if isinstance(found, dict) else [(ask.__name__, found)]:
            print(f"\n== {what} ==\n{answer}")
            asked[what] = answer
    return asked


if __name__ == "__main__":
    main()
