"""One layer of a calorimeter with energy flow, for many events at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Hits(NamedTuple):
    """Particles or tracks in a layer: their event, the place where they hit, the energy they leave there, ``[N]``."""

    event: Index
    eta: Array
    phi: Array
    energy: Array


class Flow(NamedTuple):
    """What a layer adds to the energy flow.

    Neutral objects ``event``, ``energy``, ``eta``, ``phi``, ``[M]``, and the factor ``scale`` of every track, ``[T]``.
    """

    event: Index
    energy: Array
    eta: Array
    phi: Array
    scale: Array


class Cells(NamedTuple):
    """Edges in η of a layer's rows of cells, rising, and the width of the cells of each row in φ, in degrees."""

    edges: Array
    degrees: Array


class _Sums(NamedTuple):
    """Cell by cell: measured energy and its error, η of the centre; track by track: energy, its error, cell."""

    energy: Array
    sigma: Array
    eta: Array
    track: Array
    track_error: Array
    cell: Index

    def total(self, values: Array) -> Array:
        return _totals(self.cell, values, len(self.energy))


@dataclass(frozen=True)
class Layer:
    """Cells, thresholds, resolution and energy-flow rule of a layer.

    Args:
        cells: The grid.
        resolution: σ(E) of a cell from E and η.
        min_energy: Least energy of a cell and of a neutral object.
        min_significance: Least energy over its error.
        rule: See :meth:`flow`.
    """

    cells: Cells
    resolution: Callable[[Array, Array], Array]
    min_energy: float
    min_significance: float
    rule: Literal["better", "combined"]

    def flow(self, particles: Hits, tracks: Hits, track_error: Array, normal: Array, place: Array) -> Flow:
        r"""Measure the energy in every cell and find what its tracks do not explain.

        The energy of a cell is smeared log-normally and must pass the thresholds. By the rule ``"better"`` each
        track's energy is measured by what is better, track or cell. A cell's energy, less that of its tracks measured
        as such, goes to the others, or if there are none to a neutral object, if it passes the thresholds again.
        By the rule ``"combined"`` a neutral object takes the excess over all tracks if that is significant with both
        errors in quadrature; otherwise the tracks are scaled to the mean of both measurements of their energy,
        weighted by :math:`1/\sigma^2`.

        Args:
            particles: What really hits the layer; those outside the cells are ignored.
            tracks: The tracks that point to it; each must have its particle among ``particles``.
            track_error: Errors of the tracks' energies.
            normal: A standard normal number for every particle; a cell uses that of its first particle.
            place: Two uniform numbers for every particle, used alike, for the place of a neutral object in the cell.

        Units:
            GeV and radians.
        """
        cell, inside = self._cell(particles)
        rows = np.flatnonzero(inside)
        filled, first, inverse = np.unique(cell[rows], return_index=True, return_inverse=True)
        seed = rows[first]
        low_eta, low_phi, width_eta, width_phi = self._corner(particles.eta[seed], particles.phi[seed])
        eta = low_eta + width_eta / 2
        energy = _totals(inverse, particles.energy[rows], len(filled))
        energy = log_normal(energy, self.resolution(energy, eta), normal[seed])
        sigma = self.resolution(energy, eta)
        energy = np.where((energy < self.min_energy) | (energy < self.min_significance * sigma), 0.0, energy)

        track_cell, used = self._cell(tracks)
        used &= tracks.energy > 0
        of_track = np.searchsorted(filled, track_cell[used])
        sums = _Sums(energy, sigma, eta, tracks.energy[used], track_error[used], of_track)
        excess, factor = self._better(sums) if self.rule == "better" else self._combined(sums)
        scale = np.ones(len(used))
        scale[used] = factor
        neutral = excess > 0
        where = place[seed[neutral]]
        return Flow(
            event=particles.event[seed[neutral]],
            energy=excess[neutral],
            eta=low_eta[neutral] + where[:, 0] * width_eta[neutral],
            phi=low_phi[neutral] + where[:, 1] * width_phi[neutral],
            scale=scale,
        )

    def _better(self, sums: _Sums) -> tuple[Array, Array]:
        worse = sums.track_error > self.resolution(sums.track, sums.eta[sums.cell])
        rest = sums.energy - sums.total(np.where(worse, 0.0, sums.track))
        shared = sums.total(np.where(worse, sums.track, 0.0))
        factor = np.where(worse, (rest / np.where(shared > 0, shared, 1.0))[sums.cell], 1.0)
        rest = np.where(shared > 0, 0.0, rest)
        sigma = self.resolution(np.maximum(rest, 0.0), sums.eta)
        return np.where((rest < self.min_energy) | (rest < self.min_significance * sigma), 0.0, rest), factor

    def _combined(self, sums: _Sums) -> tuple[Array, Array]:
        charged, variance = sums.total(sums.track), sums.total(sums.track_error**2)
        excess = sums.energy - charged
        weights = variance + sums.sigma**2
        neutral = (excess > self.min_energy) & (excess > self.min_significance * np.sqrt(weights))
        best = (sums.sigma**2 * charged + variance * sums.energy) / np.where(weights > 0, weights, 1.0)
        factor = np.where(neutral | (charged <= 0), 1.0, best / np.where(charged > 0, charged, 1.0))
        return np.where(neutral, excess, 0.0), factor[sums.cell]

    def _cell(self, hits: Hits) -> tuple[Index, NDArray[np.bool_]]:
        """Number of the cell (with the event) of every hit, and whether there is one."""
        edges, degrees = self.cells
        row = np.searchsorted(edges, hits.eta) - 1  # NaN comes last
        inside = (row >= 0) & (row < len(degrees))
        row = np.where(inside, row, 0)
        return (hits.event * len(degrees) + row) * 512 + _column(hits.phi, degrees[row]), inside

    def _corner(self, eta: Array, phi: Array) -> tuple[Array, Array, Array, Array]:
        edges, degrees = self.cells
        row = np.searchsorted(edges, eta) - 1
        width = np.radians(degrees[row])
        low_phi = _column(phi, degrees[row]) * width - np.pi
        return edges[row], low_phi.astype(np.float64), np.diff(edges)[row], width.astype(np.float64)


def log_normal(mean: Array, sigma: Array, normal: Array) -> Array:
    """Positive numbers of given means and standard deviations, from standard normal ones; zero where the mean is.

    Example:
        >>> log_normal(np.array([2.0, 0.0]), np.array([0.0, 1.0]), np.array([1.3, 1.3])).tolist()
        [2.0, 0.0]
    """
    safe = np.where(mean > 0, mean, 1.0)
    width = np.sqrt(np.log1p((sigma / safe) ** 2))
    return np.where(mean > 0, safe * np.exp(width * normal - width**2 / 2), 0.0)


def _totals(cell: Index, values: Array, cells: int) -> Array:
    return np.bincount(cell, values, cells).astype(np.float64, copy=False)


def _column(phi: Array, degrees: Array) -> Index:
    columns = np.rint(360.0 / degrees).astype(np.int64)
    return np.clip(np.floor((phi + np.pi) / np.radians(degrees)).astype(np.int64), 0, columns - 1)
