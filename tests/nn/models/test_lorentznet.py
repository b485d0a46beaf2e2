from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch_geometric.nn import global_add_pool

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.nn.models.lorentznet import LorentzNet, with_beams
from pyg_liesym.testing.equivariance import (
    assert_invariant,
    assert_permutation_equivariant,
    randomize_parameters,
)

pytestmark = pytest.mark.usefixtures("edges_in_tiles")

BATCH = torch.tensor([0] * 4 + [1] * 3 + [2] * 2)
SIZES = [4, 3, 2]


def particles(seed: int = 0, nodes: int = 9, dtype: torch.dtype = torch.float64) -> Tensor:
    """Four-momenta of a few GeV with small masses."""
    generator = torch.Generator().manual_seed(seed)
    momentum = 3 * torch.randn(nodes, 3, dtype=dtype, generator=generator)
    mass = torch.rand(nodes, 1, dtype=dtype, generator=generator)
    return torch.cat([(momentum.square().sum(1, keepdim=True) + mass**2).sqrt(), momentum], dim=1)


def boost() -> Tensor:
    return LieAlgebra.lorentz().exp(torch.tensor([0.5, -0.8, 0.3, 1.0, -0.4, 0.6], dtype=torch.float64))


def network(seed: int = 0, **options: object) -> LorentzNet:
    """A network that is far from the identity, running statistics included."""
    generator = torch.Generator().manual_seed(seed)
    model = LorentzNet(2, 8, 3, 3, **{"c": 0.1, **options}).double()
    randomize_parameters(model, generator=generator)
    for name, buffer in model.named_buffers():
        if "running" in name:
            buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
    return model


def scalars(nodes: int = 9) -> Tensor:
    return torch.randn(nodes, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(5))


