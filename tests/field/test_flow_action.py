"""Every transformation against the formula, on a flow of which all is known."""

import math
from functools import partial

import pytest
import torch

from pyg_liesym.field import FlowAction
from pyg_liesym.field.lattice import Lattice
from pyg_liesym.metrics.flows import vorticity

NU = 0.4
MIDDLE = torch.tensor([2.0, -1.0], dtype=torch.float64)


def vortex(places, time, start=20.0, middle=MIDDLE):
    """A decaying vortex (Lamb and Oseen), which solves the Navier–Stokes equations; [..., 2] at [..., 2]."""
    x, y = (places - middle).unbind(-1)
    square = (x**2 + y**2).clamp(min=1e-12)
    swirl = 9 * -torch.expm1(-square / (4 * NU * (time + start))) / square
    return torch.stack([-y * swirl, x * swirl], -1)


def recorded(flow, frames, height, width):
    """Frames [T, 2, H, W] of a flow of places and times; the middle is the origin."""
    lattice = Lattice(height, width, origin=(-(width - 1) / 2, -(height - 1) / 2))
    places = lattice.positions(torch.float64)
    return torch.stack([lattice.to_field(flow(places, float(t)))[0] for t in range(frames)])


@pytest.mark.parametrize("turns", [1, 2, 3, 4, -1, 5])
def test_the_turned_set_is_turned(turns):
    """Vorticity turns with the places, vectors turn with them too, and the frames that are not turned fail this."""
    flow = recorded(vortex, 2, 12, 18)
    turned, known = FlowAction(angle=turns * math.pi / 2)(flow)
    assert known.all()
    torch.testing.assert_close(vorticity(turned), torch.rot90(vorticity(flow), turns, (-2, -1)))
    places_alone = torch.rot90(flow, turns, (-2, -1))
    if turns % 4:
        vectors_alone = FlowAction(angle=turns * math.pi / 2)(flow.flip(-1))[0]
        assert (turned - places_alone).norm() > 0.5 * flow.norm()
        assert turned.shape != flow.shape or (turned - flow).norm() > 0.5 * flow.norm()
        assert (turned - vectors_alone).norm() > 0.5 * flow.norm()
    # The mean velocity turns as a vector does, exactly.
    u, v = flow.mean((0, -2, -1)).tolist()
    expected = [(u, v), (-v, u), (-u, -v), (v, -u)][turns % 4]
    torch.testing.assert_close(turned.mean((0, -2, -1)), torch.tensor(expected, dtype=torch.float64))
    back, _ = FlowAction(angle=-turns * math.pi / 2)(turned)
    assert torch.equal(back, flow)


@pytest.mark.parametrize("angle", [0.3, -2.0, math.pi / 4])
def test_any_angle(angle):
    flow = recorded(vortex, 2, 41, 51)
    turned, known = FlowAction(angle=angle)(flow)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    expected = recorded(lambda r, t: vortex(r, t, middle=turn @ MIDDLE), 2, 41, 51)
    inside = known.expand_as(flow)
    assert (turned - expected)[inside].abs().max() < 2e-3 * flow.abs().max()
    assert (flow - expected)[inside].abs().max() > 0.1 * flow.abs().max()
    # Exactly what came from outside is not known.
    rows, columns = torch.meshgrid(20 - torch.arange(41.0).double(), torch.arange(51.0).double() - 25, indexing="ij")
    x, y = turn.mT @ torch.stack([columns, rows]).flatten(1)
    came = ((x.abs() <= 25) & (y.abs() <= 20)).view(41, 51)
    assert torch.equal(known[0, 0], came)
    assert torch.equal(turned.isfinite(), inside)
    # The disc in the middle is known at any angle.
    assert known[..., (columns**2 + rows**2).sqrt() <= 20].all()


@pytest.mark.parametrize("scale", [2.0, 0.5, 1.5, 0.8, math.sqrt(2)])
def test_space_and_time_are_scaled_together(scale):
    """λ w(λx, λ²t) of the vortex is the vortex of the age divided by λ², which solves the same equations."""
    flow = recorded(vortex, 9, 31, 37)
    scaled, known = FlowAction(scale=scale)(flow)
    assert len(scaled) == math.floor(8 / scale**2 + 1e-9) + 1
    expected = recorded(lambda r, t: vortex(r, t, 20 / scale**2, MIDDLE / scale), len(scaled), 31, 37)
    error = (scaled - expected)[known.expand_as(scaled)].abs().max()
    assert error < 0.01 * expected.abs().max()
    # Without the axis of time, or without the factor of velocities, it would not be.
    still = recorded(lambda r, t: vortex(r, t / scale**2, 20 / scale**2, MIDDLE / scale), len(scaled), 31, 37)
    assert len(scaled) == 1 or (scaled - still)[known.expand_as(scaled)].abs().max() > 3 * error
    assert (scaled / scale - expected)[known.expand_as(scaled)].abs().max() > 0.1 * expected.abs().max()
    share = float(known[0].double().mean())
    assert share == 1 if scale < 1 else abs(share - 1 / scale**2) < 0.1


