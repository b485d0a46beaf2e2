"""What discoveries leave in their folders, for experiments that begin with them."""

from __future__ import annotations

from pathlib import Path

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry


def keep(found: DiscoveredSymmetry, place: Path) -> None:
    """Leave what was found in a folder, and its report in the terminal."""
    found.save(place / "symmetry")
    print(found)


def kept(place: Path, hint: str = "discover it first") -> DiscoveredSymmetry:
    """What :func:`keep` left.

    Raises:
        FileNotFoundError: With the hint, if there is nothing.
    """
    folder = place / "symmetry"
    if not folder.exists():
        raise FileNotFoundError(f"there is no discovered symmetry in {place}: {hint}")
    return DiscoveredSymmetry.load(folder)
