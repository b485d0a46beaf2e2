import csv
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch_geometric.datasets.qm9 import atomrefs
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets import QM9
from pyg_liesym.datasets.io.qm9pack import PARTS, POLARISABILITIES, find_qm9pack, read_qm9
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.molecules.moments import vectors_of_moments
from pyg_liesym.datasets.molecules.qm9 import TARGETS, UNITS, _split
from pyg_liesym.discovery import find_symmetry
from pyg_liesym.lie import LieAlgebra

needs_qm9pack = pytest.mark.skipif(find_spec("qm9pack") is None, reason="the extra `molecules` is not installed")


def test_molecules_are_read_whole_and_in_order(tables):
    folder = tables(20)
    read, dataset = read_qm9(folder), QM9(split="all", folder=folder)
    assert len(dataset) == 20
    assert dataset.number.tolist() == list(range(1, 60, 3))
    first = dataset[4]
    start = int(read.counts[:4].sum())
    assert first.pos.shape == (read.counts[4], 3)
    assert torch.allclose(first.pos.double(), torch.from_numpy(read.pos[start : start + read.counts[4]]))
    assert first.z.tolist() == read.z[start : start + read.counts[4]].tolist()
    assert torch.equal(first.polarisability, first.polarisability.mT)
    assert torch.allclose(first.polarisability[0].double(), torch.from_numpy(read.polarisability[4]))
    eV = [unit == "eV" for unit in UNITS]
    ratio = first.y[0].double() / torch.from_numpy(read.properties[4])
    assert ratio[torch.tensor(eV)].allclose(torch.tensor(27.2113862, dtype=torch.float64))
    assert ratio[~torch.tensor(eV)].allclose(torch.ones(12 - sum(eV), dtype=torch.float64))


def test_splits_share_one_cache_and_no_molecule(tables, tmp_path):
    folder = tables(30)
    parts = [QM9(str(tmp_path), split, folder=folder) for split in ("train", "val", "test")]
    numbers = [int(molecule.number) for part in parts for molecule in part]
    assert sorted(numbers) == list(range(1, 90, 3))
    assert [len(part) for part in parts] == [22, 5, 3]
    assert len(list((tmp_path / "processed").glob("*.safetensors"))) == 1
    for part in parts:
        assert part.target("r2").tolist() == [float(molecule.y[0, TARGETS.index("r2")]) for molecule in part]
        assert torch.equal(part.polarisability(), torch.cat([molecule.polarisability for molecule in part]))
    for molecule, moments in zip(parts[2], parts[2].second_moments("charge"), strict=True):
        weight = molecule.z.double()[:, None]
        apart = molecule.pos.double() - (weight * molecule.pos).sum(0) / weight.sum()
        assert torch.allclose(moments, apart.mT @ (weight * apart))


def test_batches_of_both_loaders(tables):
    dataset = QM9(split="train", folder=tables(30))
    ours, theirs = next(iter(PackedLoader(dataset, 5))), next(iter(DataLoader(dataset, 5)))
    assert torch.equal(ours.pos, theirs.pos)
    assert torch.equal(ours.batch, theirs.batch)
    assert torch.equal(ours.y, theirs.y)


def test_isomers(tables):
    dataset = QM9(split="train", folder=tables(30))
    z = dataset[3].z
    count = {name: int((z == number).sum()) for name, number in (("nitrogen", 7), ("oxygen", 8), ("fluorine", 9))}
    assert 3 in dataset.isomers(int((z == 6).sum()), int((z == 1).sum()), **count)
    assert len(dataset.isomers(50, 50)) == 0