def test_a_scaling_by_two_of_an_odd_lattice_picks_places_and_frames():
    flow = recorded(vortex, 9, 9, 13)
    scaled, known = FlowAction(scale=2.0)(flow)
    assert torch.equal(scaled[..., 2:7, 3:10], 2 * flow[::4, :, ::2, ::2])
    assert torch.equal(known[0, 0, :, 6].nonzero().flatten(), torch.arange(2, 7))


def test_motion_magnitude_and_reflection_are_exact():
    flow = recorded(vortex, 2, 5, 6)
    moved, known = FlowAction(motion=(3.0, -1.0), magnitude=-0.5)(flow)
    assert known.all()
    torch.testing.assert_close(moved, -0.5 * flow + torch.tensor([3.0, -1.0], dtype=torch.float64).view(2, 1, 1))
    mirrored, _ = FlowAction(reflected=True)(flow)
    torch.testing.assert_close(vorticity(mirrored), -vorticity(flow).flip(-2))
    assert torch.equal(FlowAction(reflected=True)(mirrored)[0], flow)
    assert torch.equal(FlowAction()(flow)[0], flow)


def test_the_order_is_that_of_the_formula():
    """(g w)(x) = a λ R F w(λ (R F)⁻¹ x) + c, all at once."""
    flow = recorded(vortex, 1, 41, 41)
    action = FlowAction(motion=(0.4, 0.1), magnitude=1.3, angle=0.6, scale=1.25, reflected=True)
    moved, known = action(flow)
    turn = torch.tensor([[math.cos(0.6), -math.sin(0.6)], [math.sin(0.6), math.cos(0.6)]], dtype=torch.float64)
    g = turn @ torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))

    def formula(places, time):
        return 1.3 * 1.25 * vortex(1.25 * places @ g, time) @ g.mT + torch.tensor([0.4, 0.1], dtype=torch.float64)

    error = (moved - recorded(formula, 1, 41, 41))[known.expand_as(moved)]
    assert error.abs().max() < 2e-3 * moved.nan_to_num(0).abs().max()


def test_gaps_stay_gaps():
    flow = recorded(vortex, 5, 12, 18)
    flow[2, :, 3, 4] = math.nan
    for action in (FlowAction(motion=(1.0, 0.0)), FlowAction(magnitude=0.0)):
        moved, known = action(flow)
        assert torch.equal(known, flow.isfinite().all(-3, keepdim=True))
        assert torch.equal(moved.isnan(), flow.isnan())
    turned, known = FlowAction(angle=math.pi / 2)(flow)
    assert (~known).nonzero().tolist() == [[2, 0, 18 - 1 - 4, 3]]
    turned, known = FlowAction(angle=0.1)(flow)
    assert 9 <= int((~known[2] & known[0]).sum()) <= 24
    assert turned[2][known[2].expand(2, -1, -1)].abs().max() <= 1.01 * flow.nan_to_num(0).abs().max()
    # A mask says more than the values: what stands there is not used.
    filled, mask = flow.nan_to_num(99.0), flow.isfinite().all(-3, keepdim=True)
    assert torch.equal(FlowAction(angle=0.1)(filled, mask)[0].nan_to_num(-1), turned.nan_to_num(-1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batches_are_moved_as_one_by_one(dtype):
    flow = recorded(vortex, 5, 6, 8).to(dtype)
    batch = torch.stack([flow, 2 * flow]).view(1, 2, 5, 2, 6, 8)
    for action in (FlowAction(angle=1.0), FlowAction(scale=1.2), FlowAction(angle=math.pi / 2, motion=(1.0, 2.0))):
        moved, known = action(batch)
        assert moved.dtype == dtype
        for k in range(2):
            one, sure = action(batch[0, k])
            assert torch.equal(moved[0, k].nan_to_num(9), one.nan_to_num(9))
            assert torch.equal(known[0, k], sure)


def test_frames_that_are_needed():
    for scale in (2.0, 1.0, 0.5, math.sqrt(3), 1.1):
        action = FlowAction(scale=scale)
        for count in (1, 2, 7):
            needed = action.frames(count)
            made = [len(action(torch.zeros(have, 2, 3, 3))[0]) for have in (needed, max(needed - 1, 1))]
            assert made[0] >= count
            assert needed == 1 or made[1] < count


def test_what_is_refused():
    for wrong in (partial(FlowAction, scale=0.0), partial(FlowAction, angle=math.nan)):
        with pytest.raises(ValueError, match="expected finite numbers and a positive scale"):
            wrong()
    with pytest.raises(ValueError, match="frames of velocities"):
        FlowAction()(torch.zeros(3, 3, 4, 4))
    with pytest.raises(ValueError, match=r"expected known places \[3, 1, 4, 4\], got \[3, 4, 4\]"):
        FlowAction()(torch.zeros(3, 2, 4, 4), torch.ones(3, 4, 4, dtype=torch.bool))
