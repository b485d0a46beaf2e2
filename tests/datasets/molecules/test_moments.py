import torch

from pyg_liesym.datasets.molecules.moments import principal_axes, second_moments, vectors_of_moments


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def clouds():
    batch = torch.tensor([0] * 5 + [1] * 7 + [2] * 4)
    return draw(16, 3), draw(16, seed=1).exp(), batch


def test_moments_equal_the_loop():
    pos, weight, batch = clouds()
    found = second_moments(pos, weight, batch, 3)
    for number in range(3):
        own, w = pos[batch == number], weight[batch == number]
        apart = own - (w[:, None] * own).sum(0) / w.sum()
        assert torch.allclose(found[number], sum(m * torch.outer(r, r) for m, r in zip(w, apart, strict=True)))


def test_moments_follow_any_map_and_no_translation():
    pos, weight, batch = clouds()
    found = second_moments(pos, weight, batch, 3)
    g = draw(3, 3, seed=2)
    assert torch.allclose(second_moments(pos @ g.mT + 100.0, weight, batch, 3), g @ found @ g.mT, atol=1e-9)


def test_vectors_have_the_moments_and_move_with_the_points():
    pos, weight, batch = clouds()
    moments = second_moments(pos, weight, batch, 3)
    vectors = vectors_of_moments(moments, torch.Generator().manual_seed(3))
    assert torch.allclose(torch.einsum("ska,skb->sab", vectors, vectors), moments)
    g = draw(3, 3, seed=4)
    moved = vectors @ g.mT
    assert torch.allclose(torch.einsum("ska,skb->sab", moved, moved), g @ moments @ g.mT)
    # Not the symmetric root, nor a triangle: no relation that would tell moved vectors from others.
    assert (vectors - vectors.mT).abs().amax((1, 2)).min() > 0.1


def test_axes_are_the_longest_and_point_both_ways():
    moments = torch.diag(torch.tensor([9.0, 1.0, 4.0])).expand(50, 3, 3)
    axes = principal_axes(moments, 2, torch.Generator().manual_seed(0))
    assert axes.shape == (50, 2, 3)
    assert torch.allclose(axes.abs()[0], torch.tensor([[0.0, 0.0, 2.0], [3.0, 0.0, 0.0]]))
    assert 10 < int((axes[:, 1, 0] > 0).sum()) < 40