def test_the_split_is_that_of_cormorant():
    train, val, test = (_split(130_831, split) for split in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (100_000, 17_748, 13_083)
    # As Cormorant writes it: sizes first, then NumPy's own generator.
    order = np.random.RandomState(0).permutation(133_885 - 3054)
    reference = np.split(order, [100_000, 100_000 + 130_831 - 100_000 - int(0.1 * 130_831)])
    for ours, theirs in zip((train, val, test), reference, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text.replace("XYZ_Ang", "XYZ"), "has no column XYZ_Ang: expected a table of qm9pack"),
        (lambda text: text.replace("['", "['H','", 1), r"dsgdb9nsd_\d+\.xyz: expected \d atoms, got"),
        (lambda text: text.replace("['", "['Xe','", 1), "is not a complete molecule file: KeyError: 'Xe'"),
        (lambda text: text[: len(text) // 2], "expected 25 cells, got|is not a complete CSV file"),
    ],
)
def test_damage_is_named(tables, damage, message):
    folder = tables(6)
    path = folder / PARTS[0]
    path.write_text(damage(path.read_text()))
    with pytest.raises(ValueError, match=message):
        read_qm9(folder)


def test_what_is_missing_is_named(tables, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"qm9_part1\.csv: expected the tables of qm9pack in"):
        read_qm9(tmp_path)
    with pytest.raises(ValueError, match="expected `split` to be one of"):
        QM9(split="valid", folder=tmp_path)
    folder = tables(6)
    with pytest.raises(ValueError, match="expected one of the targets mu, alpha"):
        QM9(folder=folder).target("energy")
    (folder / POLARISABILITIES).unlink()
    with pytest.raises(FileNotFoundError, match=POLARISABILITIES):
        read_qm9(folder)


def test_without_the_package(monkeypatch):
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(ImportError, match=r"pip install 'pyg-liesym\[molecules\]'"):
        find_qm9pack()


@needs_qm9pack
def test_rotations_in_real_molecules(tmp_path):
    """The first thousands of the real table: ⟨R²⟩ of second moments knows no direction, to half a degree."""
    source = find_qm9pack()
    for name in (PARTS[1], POLARISABILITIES):
        lines = 3001 if name in PARTS else 60_000
        with (source / name).open(encoding="utf-8") as file:
            (tmp_path / name).write_text("".join(line for line, _ in zip(file, range(lines), strict=False)))
    dataset = QM9(split="all", folder=tmp_path)
    assert len(dataset) == 3000
    x = vectors_of_moments(dataset.second_moments(), torch.Generator().manual_seed(0))
    law = find_symmetry(x, dataset.target("r2"), output="scalar").findings[0]
    assert law.claim.status == "certified"
    assert law.claim.dim == 3
    assert float(law.symmetry.algebra.principal_angles(LieAlgebra.rotation(3)).max().rad2deg()) < 0.5
    # The control: coordinates that are stretched by a tenth have another algebra, and it is found.
    stretched = find_symmetry(x * torch.tensor([1.0, 1.0, 1.1]), dataset.target("r2"), output="scalar").findings[0]
    assert float(stretched.symmetry.algebra.principal_angles(LieAlgebra.rotation(3)).max().rad2deg()) > 4


def test_energies_from_atoms_are_those_of_the_table(tables):
    folder = tables(20)
    absolute, differences = (QM9(split="all", folder=folder, from_atoms=choice) for choice in (False, True))
    # PyG has the same table in eV, column by column, for H, C, N, O and F.
    for column, each in atomrefs.items():
        if column in (7, 8, 9, 10):
            per_atom = absolute._data.x @ torch.tensor(each)
            free = torch.stack([part.sum() for part in per_atom.split(absolute.slices["pos"].diff().tolist())])
            ours = absolute._data.y[:, column] - differences._data.y[:, column]
            assert torch.allclose(ours, free, rtol=1e-6, atol=1e-3)
    sizes = torch.tensor([molecule.num_nodes for molecule in absolute])
    assert torch.allclose(absolute._data.y[:, 11] - differences._data.y[:, 11], 2.981 * sizes, atol=1e-4)
    assert torch.equal(absolute._data.y[:, :7], differences._data.y[:, :7])


def test_elements_are_told_one_by_one(tables):
    dataset = QM9(split="all", folder=tables(20))
    assert torch.equal(torch.tensor([1, 6, 7, 8, 9])[dataset._data.x.argmax(1)], dataset._data.z)
    assert torch.equal(dataset._data.x.sum(1), torch.ones(len(dataset._data.z)))


def test_the_sample_is_whole_and_split_like_the_rest():
    parts = [QM9(split=split, sample=True) for split in ("train", "val", "test")]
    assert [len(part) for part in parts] == [1528, 272, 200]
    numbers = [int(molecule.number) for part in parts for molecule in part]
    assert len(set(numbers)) == 2000
    molecule = parts[0][0]
    assert molecule.z.dtype == torch.long
    assert molecule.x.shape == (molecule.num_nodes, 5)
    assert torch.allclose(molecule.polarisability.diagonal(dim1=1, dim2=2).mean(), molecule.y[0, 1], atol=0.05)
    with pytest.raises(ValueError, match="leave `root` and `folder` out"):
        QM9("here", sample=True)


@needs_qm9pack
def test_the_sample_is_of_the_training_molecules():
    """Number by number what the tables have."""
    sample = QM9(split="all", sample=True)
    folder = find_qm9pack()
    with (folder / PARTS[0]).open(encoding="utf-8") as file:
        rows = {row["Index"]: row for row in csv.DictReader(line for line, _ in zip(file, range(3000), strict=False))}
    there = [molecule for molecule in sample if str(int(molecule.number)) in rows]
    assert len(there) > 10
    for molecule in there:
        row = rows[str(int(molecule.number))]
        assert float(molecule.y[0, 5]) == pytest.approx(float(row["R2_bohr2"]), rel=1e-6)
        assert molecule.num_nodes == int(row["N_atoms"])
