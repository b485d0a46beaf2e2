import os
import pickle

import numpy as np
import pytest

from pyg_liesym.datasets.io.pickled_names import pickled_names


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("names", [[], ["ttv"], ["E_0", "PX_0", "é", "", "x" * 300], [f"E_{i}" for i in range(2000)]])
def test_names_are_those_of_unpickling(protocol, names):
    assert pickled_names(pickle.dumps(names, protocol)) == names


def test_names_written_by_python_2():
    assert pickled_names(b"(lp0\nS'E_0'\np1\naS'PX_0'\np2\na.") == ["E_0", "PX_0"]


def test_a_fixed_length_string_of_hdf5_lost_its_trailing_zeros():
    assert pickled_names(bytes(np.bytes_(pickle.dumps(["a"], 0)))) == ["a"]


class Attack:
    def __reduce__(self):
        return os.system, ("echo you should not see this > attacked",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [Attack(), ["E_0", Attack()], {"E_0": 1}, ["E_0", 1], ("E_0",), None, np.zeros(2)])
def test_anything_else_is_refused_and_not_run(protocol, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="expected a pickled list of names"):
        pickled_names(pickle.dumps(value, protocol))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(["E_0", "PX_0"], 0)[:-4]])
def test_damaged_bytes(content):
    with pytest.raises(ValueError, match="expected a pickled list of names"):
        pickled_names(content)
