"""Fields in space: strict at first for every rotation and reflection, broken by relaxation."""

import pytest
import torch

from pyg_liesym.field.spherical import ShellBasis, irreps, spherical_harmonics
from pyg_liesym.nn.conv.tensor_field_conv import TensorFieldConv
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

o3 = pytest.importorskip("e3nn.o3")
IN, OUT = "3x0e + 2x1o + 1x2e + 1x0o", "2x0e + 2x1o + 1x1e + 1x2o"
SHELLS = ShellBasis.up_to(2.0, count=3, max_degree=3, relaxed_degree=2)


def action(kind, g):
    """The matrix of g, from Y(g r) = D Y(r); e3nn's own goes through angles and is right to 1e-7 only."""
    places = torch.randn(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    blocks = []
    for rep, count in kind:
        own = slice(rep.degree**2, (rep.degree + 1) ** 2)
        before, after = (spherical_harmonics(r, rep.degree)[:, own] for r in (places, places @ g.mT))
        matrix = torch.linalg.lstsq(before, after).solution.mT
        # Y_l has the parity (−1)^l; the inversion does more, or less, to an irrep of the other one.
        odd_one_out = rep.parity != (-1) ** rep.degree and float(torch.det(g)) < 0
        blocks += [-matrix if odd_one_out else matrix] * count
    return torch.block_diag(*blocks)


def check(layer):
    generator = torch.Generator().manual_seed(0)
    pos = torch.randn(8, 3, dtype=torch.float64, generator=generator)
    x = torch.randn(8, layer.kernel.in_type.channels, dtype=torch.float64, generator=generator)
    edge_index = torch.randint(8, (2, 30), generator=generator)
    for g in (o3.rand_matrix(dtype=torch.float64), -o3.rand_matrix(dtype=torch.float64)):
        acts = [action(irreps(kind), g) for kind in (IN, OUT)]
        moved = lambda r: r @ g.mT + 3.0  # noqa: B023, E731
        assert_equivariant(lambda x, pos: layer(x, pos, edge_index), [x, pos], [acts[0], moved], [acts[1]])


def test_strict_at_first_and_after_make_strict_and_not_between():
    layer = TensorFieldConv(IN, OUT, SHELLS, max_degree=3, relaxed=True).double()
    check(layer)
    assert layer.relaxation() < 1e-12
    randomize_parameters(layer)
    with pytest.raises(AssertionError, match="not equivariant"):
        check(layer)
    assert layer.relaxation() > 0.1
    layer.make_strict()
    check(layer)


def test_a_strict_layer_with_random_weights():
    layer = TensorFieldConv(IN, OUT, ShellBasis.up_to(2.0, count=3, max_degree=3), max_degree=3).double()
    check(randomize_parameters(layer))
    assert layer.relaxation() < 1e-12


@pytest.mark.parametrize(("l_in", "l_out"), [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)])
def test_the_number_of_kernels_on_a_shell_is_known(l_in, l_out):
    """One for each degree from |l_in − l_out| to l_in + l_out of the right parity (here all: parities (−1)^l)."""
    kinds = [f"{degree}{'eo'[degree % 2]}" for degree in (l_in, l_out)]
    layer = TensorFieldConv(*kinds, ShellBasis((1.0,), 0.5, 4), max_degree=4)
    wanted = [degree for degree in range(abs(l_in - l_out), l_in + l_out + 1) if (degree - l_in - l_out) % 2 == 0]
    assert [len(weight) for weight in layer.kernel.weights] == [len(wanted)]


def test_gradients_and_the_offset_zero():
    layer = TensorFieldConv("2x0e + 1x1o", "1x1o", SHELLS, relaxed=True)
    pos = torch.zeros(2, 3, requires_grad=True)
    layer(torch.randn(2, 5), pos, torch.tensor([[0, 1], [1, 1]])).square().sum().backward()
    assert pos.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in layer.parameters() if p.grad is not None)


def test_repr_and_what_is_refused():
    layer = TensorFieldConv("2x0e+1o", "1e", SHELLS, relaxed=True)
    assert repr(layer) == "TensorFieldConv(2 x 0e + 1 x 1o of O(3) -> 1 x 1e of O(3), relaxed=True)"
    with pytest.raises(ValueError, match=r"\[2, 3\], got \[2, 2\]"):
        layer(torch.ones(2, 5), torch.ones(2, 2), torch.zeros(2, 1, dtype=torch.long))
    with pytest.raises(ValueError, match="written like"):
        irreps("3x0x")
    basis = ShellBasis.up_to(1.0, count=2, max_degree=2, relaxed_degree=1)
    with pytest.raises(ValueError, match="need a basis up to 4"):
        TensorFieldConv("0e", "0e", basis, max_degree=3, relaxed=True)
    with pytest.raises(ValueError, match="no kernel"):
        TensorFieldConv("0e", "0o", SHELLS)
