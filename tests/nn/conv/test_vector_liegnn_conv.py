from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import Sequential

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.conv.vector_liegnn_conv import VectorLieGNNConv
from pyg_liesym.nn.message import cuts
from pyg_liesym.nn.message.metric import MetricShape
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

pytestmark = pytest.mark.usefixtures("edges_in_tiles")

H, C = 6, 3
AREA = torch.block_diag(*2 * [torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)])
STRETCH = torch.tensor([[1.0, 0.4, 0.0], [0.0, 2.0, -0.3], [0.0, 0.0, 0.5]], dtype=torch.float64)
ABOUT_Z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
EMBEDDED = LieAlgebra(torch.block_diag(LieAlgebra.rotation(2).basis[0], torch.zeros(1, 1)).double()[None])
PLANE = torch.diag(torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64))

# By name: J, an algebra that keeps it, and one that does not.
GROUPS: dict[str, tuple[Any, LieAlgebra, LieAlgebra]] = {
    "so(2)": (torch.eye(2), LieAlgebra.rotation(2), LieAlgebra.preserving(minkowski(2, dtype=torch.float64))),
    "so(3)": (torch.eye(3), LieAlgebra.rotation(3), LieAlgebra.rotation(3).conjugate(STRETCH)),
    "so(5)": (torch.eye(5), LieAlgebra.rotation(5), LieAlgebra.preserving(minkowski(5, dtype=torch.float64))),
    "so(1,3)": (minkowski(), LieAlgebra.lorentz(), LieAlgebra.rotation(4)),
    "a conjugate of so(3)": (
        LieAlgebra.rotation(3).conjugate(STRETCH).invariant_metric(),
        LieAlgebra.rotation(3).conjugate(STRETCH),
        LieAlgebra.rotation(3),
    ),
    "sp(4)": (AREA, LieAlgebra.preserving(AREA), LieAlgebra.rotation(4)),
    "a form that sees a plane": (PLANE, EMBEDDED, LieAlgebra.rotation(3)),
    "two forms": (ABOUT_Z.invariant_metric(), ABOUT_Z, LieAlgebra.rotation(3)),
}


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def layer(*args: Any, seed: int = 0, **options: Any) -> VectorLieGNNConv:
    conv = VectorLieGNNConv(*args, **options).double()
    randomize_parameters(conv, generator=torch.Generator().manual_seed(seed))
    return conv


@pytest.mark.parametrize("name", GROUPS)
def test_keeps_the_group_of_its_forms_and_no_other(name: str) -> None:
    metric, algebra, other = GROUPS[name]
    n = algebra.basis.size(-1)
    conv = layer(H, H, C, metric=metric.double() if isinstance(metric, Tensor) else metric)
    x, pos, vectors = random(6, H), random(6, n, seed=1), random(6, C, n, seed=2)
    run = lambda p, v: conv(x, p, vectors=v)  # noqa: E731
    good, bad = (
        a.sample(1, 0.5, generator=torch.Generator().manual_seed(0))[0].to(torch.float64) for a in (algebra, other)
    )
    assert_equivariant(run, [pos, vectors], [good, good], [None, good])
    assert_equivariant(run, [pos, vectors], [lambda p: p + 3.0, lambda v: v], [None, None])
    with pytest.raises(AssertionError):
        assert_equivariant(run, [pos, vectors], [bad, bad], [None, bad])


def test_every_one_of_several_forms_is_used() -> None:
    conv = layer(H, H, C, metric=ABOUT_Z.invariant_metric())
    x, pos, vectors = random(6, H), random(6, 3, seed=1), random(6, C, 3, seed=2)
    _, both = conv(x, pos, vectors=vectors)
    for stretched in (torch.tensor([1.0, 1.0, 2.0]).double(), torch.tensor([2.0, 2.0, 1.0]).double()):
        new, _ = conv(x, pos * stretched, vectors=vectors * stretched)
        assert not torch.allclose(new, conv(x, pos, vectors=vectors)[0], atol=1e-3)
    assert both.shape == (6, C, 3)


def psi(s: Tensor) -> Tensor:
    return torch.sign(s) * torch.log(1 + s.abs())