def published(hidden: int = 8, num_scalars: int = 2, classes: int = 3, layers: int = 3) -> dict[str, Tensor]:
    """Weights at random under the released names."""
    generator = torch.Generator().manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, rows: int, columns: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (rows, columns)
        if bias:
            shapes[f"{name}.bias"] = (rows,)

    def norm(name: str) -> None:
        shapes.update({f"{name}.{kind}": (hidden,) for kind in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"{name}.num_batches_tracked"] = ()

    linear("embedding", hidden, num_scalars)
    for k in range(layers):
        linear(f"LGEBs.{k}.phi_e.0", hidden, 2 * hidden + 2, bias=False)
        norm(f"LGEBs.{k}.phi_e.1")
        linear(f"LGEBs.{k}.phi_e.3", hidden, hidden)
        linear(f"LGEBs.{k}.phi_h.0", hidden, 2 * hidden + num_scalars)
        norm(f"LGEBs.{k}.phi_h.1")
        linear(f"LGEBs.{k}.phi_h.3", hidden, hidden)
        if k < layers - 1:
            linear(f"LGEBs.{k}.phi_x.0", hidden, hidden)
            linear(f"LGEBs.{k}.phi_x.2", 1, hidden, bias=False)
        linear(f"LGEBs.{k}.phi_m.0", 1, hidden)
    linear("graph_dec.0", hidden, hidden)
    linear("graph_dec.3", classes, hidden)
    weights = {name: 0.3 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    for name, value in weights.items():
        if name.endswith("running_var"):
            weights[name] = 0.5 + value.abs()
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(7)
    return weights


def reference(
    state: dict[str, Tensor], s: Tensor, x: Tensor, sizes: list[int], *, c: float, pad: int | None, training: bool
) -> Tensor:
    """The released network from its formula, over graphs that are filled up to one length: slow, and plain."""

    def linear(name: str, value: Tensor) -> Tensor:
        return F.linear(value, state[f"{name}.weight"], state.get(f"{name}.bias"))

    def norm(name: str, value: Tensor) -> Tensor:
        mean, var, weight, bias = (state[f"{name}.{k}"] for k in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(value, mean.clone(), var.clone(), weight, bias, training)

    psi = lambda v: torch.sign(v) * torch.log(v.abs() + 1)  # noqa: E731
    eta = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=x.dtype)
    length = pad or max(sizes)
    total = len(sizes) * length
    real = torch.tensor([b * length + k for b, size in enumerate(sizes) for k in range(size)])
    s, x = (torch.zeros(total, v.size(1), dtype=v.dtype).index_copy(0, real, v) for v in (s, x))
    pairs = [
        (b * length + k, b * length + other)
        for b, size in enumerate(sizes)
        for k in range(size)
        for other in range(size)
        if k != other
    ]
    i, j = torch.tensor(pairs).T
    h = linear("embedding", s)
    layers = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("LGEBs"))
    for k in range(layers):
        block, difference = f"LGEBs.{k}", x[i] - x[j]
        norms, dots = (difference**2 * eta).sum(1, keepdim=True), (x[i] * x[j] * eta).sum(1, keepdim=True)
        m = linear(f"{block}.phi_e.0", torch.cat([h[i], h[j], psi(norms), psi(dots)], dim=1))
        m = linear(f"{block}.phi_e.3", norm(f"{block}.phi_e.1", m).relu()).relu()
        m = m * linear(f"{block}.phi_m.0", m).sigmoid()
        if k < layers - 1:
            move = (difference * linear(f"{block}.phi_x.2", linear(f"{block}.phi_x.0", m).relu())).clamp(-100, 100)
            count = torch.zeros(total, 1, dtype=x.dtype).index_add(0, i, torch.ones(len(i), 1, dtype=x.dtype))
            x = x + c * torch.zeros_like(x).index_add(0, i, move) / count.clamp(min=1)
        gathered = torch.cat([h, torch.zeros_like(h).index_add(0, i, m), s], dim=1)
        update = linear(f"{block}.phi_h.0", gathered)
        if pad is None:
            # without padding the normalisation sees the real nodes alone
            update = torch.zeros_like(update).index_copy(0, real, norm(f"{block}.phi_h.1", update[real]))
        else:
            update = norm(f"{block}.phi_h.1", update)
        h = h + linear(f"{block}.phi_h.3", update.relu())
    mask = torch.zeros(total, 1, dtype=h.dtype).index_fill(0, real, 1.0)
    summed = (h * mask).view(len(sizes), length, -1).sum(1)
    divisor = torch.full((len(sizes), 1), pad, dtype=h.dtype) if pad else torch.tensor(sizes, dtype=h.dtype)[:, None]
    return linear("graph_dec.3", linear("graph_dec.0", summed / divisor).relu())


def answer(model: LorentzNet, s: Tensor, x: Tensor, pad: int | None) -> Tensor:
    """The answer for the batch, whose graphs are filled up to one length by zeros without edges where ``pad`` is it."""
    if pad is None:
        return model(s, x, batch=BATCH)
    missing, edge_index = len(SIZES) * pad - sum(SIZES), complete_graph(9, BATCH).edge_index
    s, pos = (torch.cat([value, value.new_zeros(missing, value.size(1))]) for value in (s, x))
    h = model.embedding(s)
    for conv in model.convs:
        h, pos = conv(h, pos, s, edge_index, metric=model.metric())
    return model.head(global_add_pool(h[: sum(SIZES)], BATCH) / pad)


def test_number_of_parameters_is_the_published_one() -> None:
    assert sum(p.numel() for p in LorentzNet().parameters()) == 224_072


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("pad", [None, 4, 6])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_published_weights_give_the_published_answers(prefix: str, pad: int | None, training: bool) -> None:
    state = published()
    model = LorentzNet.from_published({prefix + name: value for name, value in state.items()}, c=5e-3).train(training)
    s, x = scalars().float(), particles(dtype=torch.float32)
    expected = reference(state, s, x, SIZES, c=5e-3, pad=pad, training=training)
    assert float(expected.std(0).min()) > 1e-3
    torch.testing.assert_close(answer(model, s, x, pad), expected, rtol=1e-5, atol=1e-5)


def test_published_weights_keep_their_dtype_and_agree_to_its_precision() -> None:
    state = {name: value.double() if value.dim() else value for name, value in published().items()}
    model = LorentzNet.from_published(state, c=0.1).eval()
    expected = reference(state, scalars(), particles(), SIZES, c=0.1, pad=6, training=False)
    torch.testing.assert_close(answer(model, scalars(), particles(), 6), expected, rtol=1e-11, atol=1e-11)
    assert int(model.convs[0].edge_map.norm.num_batches_tracked) == 7


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LGEBs.1.phi_m.0.bias", None, r"expected an entry 'LGEBs.1.phi_m.0.bias' of shape \[1\], got none"),
        ("LGEBs.0.phi_e.1.running_var", None, r"'LGEBs.0.phi_e.1.running_var' of shape \[8\], got none"),
        ("embedding.weight", None, "expected an entry 'embedding.weight'"),
        ("graph_dec.3.weight", torch.ones(8), r"'graph_dec.3.weight' of shape \[rows, columns\], got \[8\]"),
        ("LGEBs.0.phi_e.0.weight", torch.ones(8, 17), r"'LGEBs.0.phi_e.0.weight' of shape \[8, 18\], got \[8, 17\]"),
        ("LGEBs.2.phi_x.2.weight", torch.ones(1, 8), r"no entry 'LGEBs.2.phi_x.2.weight', got one of shape \[1, 8\]"),
        ("LGEBs.7.phi_m.0.bias", torch.ones(1), "expected no entry 'LGEBs.7.phi_m.0.bias'"),
        ("extra", torch.ones(2, 3), r"no entry 'extra', got one of shape \[2, 3\]"),
        ("module.extra", torch.ones(2), "no entry 'module.extra'"),
    ],
)
def test_wrong_published_weights_are_refused_by_name(name: str, value: Tensor | None, message: str) -> None:
    state = published()
    state.pop(name, None)
    if value is not None:
        state[name] = value
    with pytest.raises(ValueError, match=message):
        LorentzNet.from_published(state)


