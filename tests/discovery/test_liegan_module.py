import pytest
import torch
from torch import nn

from pyg_liesym.discovery.liegan_module import LieGANModule, _exp


def module(**options):
    return LieGANModule(nn.Identity(), torch.eye(3), **{"num_channels": 2, "seed": 1, **options})


def test_one_element_moves_all_vectors_of_a_sample():
    game = module()
    vectors = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0))
    w = game.sample_coefficients(5)
    group = torch.linalg.matrix_exp(torch.einsum("bk,kij->bij", w, game.basis))
    expected = torch.stack([torch.stack([group[b] @ vectors[b, v] for v in range(4)]) for b in range(5)])
    assert torch.allclose(game(vectors, w), expected, atol=1e-5)
    assert torch.allclose(game(vectors, torch.zeros(5, 2)), vectors)


def test_mask_holds():
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    game = module(mask=mask)
    with torch.no_grad():
        game.weight.add_(1.0)
    assert bool((game.basis[:, mask == 0] == 0).all())
    assert bool((game.basis[:, mask == 1] != 0).all())


def test_rate_is_the_relative_speed_of_the_data():
    game = LieGANModule(nn.Identity(), torch.diag(torch.tensor([3.0, 1.0])))
    turn, stretch = torch.tensor([[0.0, -1.0], [1.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    assert torch.allclose(game.rates(torch.stack([turn, stretch])), torch.tensor([1.0, 3.0**0.5]))


def test_rates_start_bounded():
    assert torch.allclose(module(max_rate=0.5).rates(module(max_rate=0.5).basis), torch.full((2,), 0.5))


def test_the_largest_rate_is_held_and_the_others_are_free():
    for law, largest in (("normal", 1.0), ("integer", 0.5)):
        game = module(coefficients=law)
        with torch.no_grad():
            game.weight.mul_(torch.tensor([0.5, 0.2]).view(2, 1, 1))
        game._bound_rates()
        assert torch.allclose(game.rates(game.basis), largest * torch.tensor([1.0, 0.4]))


def test_warm_up_ends_at_full_size():
    game = module(warmup=10)
    assert game._warm() == pytest.approx(0.1)
    game.num_updates = 25
    assert game._warm() == 1.0
    assert module(warmup=10, coefficients="integer")._warm() == 1.0


@pytest.mark.parametrize(("law", "scale", "deviation"), [("normal", 2.0, 2.0), ("uniform", 3.0, 3.0**0.5)])
def test_coefficients_share_their_size(law, scale, deviation):
    for num_channels in (1, 4):
        w = module(coefficients=law, coefficient_scale=scale, num_channels=num_channels).sample_coefficients(20_000)
        assert w.std().item() == pytest.approx(deviation / num_channels**0.5, rel=0.05)


def test_integer_coefficients_lie_on_the_grid():
    w = module(coefficients="integer", coefficient_scale=2).sample_coefficients(1000)
    assert set(w.flatten().tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}


def test_same_seed_same_start():
    assert torch.equal(module(seed=3).basis, module(seed=3).basis)
    assert not torch.equal(module(seed=3).basis, module(seed=4).basis)


@pytest.mark.parametrize("size", [0.0, 1e-3, 1.0, 10.0])
def test_fast_exponential_and_its_gradient(size):
    matrices = size * torch.randn(20, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrices = (matrices - matrices.mT).requires_grad_()
    weights = torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    fast, exact = _exp(matrices), torch.linalg.matrix_exp(matrices)
    assert torch.allclose(fast, exact, atol=1e-4)
    gradients = [torch.autograd.grad((g * weights).sum(), matrices)[0] for g in (fast, exact)]
    assert torch.allclose(*gradients, atol=1e-3)