def by_hand(conv: VectorLieGNNConv, x: Tensor, pos: Tensor, edge_index: Tensor, attr: Tensor, v: Tensor) -> Any:
    """The equations of the docstring, one node and one edge after the other."""
    forms, maps = conv.metric(), conv.edge_map
    product = lambda a, b: torch.stack([a @ J @ b for J in forms])  # noqa: E731
    new_x, new_v = [], []
    for i in range(len(x)):
        gathered, u, arriving = torch.zeros(maps.channels).double(), v[i].clone(), (edge_index[1] == i).nonzero()[:, 0]
        for e in arriving.tolist():
            j, r = edge_index[0, e], pos[i] - pos[edge_index[0, e]]
            seen = [[product(r, v[i, c]) for c in range(C)], [product(r, v[j, c]) for c in range(C)]]
            seen.append([product(v[j, c], v[i, c]) for c in range(C)])
            near = [psi(scale * product(r, r)) / min(1, scale) for scale in conv.scales]
            features = torch.stack([*near, *(psi(s) for kind in seen for s in kind)], dim=1).flatten()
            features = torch.cat([features, attr[e]])
            z = maps.lin_target(x[i]) + maps.lin_source(x[j]) + maps.lin_edge(features)
            message = maps.phi_e(z)
            message = message * maps.phi_m(message)
            along, carried = conv.phi_x(message).chunk(2)
            gathered = gathered + message
            u = u + (along[:, None] * r + carried[:, None] * v[j]) / len(arriving)
        gram = torch.stack([psi(u @ J @ u.T).flatten() for J in forms]).flatten()
        change, gates = conv.phi_h(torch.cat([x[i], gathered, gram])).split([conv.out_channels, C])
        new_x.append(x[i] + change)
        new_v.append(u + gates.sigmoid()[:, None] * (conv.mix.weight @ u))
    return torch.stack(new_x), torch.stack(new_v)


@pytest.mark.parametrize("scales", [(1.0, 30.0), (0.01, 1.0, 30.0)], ids=str)
@pytest.mark.parametrize("tiles", [False, True])
def test_is_the_formula(scales: tuple[float, ...], tiles: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if tiles:
        monkeypatch.setattr(cuts, "_CPU_BYTES", 400)
    forms = random(2, 4, 4, seed=3)
    conv = layer(H, H, C, metric=forms, edge_dim=2, scales=scales)
    edge_index = torch.tensor([[0, 1, 2, 3, 3, 0], [1, 0, 0, 2, 0, 1]])
    given = random(5, H), random(5, 4, seed=1), edge_index, random(6, 2, seed=4), random(5, C, 4, seed=2)
    # The fifth node has no neighbours: nothing arrives, and the mean over nothing is zero.
    torch.testing.assert_close(conv(*given), by_hand(conv, *given))


def test_a_small_scale_gives_the_distance_as_it_is() -> None:
    conv = layer(H, H, C, metric=torch.eye(3), scales=(1e-6, 1.0))
    seen: list[Tensor] = []
    conv.edge_map.lin_edge.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    pos = torch.tensor([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]], dtype=torch.float64)
    conv(random(2, H), pos, torch.tensor([[0], [1]]))
    assert seen[0][0, 0] == pytest.approx(25, rel=1e-4)
    assert seen[0][0, 1] == pytest.approx(math.log(26), rel=1e-12)


def test_the_metric_comes_with_the_call() -> None:
    own = layer(H, H, C, metric=minkowski(dtype=torch.float64))
    borrowed = layer(H, H, C, metric=MetricShape(1, 4))
    borrowed.load_state_dict({key: value for key, value in own.state_dict().items() if key != "metric.J"})
    x, pos, vectors = random(5, H), random(5, 4), random(5, C, 4)
    found = borrowed(x, pos, vectors=vectors, metric=minkowski(dtype=torch.float64)[None])
    torch.testing.assert_close(found, own(x, pos, vectors=vectors), rtol=0, atol=0)


def test_stands_in_a_sequence_of_pyg() -> None:
    layers = [
        (layer(H, H, C, metric=torch.eye(3), seed=k), "x, pos, edge_index, edge_attr, v -> x, v") for k in range(2)
    ]
    net = Sequential("x, pos, edge_index, edge_attr, v", [*layers, (nn.Linear(H, 2).double(), "x -> x")])
    edge_index = torch.tensor([[0, 1, 2], [1, 2, 0]])
    assert net(random(3, H), random(3, 3), edge_index, None, random(3, C, 3)).shape == (3, 2)


