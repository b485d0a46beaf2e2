from __future__ import annotations

import copy
from pathlib import Path
from typing import TypeAlias

import pytest
import torch

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.lorentznet import LorentzNet
from pyg_liesym.nn.models.momentum_fractions import MomentumFractions, Reference, num_columns
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems import onnx
from pyg_liesym.systems.onnx import export_onnx
from pyg_liesym.testing.equivariance import randomize_parameters

for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package)

Tagger: TypeAlias = LieGNN | MomentumFractions
OPTIONS = {"hidden_channels": 6, "edge_channels": 4, "num_layers": 2}


def network(in_channels: int = 0, **options: object) -> LieGNN:
    net = LieGNN.fast(in_channels, 3, metric=minkowski(), **{**OPTIONS, **options})
    randomize_parameters(net, generator=torch.Generator().manual_seed(0))
    return net


@pytest.fixture(scope="module", params=["", "x", "jet", "x and jet", "laboratory"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tagger, Path]:
    in_channels = 2 * ("x" in request.param)
    references: tuple[Reference, ...] = ("jet",) if "jet" in request.param else ()
    references = ("jet", "time", "lightcone") if request.param == "laboratory" else references
    net: Tagger = network(in_channels + num_columns(references))
    net = MomentumFractions(net, references) if references else net
    path = tmp_path_factory.mktemp("onnx") / "tagger.onnx"
    assert export_onnx(net, path) == path
    return net, path


def jet(size: int) -> torch.Tensor:
    momenta = 20 * torch.randn(size, 3, generator=torch.Generator().manual_seed(size))
    return torch.cat([momenta.norm(dim=1, keepdim=True), momenta], dim=1)


def run(path: Path, p4: torch.Tensor, x: torch.Tensor | None) -> torch.Tensor:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {"p4": p4.numpy()} | ({} if x is None else {"x": x.numpy()})
    assert [value.name for value in session.get_inputs()] == list(inputs)
    return torch.from_numpy(session.run(["logits"], inputs)[0])


@pytest.mark.parametrize("size", [1, 2, 3, 17, 120])
def test_logits_are_those_of_the_network(exported: tuple[Tagger, Path], size: int) -> None:
    net, path = exported
    x = torch.randn(size, 2, generator=torch.Generator().manual_seed(0)) if net.in_channels else None
    with torch.no_grad():
        expected = net(x, jet(size))
    found = run(path, jet(size), x)
    assert found.shape == (1, 3)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    if isinstance(net, MomentumFractions) and "time" in net.references:
        return
    g = LieAlgebra.lorentz().exp(torch.linspace(-0.2, 0.2, 6, dtype=torch.float64)).float()
    torch.testing.assert_close(run(path, jet(size) @ g.T, x), found, rtol=2e-2, atol=2e-2)
    if x is not None:
        assert not torch.allclose(run(path, jet(size), -x), found, rtol=1e-3)


def test_one_file_and_nothing_beside_it(exported: tuple[Tagger, Path]) -> None:
    assert [path.name for path in exported[1].parent.iterdir()] == ["tagger.onnx"]


def test_a_file_that_disagrees_is_not_written(
    exported: tuple[Tagger, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exporter answers with the file of another network."""

    class Program:
        def save(self, path: Path, external_data: bool) -> None:
            assert not external_data
            path.write_bytes(exported[1].read_bytes())

    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: Program())
    net, path = copy.deepcopy(exported[0]), tmp_path / "tagger.onnx"
    export_onnx(net, path)
    path.write_text("old")
    randomize_parameters(net, generator=torch.Generator().manual_seed(1))
    with pytest.raises(RuntimeError, match=r"a jet of 1 constituents differ .* no file was written"):
        export_onnx(net, path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("tagger.onnx", "old")]


def test_what_cannot_be_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tagger.onnx"
    with pytest.raises(TypeError, match="expected a LieGNN to export, got LorentzNet"):
        export_onnx(LorentzNet(), path)
    with pytest.raises(TypeError, match="expected a LieGNN to export, got VectorLieGNN"):
        export_onnx(build_tagger("vector-liegnn", fractions=["jet"]), path)
    with pytest.raises(ValueError, match="readout='mean'"):
        export_onnx(network(readout=None), path)
    with pytest.raises(ValueError, match="edge features or velocities"):
        export_onnx(network(edge_dim=2), path)
    monkeypatch.setattr(onnx, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(ModuleNotFoundError, match=r"needs onnxscript, not installed.*pyg-liesym\[onnx\]"):
        export_onnx(network(), path)
    assert not list(tmp_path.iterdir())
