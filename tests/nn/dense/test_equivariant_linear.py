from __future__ import annotations

import pytest
import torch

from pyg_liesym.lie import LieAlgebra
from pyg_liesym.metrics.equivariance import equivariance_error
from pyg_liesym.nn import EquivariantLinear, EquivariantMLP, HamiltonianNetwork, make_strict, relaxation
from pyg_liesym.nn.dense import EquivariantBilinear
from pyg_liesym.testing import randomize_parameters

SPACE, PLANES = LieAlgebra.rotation(3), LieAlgebra.rotation(2).repeat(4)


SKEWS = torch.Generator().manual_seed(3)
ALGEBRAS = {
    str(algebra): algebra
    for named in (LieAlgebra.rotation(2), SPACE, LieAlgebra.lorentz(), LieAlgebra.symplectic(2), PLANES)
    for algebra in (named, named.conjugate(torch.eye(named.n) + 0.3 * torch.randn(named.n, named.n, generator=SKEWS)))
}


@pytest.mark.parametrize("algebra", ALGEBRAS.values(), ids=ALGEBRAS)
def test_an_equivariant_perceptron_is_equivariant_to_ten_digits(algebra: LieAlgebra) -> None:
    torch.manual_seed(0)
    net = randomize_parameters(EquivariantMLP(algebra, "2V", "1 + V", "6 + 4V")).double()
    x = torch.randn(50, 2 * algebra.n, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    other = torch.eye(algebra.n) + 0.5 * torch.randn(algebra.n, algebra.n, generator=generator)
    elements = (algebra.sample(1, generator=generator)[0], other.double())
    kept, broken = (equivariance_error(net, [x], [net.in_type.matrix(g)], (net.out_type.matrix(g),)) for g in elements)
    assert kept < 1e-10
    assert broken > 1e-5


def test_a_vector_of_the_plane_is_multiplied_by_a_complex_number() -> None:
    layer = randomize_parameters(EquivariantLinear(LieAlgebra.rotation(2), "V", "V")).double()
    matrix = layer(torch.eye(2).double()).mT.detach()
    assert matrix[0, 0] == pytest.approx(float(matrix[1, 1]))
    assert matrix[0, 1] == pytest.approx(-float(matrix[1, 0]))


def test_biases_are_invariant_tensors() -> None:
    layer = randomize_parameters(EquivariantLinear(SPACE, "V", "V + VV"))
    bias = layer(torch.zeros(3)).detach()
    torch.testing.assert_close(bias[:3], torch.zeros(3))  # no vector is left alone by all rotations
    matrix = bias[3:].view(3, 3)
    torch.testing.assert_close(matrix, matrix[0, 0] * torch.eye(3))
    assert matrix[0, 0].abs() > 1e-3


def test_the_variance_is_kept() -> None:
    torch.manual_seed(0)
    x = torch.randn(500, 100 + 30 * 8)
    out = EquivariantLinear(PLANES, "100 + 30V", "100 + 30V")(x).detach()
    assert 0.7 < float(out[:, :100].std()) < 1.4
    assert 0.7 < float(out[:, 100:].std()) < 1.4


def test_the_soft_threshold_favours_what_breaks_little() -> None:
    """Of an algebra whose second frequency is a twentieth of the first, maps that mix the slow plane cost least."""
    turn = LieAlgebra.rotation(2).basis[0]
    layer = EquivariantLinear(LieAlgebra(torch.block_diag(turn, 0.5 * turn)[None]), "V", "V", relaxed=True)
    sizes = layer.blocks["0_0"].broken.flatten(1).norm(dim=1)
    assert sizes[0] == pytest.approx(0.5, abs=1e-6)  # at the first singular value above the gap
    assert bool((sizes.diff() <= 1e-6).all())
    assert sizes[-1] < 0.2


def test_relaxed_layers_learn_what_breaks_the_symmetry() -> None:
    torch.manual_seed(0)
    x = torch.randn(200, 3)
    target = x * torch.tensor([1.0, 1.0, 2.0])
    errors = {}
    for relaxed in (False, True):
        layer = EquivariantLinear(SPACE, "V", "V", relaxed=relaxed)
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
        for _ in range(300):
            loss = (layer(x) - target).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        errors[relaxed] = loss.item()
    assert errors[True] < 1e-3
    assert errors[False] > 0.1
    assert relaxation(layer) > 0.1
    make_strict(layer)
    assert relaxation(layer) < 1e-12


def test_a_found_algebra_gives_a_network_as_equivariant_as_it_is() -> None:
    exact = LieAlgebra.rotation(2).repeat(2)
    noise = torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(0)).double()
    errors = []
    for amount in (0.0, 1e-4, 1e-2):
        found = LieAlgebra(exact.basis + amount * noise)
        torch.manual_seed(0)
        net = randomize_parameters(EquivariantMLP(found, "V", "V", "8 + 4V")).double()
        g, x = exact.exp(torch.tensor([0.7])), torch.randn(50, 4).double()
        errors.append(equivariance_error(net, [x], [g], (g,)))
    assert errors[0] < 1e-12
    assert errors[0] < errors[1] < 3e-3
    assert errors[1] < errors[2] < 0.3


def test_mistakes_get_a_sentence() -> None:
    with pytest.raises(ValueError, match="no linear map from 3 to V commutes with"):
        EquivariantLinear(SPACE, "3", "V")
    blocks = [LieAlgebra.rotation(2).basis[0] * 0.5**k for k in range(7)]
    with pytest.raises(ValueError, match=r"not clear which maps from V to .*expected a gap of 10"):
        EquivariantLinear(LieAlgebra(torch.block_diag(*blocks)[None]), "V + 1", "1 + V")
    with pytest.raises(ValueError, match="at least 2 layers"):
        EquivariantMLP(SPACE, "V", "V", "V", 1)
    with pytest.raises(ValueError, match="expected a hidden type with the words of the output"):
        EquivariantMLP(SPACE, "V", "V", "8")
    with pytest.raises(ValueError, match="no product of two tensors"):
        EquivariantBilinear(LieAlgebra.general_linear(3), "2V", "1")
    with pytest.raises(ValueError, match="positions and as many momenta, got 3"):
        HamiltonianNetwork(torch.nn.Linear(3, 1))(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="at least one substep"):
        HamiltonianNetwork(torch.nn.Linear(4, 1), substeps=0)


def test_hamiltonian_network_keeps_its_energy_and_works_without_gradients() -> None:
    torch.manual_seed(0)
    energy = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).double()
    net, x = HamiltonianNetwork(energy, dt=0.5, substeps=4), torch.randn(10, 4).double()
    with torch.no_grad():
        moved = x
        for _ in range(20):
            moved = net(moved)
        assert (moved - x).norm() > 0.1
        assert (energy(moved) - energy(x)).abs().max() < 1e-4
        still = HamiltonianNetwork(torch.nn.Sequential(*energy, torch.nn.Tanh()), dt=0.0)
        torch.testing.assert_close(still(x), x)
    net(x).square().sum().backward()
    assert all(p.grad is not None for name, p in energy.named_parameters() if name != "2.bias")
