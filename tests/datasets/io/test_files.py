import pytest

from pyg_liesym.datasets.io.files import LayoutError, find_files, naming_damage, read_json, some_of


def test_paths_and_globs_in_order(tmp_path):
    for name in ("b.h5", "a.h5", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in find_files([tmp_path / "c.txt", str(tmp_path / "*.h5")])] == ["c.txt", "a.h5", "b.h5"]


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\*"):
        find_files([str(tmp_path / "nothing*")])
    with pytest.raises(FileNotFoundError, match="no files were given"):
        find_files([])


def test_damage_is_named_and_layout_errors_pass():
    with (
        pytest.raises(ValueError, match=r"a\.h5 is not a complete HDF5 file: KeyError: 'x'"),
        naming_damage("a.h5", "HDF5"),
    ):
        raise KeyError("x")
    with pytest.raises(LayoutError, match=r"^my own words$"), naming_damage("a.h5", "HDF5"):
        raise LayoutError("my own words")


def test_long_lists_are_cut():
    assert some_of(f"column{i}" for i in range(10_000)).endswith("'column11'] and 9988 more")
    assert len(some_of(range(10**5))) < 100
    assert some_of([]) == "[]"


@pytest.mark.parametrize("content", [b"\xff{}", b"{", b""])
def test_damaged_json_names_the_file(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json is not a complete JSON file"):
        read_json(tmp_path / "a.json")
