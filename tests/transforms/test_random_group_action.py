from __future__ import annotations

import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_liesym.lie import LieAlgebra
from pyg_liesym.transforms import RandomGroupAction

PLANE, LORENTZ = LieAlgebra.rotation(2), LieAlgebra.lorentz()


def orbits(count: int = 5) -> Batch:
    generator = torch.Generator().manual_seed(0)
    graphs = []
    for size in range(1, count + 1):
        pos, y = (torch.randn(size, width, generator=generator) for width in (2, 4))
        graphs.append(Data(pos=pos, y=y, mass=torch.ones(size)))
    return Batch.from_data_list(graphs)


def seeded(algebra: LieAlgebra, *attrs: str, **options: float) -> RandomGroupAction:
    return RandomGroupAction(algebra, attrs, generator=torch.Generator().manual_seed(0), **options)


def test_a_graph_moves_by_one_element_and_its_named_features_alike() -> None:
    before, batch = orbits(), orbits()
    pos, y, batch_of = before.pos, before.y, before.batch
    moved = seeded(PLANE, "pos", "y", scale=torch.pi)(batch)
    matrices = PLANE.sample(5, torch.pi, torch.Generator().manual_seed(0)).float()[batch_of]
    torch.testing.assert_close(moved.pos, torch.einsum("nij,nj->ni", matrices, pos))
    torch.testing.assert_close(moved.y[:, 2:], torch.einsum("nij,nj->ni", matrices, y[:, 2:]))
    assert (moved.pos - pos).norm(dim=1).min() > 1e-3
    assert moved.mass.equal(before.mass)
    assert moved.pos.dtype == torch.float32


@pytest.mark.parametrize("algebra", [LORENTZ, LORENTZ.conjugate(torch.eye(4) + 0.3 * torch.ones(4, 4))])
def test_forms_of_the_algebra_are_kept(algebra: LieAlgebra) -> None:
    J = algebra.invariant_metric().J
    p = torch.randn(30, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    batch = Batch(x=p.clone(), batch=torch.arange(30) // 3)
    moved = seeded(algebra, "x")(batch).x
    for graph in p.view(10, 3, 4), moved.view(10, 3, 4):
        assert graph.shape == (10, 3, 4)
    before, after = (v.view(10, 3, 4) @ J @ v.view(10, 3, 4).mT for v in (p, moved))
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-9)
    assert (moved - p).abs().max() > 0.1


def test_copies_differ_and_seeds_repeat() -> None:
    action, other = (seeded(PLANE, "pos") for _ in range(2))
    first, second = action(orbits()).pos, action(orbits()).pos
    assert not torch.allclose(first, second)
    assert first.equal(other(orbits()).pos)
    assert seeded(PLANE, "pos", scale=0.0)(orbits()).pos.allclose(orbits().pos)


def test_a_single_graph_needs_no_batch() -> None:
    alone = seeded(PLANE, "pos", scale=torch.pi)(Data(pos=torch.eye(2)))
    torch.testing.assert_close(alone.pos @ alone.pos.mT, torch.eye(2))


def test_mistakes_get_a_sentence() -> None:
    with pytest.raises(ValueError, match="finite `scale`"):
        RandomGroupAction(PLANE, scale=-1.0)
    with pytest.raises(ValueError, match="got one of dimension 0"):
        RandomGroupAction(LieAlgebra(torch.zeros(0, 2, 2)))
    with pytest.raises(ValueError, match="expected a list of names of features"):
        RandomGroupAction(PLANE, "pos")
    with pytest.raises(ValueError, match=r"expected `vel` with vectors of 2 components in rows \[N, k·2\], got none"):
        seeded(PLANE, "vel")(orbits())
    with pytest.raises(ValueError, match=r"vectors of 4 components .*got \[15, 2\]"):
        seeded(LORENTZ, "pos")(orbits())
    batch = orbits()
    batch.y = torch.zeros(5, 2)
    with pytest.raises(ValueError, match="a row for each of 15 nodes, got 5 rows"):
        seeded(PLANE, "y")(batch)
