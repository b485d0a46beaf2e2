"""Every transform is also a step of PyG's data pipes, under its name in small letters."""

from __future__ import annotations

import re

import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.data.datapipes import DatasetAdapter

from pyg_liesym import transforms
from pyg_liesym.transforms.add_reference_vectors import AddReferenceVectors


@pytest.mark.parametrize("name", transforms.__all__)
def test_every_transform_is_a_step(name: str) -> None:
    step = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    assert callable(getattr(DatasetAdapter([Data()]), step))


def test_a_step_does_what_the_transform_does() -> None:
    data = Data(p4=torch.tensor([[2.0, 0.0, 0.0, 1.0]]))
    expected = AddReferenceVectors()(data)
    (found,) = DatasetAdapter([data]).add_reference_vectors()
    assert found.keys() == expected.keys()
    assert all(torch.equal(torch.as_tensor(found[key]), torch.as_tensor(value)) for key, value in expected)
    assert data.keys() == ["p4"]