def test_no_weights_or_more_than_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"LGEBs\.0\.phi_e\.0\.weight"):
        LorentzNet.from_published({n: v for n, v in published().items() if not n.startswith("LGEBs")})
    with pytest.raises(ValueError, match=r"embedding\.weight"):
        LorentzNet.from_published({})
    with pytest.raises(TypeError, match="'model', got dict"):
        LorentzNet.from_published({"model": published()})


@pytest.mark.parametrize("training", [False, True])
def test_lorentz_invariant_and_not_without_its_products(training: bool) -> None:
    g, s = boost(), scalars()
    model = network().train(training)
    assert_invariant(lambda p: model(s, p, batch=BATCH), [particles()], [g])
    for wrong in (network(symmetric=False), network(metric=torch.eye(4))):
        wrong.train(training)
        with pytest.raises(AssertionError, match="not equivariant"):
            assert_invariant(lambda p, model=wrong: model(s, p, batch=BATCH), [particles()], [g])


def test_any_metric_will_do() -> None:
    model, pos = network(metric=torch.eye(3)), particles()[:, 1:]
    g = LieAlgebra.rotation(3).exp(torch.tensor([0.4, -1.0, 2.0], dtype=torch.float64))
    assert_invariant(lambda p: model(scalars(), p, batch=BATCH), [pos], [g])


@pytest.mark.parametrize("options", [{}, {"symmetric": False}])
def test_numbering_of_the_nodes_does_not_matter(options: dict[str, object]) -> None:
    model, generator = network(**options), torch.Generator().manual_seed(1)
    edge_index = torch.randint(9, (2, 30), generator=generator)
    arguments = {"invariant": True, "generator": generator}
    assert_permutation_equivariant(model, [scalars(), particles()], edge_index, **arguments)
    assert_permutation_equivariant(model, [scalars(), particles()], **arguments)


