import numpy as np
import pytest

from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets


def as_lists(jets):
    return [jets.p4[a:b].tolist() for a, b in zip(jets.offsets[:-1], jets.offsets[1:], strict=True)]


def test_select_takes_whole_jets_in_the_given_order(make_jets):
    jets = make_jets(12)
    chosen = np.array([5, 0, 11, 5])
    picked = jets.select(chosen)
    assert as_lists(picked) == [as_lists(jets)[i] for i in chosen]
    assert picked.label.tolist() == jets.label[chosen].tolist()
    assert (picked.axis == jets.axis[chosen]).all()


def test_select_nothing(make_jets):
    assert len(make_jets(3).select(np.array([], dtype=np.int64))) == 0


def test_truncate_keeps_the_first_constituents(make_jets):
    jets = make_jets(12)
    short = jets.truncate(4)
    assert as_lists(short) == [rows[:4] for rows in as_lists(jets)]
    assert (short.axis == jets.axis).all()


def test_concatenate_is_list_concatenation(make_jets):
    first, second = make_jets(4, seed=1), make_jets(5, seed=2)
    assert as_lists(concatenate_jets([first, second])) == as_lists(first) + as_lists(second)


def test_arrays_that_do_not_fit_are_refused(make_jets):
    jets = make_jets(4)
    with pytest.raises(ValueError, match="must be"):
        JetArrays(jets.p4[:-1], jets.plane, jets.offsets, jets.axis, jets.label)


def test_more_numbers_and_weights_follow_their_jets(make_jets):
    plain = make_jets(6)
    rank = np.arange(plain.offsets[-1], dtype=np.float32)
    jets = JetArrays(
        plain.p4, plain.plane, plain.offsets, plain.axis, plain.label, {"rank": rank}, np.arange(6, dtype=np.float32)
    )
    picked = concatenate_jets([jets.select(np.array([4, 1])), jets.select(np.array([3]))]).truncate(2)
    first = np.concatenate([rank[jets.offsets[j] : jets.offsets[j + 1]][:2] for j in (4, 1, 3)])
    assert picked.particle["rank"].tolist() == first.tolist()
    assert picked.weight is not None
    assert picked.weight.tolist() == [4, 1, 3]
    with pytest.raises(ValueError, match="different columns"):
        concatenate_jets([jets, plain])
    with pytest.raises(ValueError, match="must be"):
        JetArrays(plain.p4, plain.plane, plain.offsets, plain.axis, plain.label, {"rank": rank[1:]})
