import json

import pytest
import torch

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, load_metric
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski


@pytest.fixture
def found():
    return DiscoveredSymmetry.of(
        LieAlgebra.lorentz(), diagnostics={"steps": 3, "changes": [0.5]}, settings={"method": "LieGAN"}, seed=4
    )


def test_round_trip(found, tmp_path):
    folder = found.save(tmp_path / "a" / "b")
    assert sorted(file.name for file in folder.iterdir()) == ["symmetry.json", "symmetry.safetensors"]
    again = DiscoveredSymmetry.load(folder)
    assert torch.equal(again.algebra.basis, found.algebra.basis)
    assert again.algebra.basis.dtype == torch.float64
    assert again.algebra.name == "so(1,3)"
    assert torch.equal(again.metric.J, found.metric.J)
    assert (again.diagnostics, again.settings, again.seed) == (found.diagnostics, found.settings, 4)


def test_saving_again_replaces(found, tmp_path):
    DiscoveredSymmetry.of(LieAlgebra.rotation(2)).save(tmp_path)
    found.save(tmp_path)
    assert DiscoveredSymmetry.load(tmp_path).algebra.dim == 6


def test_a_missing_file_is_named(found, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"symmetry\.json"):
        DiscoveredSymmetry.load(tmp_path)


def test_files_of_different_saves_are_refused(found, tmp_path):
    found.save(tmp_path)
    other = DiscoveredSymmetry.of(LieAlgebra.rotation(2)).save(tmp_path / "other")
    (other / "symmetry.safetensors").replace(tmp_path / "symmetry.safetensors")
    with pytest.raises(ValueError, match="does not belong"):
        DiscoveredSymmetry.load(tmp_path)


@pytest.mark.parametrize(("text", "message"), [("{", "not valid JSON"), (json.dumps({"format": 9}), "has format 9")])
def test_a_damaged_description_is_refused(found, tmp_path, text, message):
    found.save(tmp_path)
    (tmp_path / "symmetry.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        DiscoveredSymmetry.load(tmp_path)


def test_a_failed_save_leaves_the_old_result(found, tmp_path):
    found.save(tmp_path)
    bad = DiscoveredSymmetry.of(LieAlgebra.rotation(2), diagnostics={"steps": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        bad.save(tmp_path)
    assert DiscoveredSymmetry.load(tmp_path).algebra.dim == 6
    assert len(list(tmp_path.iterdir())) == 2


def test_metric_of_a_saved_symmetry_has_the_norm_of_the_identity(tmp_path):
    DiscoveredSymmetry.of(LieAlgebra.lorentz()).save(tmp_path)
    torch.testing.assert_close(load_metric(tmp_path), minkowski())


def test_every_form_of_a_saved_symmetry_is_handed_over(tmp_path):
    about_z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
    DiscoveredSymmetry.of(about_z).save(tmp_path)
    forms = load_metric(tmp_path)
    assert forms.shape == (2, 3, 3)
    kept_by_both = [L for L in LieAlgebra.rotation(3).basis if float((L.mT @ forms + forms @ L).norm()) < 1e-9]
    assert len(kept_by_both) == 1
    torch.testing.assert_close(kept_by_both[0], about_z.basis[0])


def test_a_symmetry_without_a_metric_is_refused(tmp_path):
    DiscoveredSymmetry.of(LieAlgebra.special_linear(3)).save(tmp_path)
    with pytest.raises(ValueError, match=r"preserves no metric.*give a metric"):
        load_metric(tmp_path)
