import math

import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_liesym.field import FlowAction
from pyg_liesym.transforms import MoveFlow, RandomMoveFlow


def window(history=2, horizon=3, height=8, width=8, **more):
    generator = torch.Generator().manual_seed(0)
    frames = torch.randn(1, history + horizon, 2, height, width, generator=generator)
    return Data(x=frames[:, :history], y=frames[:, history:], simulation=1, frame=history, **more)


def joined(data):
    return torch.cat([data.x, data.y], 1)


def test_given_and_following_frames_move_as_one():
    data, action = window(), FlowAction(angle=math.pi / 2, magnitude=2.0, motion=(1.0, 0.0))
    moved = MoveFlow(action)(data.clone())
    assert torch.equal(joined(moved), action(joined(data))[0])
    assert moved.x.size(1) == 2
    assert moved.mask.all()
    assert (moved.simulation, moved.frame) == (1, 2)


def test_time_is_cut_after_it_is_scaled():
    action = FlowAction(scale=2.0)
    data = window(horizon=action.frames(4) - 2)
    moved = MoveFlow(action, horizon=2)(data.clone())
    assert moved.x.shape[1] == moved.y.shape[1] == 2
    assert moved.mask.shape == (1, 4, 1, 8, 8)
    expected = action(joined(data))[0]
    assert torch.equal(joined(moved).nan_to_num(0), expected.nan_to_num(0))
    with pytest.raises(ValueError, match=r"makes 4 frames of 13, fewer than 2 \+ 3: give windows of 17 frames"):
        MoveFlow(action, horizon=3)(data.clone())


@pytest.mark.parametrize(("action", "size"), [(FlowAction(angle=0.7), (20, 20)), (FlowAction(scale=1.3), (22, 22))])
def test_what_is_outside_is_marked_or_cut_off(action, size):
    data = window(history=3, horizon=4, height=30, width=30)
    whole = MoveFlow(action, horizon=1)(data.clone())
    assert not whole.mask.all()
    assert torch.equal(joined(whole).isnan(), ~whole.mask.expand_as(joined(whole)))
    cut = MoveFlow(action, horizon=1, size=size)(data.clone())
    assert cut.mask.all()
    assert joined(cut).isfinite().all()
    edge = (30 - size[0]) // 2
    assert torch.equal(joined(cut), joined(whole)[..., edge:-edge, edge:-edge])
    filled = MoveFlow(action, horizon=1, fill=0.0)(data.clone())
    assert torch.equal(joined(filled), joined(whole).nan_to_num(0.0))


def test_land_is_not_moved_by_the_wind():
    data = window()
    mask = torch.ones(1, 5, 1, 8, 8, dtype=torch.bool)
    mask[..., :3, :2] = False
    data.mask = mask
    moved = MoveFlow(FlowAction(motion=(5.0, 5.0)), fill=0.0)(data.clone())
    assert torch.equal(moved.mask, mask)
    assert (joined(moved)[~mask.expand_as(joined(moved))] == 0).all()


def test_a_random_set_is_one_set():
    """The same window is moved alike in any order and by any reader; other windows and seeds otherwise."""
    windows = [window() for _ in range(6)]
    for number, data in enumerate(windows):
        data.frame = number
    first, second = RandomMoveFlow("rotation", size=(4, 4)), RandomMoveFlow("rotation", size=(4, 4))
    one = [first(data.clone()) for data in windows]
    other = [second(data.clone()) for data in reversed(windows)][::-1]
    assert all(torch.equal(a.x, b.x) for a, b in zip(one, other, strict=True))
    assert len({float(data.x[0, 0, 0, 0, 0]) for data in one}) == 6
    assert not torch.equal(RandomMoveFlow("rotation", seed=1, size=(4, 4))(windows[0].clone()).x, one[0].x)
    assert Batch.from_data_list(one).mask.shape == (6, 5, 1, 4, 4)


def test_draws_are_as_promised():
    def actions(*arguments):
        return [RandomMoveFlow(*arguments).action(0, frame) for frame in range(400)]

    motion = torch.tensor([action.motion for action in actions("motion", 3.0)])
    assert motion.abs().max() <= 3
    assert motion.std(0) == pytest.approx([3 / 3**0.5] * 2, rel=0.1)
    assert abs(float(torch.corrcoef(motion.mT)[0, 1])) < 0.15
    magnitude = torch.tensor([action.magnitude for action in actions("magnitude")])
    assert 0 <= magnitude.min() < 0.1
    assert 1.9 < magnitude.max() <= 2
    quarters = [round(action.angle / (math.pi / 2)) for action in actions("quarter_turn")]
    assert all(90 < quarters.count(turns) < 180 for turns in (1, 2, 3))
    angles = torch.tensor([action.angle for action in actions("rotation")])
    assert -math.pi < angles.min() < -3
    assert 3 < angles.max() < math.pi
    assert 150 < sum(action.reflected for action in actions("reflection")) < 250
    scales = torch.tensor([action.scale for action in actions("scaling", 1.5)])
    assert 1 / 1.5 <= scales.min() < 0.7
    assert 1.45 < scales.max() <= 1.5
    assert 150 < int((scales > 1).sum()) < 250


def test_what_is_refused():
    with pytest.raises(ValueError, match="expected a window of a flow"):
        MoveFlow(FlowAction())(Data(x=torch.zeros(3, 2, 4, 4)))
    with pytest.raises(ValueError, match=r"a size of at most \[8, 8\]"):
        MoveFlow(FlowAction(), size=(9, 4))(window())
    with pytest.raises(ValueError, match="symmetry must be one of"):
        RandomMoveFlow("boost")
    for arguments in (("scaling", 0.5), ("quarter_turn", 1.0), ("motion", -1.0)):
        with pytest.raises(ValueError, match=r"expected .* limit"):
            RandomMoveFlow(*arguments)
    with pytest.raises(ValueError, match="the numbers of its `simulation`"):
        RandomMoveFlow("motion")(Data(x=window().x, y=window().y))
