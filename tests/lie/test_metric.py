import pytest
import torch

from pyg_liesym.lie import euclidean_metric, minkowski


def test_minkowski_measures_mass():
    p4 = torch.tensor([5.0, 0.0, 3.0, 0.0], dtype=torch.float64)
    assert p4 @ minkowski() @ p4 == 16


def test_sizes_and_dtypes():
    assert torch.equal(minkowski(2, dtype=torch.float32), torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
    assert torch.equal(euclidean_metric(3), torch.eye(3, dtype=torch.float64))


@pytest.mark.parametrize("build", [minkowski, euclidean_metric])
def test_empty_metric_is_refused(build):
    with pytest.raises(ValueError, match="n >= 1, got n = 0"):
        build(0)