def test_edges_in_any_form_give_one_answer() -> None:
    model, s, pos = network(), scalars(), particles()
    edges = complete_graph(9, BATCH)
    for given in (edges, edges.edge_index, edges.edge_index.flip(1)):
        torch.testing.assert_close(model(s, pos, given, BATCH), model(s, pos, batch=BATCH))


@pytest.mark.parametrize("nodes", [0, 1])
def test_graphs_without_edges_are_defined(nodes: int) -> None:
    batch = torch.zeros(nodes, dtype=torch.long)
    out = network()(scalars(nodes), particles(nodes=nodes), batch=batch, batch_size=1)
    assert out.shape == (1, 3)
    assert bool(out.isfinite().all())
    no_edges = torch.empty(2, 0, dtype=torch.long)
    assert bool(network()(scalars(), particles(), no_edges, BATCH).isfinite().all())


@pytest.mark.parametrize("options", [{}, {"symmetric": False}])
def test_every_parameter_gets_a_finite_gradient(options: dict[str, object]) -> None:
    """Also where particles coincide; and DistributedDataParallel waits for all parameters."""
    model, pos = network(**options).train(), particles()
    pos[1] = pos[0]
    pos[2] = 0
    pos.requires_grad_()
    model(scalars(), pos, batch=BATCH).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in [pos, *model.parameters()])


def test_beams_come_first_and_scalars_are_masses_by_kind() -> None:
    p4 = particles()
    x, pos, batch = with_beams(p4, BATCH, 4)
    eta = minkowski()
    assert batch.tolist() == [0] * 6 + [1] * 5 + [2] * 4 + [3] * 2
    beams = torch.tensor([[2**0.5, 0, 0, 1], [2**0.5, 0, 0, -1]], dtype=torch.float64)
    for graph in range(4):
        rows = batch == graph
        assert torch.equal(pos[rows][:2], beams)
        assert torch.equal(pos[rows][2:], p4[graph == BATCH])
        mass = torch.einsum("ni,ij,nj->n", p4[graph == BATCH], eta, p4[graph == BATCH]).abs().sqrt()
        expected = torch.zeros(int(rows.sum()), 2, dtype=torch.float64)
        expected[:2, 1], expected[2:, 0] = torch.tensor(2.0).log(), torch.log(1 + mass)
        torch.testing.assert_close(x[rows], expected)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    shuffled = with_beams(p4[order], BATCH[order])
    assert torch.equal(shuffled[2], with_beams(p4, BATCH)[2])
    for value, reference_value in zip(with_beams(p4, None), with_beams(p4, torch.zeros_like(BATCH)), strict=True):
        assert torch.equal(value, reference_value)
    with pytest.raises(ValueError, match=r"\[num_nodes, 4\], got \[9, 3\]"):
        with_beams(p4[:, 1:], BATCH)


def test_beams_leave_the_rotations_about_their_axis() -> None:
    model = network()

    def tag(p4: Tensor) -> Tensor:
        x, pos, batch = with_beams(p4, BATCH)
        return model(x, pos, batch=batch)

    about_z = torch.eye(4, dtype=torch.float64)
    about_z[1:3, 1:3] = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
    assert_invariant(tag, [particles()], [about_z])
    assert_invariant(tag, [particles()], [torch.diag(torch.tensor([1.0, 1.0, 1.0, -1.0]))])
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_invariant(tag, [particles()], [boost()])


def test_repr() -> None:
    text = "LorentzNet(2, 3, num_layers=3)"
    assert repr(network()) == text


def test_bad_settings_and_input() -> None:
    with pytest.raises(ValueError, match="at least one layer"):
        LorentzNet(num_layers=0)
    with pytest.raises(ValueError, match=r"in_channels=2 channels, got \[4, 3\]"):
        LorentzNet()(torch.ones(4, 3), torch.ones(4, 4))
    with pytest.raises(ValueError, match=r"`pos` must be \[num_nodes, 4\]"):
        LorentzNet()(torch.ones(4, 2), torch.ones(4, 3))