def test_forces_are_gradients_of_an_energy() -> None:
    """Second derivatives, as a loss on forces needs them."""
    conv = layer(H, 1, C, metric=torch.eye(3))
    x, pos = random(4, H), random(4, 3).requires_grad_()

    def energy(p: Tensor) -> Tensor:
        return conv(x, p, vectors=p[:, None].expand(-1, C, -1) - p.mean(0))[0].sum()

    assert torch.autograd.gradgradcheck(energy, (pos,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vector_channels": 0}, "at least one vector channel"),
        ({"vector_aggr": "max"}, "'mean', 'sum' or None"),
        ({"scales": ()}, "`scales` to be positive"),
        ({"scales": (1.0, 0.0)}, "`scales` to be positive"),
        ({"metric": "learned"}, "needs `dim`"),
        ({"metric": LieAlgebra.preserving(AREA).invariant_metric()}, "preserves no metric"),
        ({"metric": torch.ones(3, 2)}, "shape"),
    ],
)
def test_refuses_what_does_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VectorLieGNNConv(H, H, **{"vector_channels": C, "metric": torch.eye(3)} | options)


def test_refuses_inputs_that_do_not_fit() -> None:
    conv = layer(H, H, C, metric=torch.eye(3))
    x, pos = random(4, H), random(4, 3)
    with pytest.raises(ValueError, match=r"expected `vectors` of shape \[4, 3, 3\], got \[4, 2, 3\]"):
        conv(x, pos, vectors=random(4, 2, 3))
    with pytest.raises(ValueError, match="edge_dim=0"):
        conv(x, pos, edge_attr=random(12, 1))
    with pytest.raises(TypeError, match="bipartite"):
        conv((x, x), pos)


ANGLES = (torch.pi / 2, torch.pi)


def star(angle: float) -> tuple[Tensor, Tensor]:
    """A node and two neighbours at the same distance, which do not see each other."""
    angle_ = torch.tensor(angle, dtype=torch.float64)
    pos = torch.stack(
        [torch.zeros(2).double(), torch.tensor([1.0, 0.0]).double(), torch.stack([angle_.cos(), angle_.sin()])]
    )
    return pos, torch.tensor([[1, 2, 0, 0], [0, 0, 1, 2]])


def test_one_layer_sees_an_angle_where_one_vector_sees_distances() -> None:
    """The counter-example of the page on vector channels."""
    x = torch.ones(3, H).double()
    one = LieGNNConv(H, H, metric=torch.eye(2), invariants=("distance",)).double()
    several = layer(H, H, C, metric=torch.eye(2))
    for seed in range(3):
        for conv in (one, several):
            randomize_parameters(conv, generator=torch.Generator().manual_seed(seed))
        right, straight = (one(x, *star(angle))[0][0] for angle in ANGLES)
        torch.testing.assert_close(right, straight)
        right, straight = (several(x, *star(angle))[0][0] for angle in ANGLES)
        assert (right - straight).abs().max() > 1e-3


def test_one_layer_hands_on_a_vector_where_one_vector_moves_along_differences() -> None:
    """A node at rest whose neighbour moves at a right angle to the line between them."""
    x, pos = torch.ones(2, H).double(), torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]).double()
    vel = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).double()
    one = LieGNNConv(H, H, metric=torch.eye(3), velocity=True).double()
    randomize_parameters(one, generator=torch.Generator().manual_seed(0))
    assert one(x, pos, vel=vel)[1][0, 2] == 0
    _, vectors = layer(H, H, C, metric=torch.eye(3))(x, pos, vectors=vel[:, None].expand(-1, C, -1))
    assert vectors[0, :, 2].abs().min() > 1e-3


def test_pyg_can_read_what_the_layer_sends() -> None:
    """From the source of the call it writes a `propagate` of the layer's own; what it cannot read it passes over."""
    conv = VectorLieGNNConv(2, 2, 2, metric=torch.eye(3))
    assert type(conv).propagate.__module__.startswith(f"{type(conv).__module__}_{type(conv).__name__}")
