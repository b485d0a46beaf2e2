import pytest

from pyg_liesym.lie.catalogue import catalogue, embedded
from pyg_liesym.lie.structure import closure_error
from pyg_liesym.lie.subspace import principal_angles, span


@pytest.mark.parametrize("n", range(1, 9))
def test_entries_are_algebras_of_the_stated_dimension(n):
    for entry in catalogue(n):
        basis = entry.build()
        assert basis.shape == (entry.dim, n, n), entry.name
        assert len(span(basis)[1]) == entry.dim > 0, entry.name
        if entry.dim <= 30:
            assert closure_error(basis) < 1e-13, entry.name


@pytest.mark.parametrize("n", range(1, 7))
def test_names_and_subspaces_are_distinct(n):
    entries = catalogue(n)
    assert len({entry.name for entry in entries}) == len(entries)
    spans = [(entry, span(entry.build())[1]) for entry in entries]
    for i, (a, first) in enumerate(spans):
        for b, second in spans[:i]:
            if a.dim == b.dim:
                assert principal_angles(first, second)[0] > 0.1, (a.name, b.name)


def test_sizes_where_special_names_fit():
    names = {n: {entry.name for entry in catalogue(n)} for n in (1, 4, 5, 8)}
    assert names[1] == {"scaling(1)"}
    assert {"so(1,3)", "so(3,1)", "sp(4)", "so(2) × 2 copies", "e(3)", "galilei(2)"} <= names[4]
    assert "poincare" in names[5]
    assert "poincare" not in names[4]
    assert {"so(2) × 4 copies", "so(1,3) × 2 copies"} <= names[8]


def test_embedding_leaves_the_other_coordinates_alone():
    entry = embedded(4, [1, 3], "there")[0]
    assert entry.name == "so(2) there"
    assert entry.build().nonzero().tolist() == [[0, 1, 3], [0, 3, 1]]
