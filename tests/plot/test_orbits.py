import numpy as np
import pytest
import torch

from pyg_liesym.plot import plot_orbits

T = torch.linspace(0, 6, 30)
CIRCLE = torch.stack([T.cos(), T.sin()], dim=-1)
PAIR = torch.stack([CIRCLE, -CIRCLE], dim=1)  # [T, 2, 2]


def test_orbits_of_one_and_of_many_systems(drawn, panels):
    one = plot_orbits(PAIR, unit="au")
    text = drawn(one)
    assert "body 2" in text
    assert "x [au]" in text
    assert len(panels(one)) == 1
    path = one.axes[0].lines[0].get_xydata()
    np.testing.assert_allclose(path, CIRCLE, rtol=1e-6)
    many = plot_orbits([PAIR, 2 * PAIR, 3 * PAIR[:10], PAIR])
    drawn(many)
    assert len(panels(many)) == 4
    assert len({ax.get_xlim() for ax in panels(many)}) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_orbits([]), "at least one trajectory"),
        (lambda: plot_orbits(torch.zeros(5, 2)), r"\[time, bodies, 2\], got \[5, 2\]"),
        (lambda: plot_orbits(torch.zeros(5, 2, 3)), r"got \[5, 2, 3\]"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
