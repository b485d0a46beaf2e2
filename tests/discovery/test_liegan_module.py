import pytest
import torch
from torch import nn

from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.liegan_module import LieGANModule, LieGANRegulariser, _exp


def test_one_element_moves_all_vectors_of_a_sample():
    game = LieGANModule(nn.Identity(), GroupDistribution(torch.eye(3), num_channels=2, seed=1))
    vectors = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0))
    w = game.group.sample_coefficients(5)
    elements = torch.linalg.matrix_exp(torch.einsum("bk,kij->bij", w, game.group.basis))
    expected = torch.stack([torch.stack([elements[b] @ vectors[b, v] for v in range(4)]) for b in range(5)])
    assert torch.allclose(game(vectors, w), expected, atol=1e-5)
    assert torch.allclose(game(vectors, torch.zeros(5, 2)), vectors)


def test_regularisers_are_weighted():
    start = torch.stack([torch.eye(2), torch.tensor([[1.0, 0.0], [0.0, 0.0]])])
    group = GroupDistribution(torch.eye(2), num_channels=2, start=start)
    still = torch.tensor([[[1.0, 0.0]]])
    turned = torch.tensor([[[0.5, 0.75**0.5]]])
    parts = [LieGANRegulariser(*weights)(still, turned, group).item() for weights in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert parts == pytest.approx([0.5, 0.5, 3 / 8], rel=1e-4)
    assert LieGANRegulariser(2, 3, 4)(still, turned, group).item() == pytest.approx(
        2 * 0.5 + 3 * 0.5 + 4 * 3 / 8, rel=1e-4
    )
    with pytest.raises(ValueError, match="must not be negative"):
        LieGANRegulariser(channels_apart=-1.0)


@pytest.mark.parametrize("size", [0.0, 1e-3, 1.0, 10.0])
def test_fast_exponential_and_its_gradient(size):
    matrices = size * torch.randn(20, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrices = (matrices - matrices.mT).requires_grad_()
    weights = torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    fast, exact = _exp(matrices), torch.linalg.matrix_exp(matrices)
    assert torch.allclose(fast, exact, atol=1e-4)
    gradients = [torch.autograd.grad((g * weights).sum(), matrices)[0] for g in (fast, exact)]
    assert torch.allclose(*gradients, atol=1e-3)
