from collections.abc import Callable

import numpy as np
import pytest

from pyg_liesym.datasets.jet_arrays import JetArrays


@pytest.fixture
def make_jets() -> Callable[..., JetArrays]:
    """Random jets in the layout of JetArrays: sorted, massive constituents around consistent axes."""

    def make(num_jets: int = 20, seed: int = 0, max_count: int = 30) -> JetArrays:
        rng = np.random.default_rng(seed)
        counts = rng.integers(1, max_count + 1, num_jets)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        jet = np.repeat(np.arange(num_jets), counts)
        eta = rng.uniform(-1.5, 1.5, num_jets)[jet] + rng.uniform(-0.3, 0.3, len(jet))
        phi = rng.uniform(-np.pi, np.pi, num_jets)[jet] + rng.uniform(-0.3, 0.3, len(jet))
        pt = rng.exponential(10.0, len(jet)) + 0.1
        order = np.lexsort((-pt, jet))
        pt, eta, phi = pt[order], eta[order], phi[order]
        momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)
        energy = np.sqrt((momentum**2).sum(-1, keepdims=True) + 0.14**2)
        p4 = np.concatenate([energy, momentum], axis=-1)
        total = np.add.reduceat(p4, offsets[:-1])
        axis_pt = np.hypot(total[:, 1], total[:, 2])
        axis_eta, axis_phi = np.arcsinh(total[:, 3] / axis_pt), np.arctan2(total[:, 2], total[:, 1])
        side = np.where(axis_eta < 0, -1, 1)
        deta = (np.arcsinh(p4[:, 3] / pt) - axis_eta[jet]) * side[jet]
        dphi = (phi - axis_phi[jet] + np.pi) % (2 * np.pi) - np.pi
        return JetArrays(
            p4=p4.astype(np.float32),
            plane=np.stack([deta, dphi], axis=-1).astype(np.float32),
            offsets=offsets,
            axis=np.stack([axis_pt, axis_eta, axis_phi, total[:, 0]], axis=-1).astype(np.float32),
            label=rng.integers(0, 2, num_jets),
        )

    return make
