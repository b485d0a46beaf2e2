"""Networks take from what was found all that it keeps, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

ABOUT_Z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
NETS: dict[str, Callable[[Any], Any]] = {
    "LieGNN": lambda metric: LieGNN(1, 8, 1, 2, metric=metric),
    "VectorLieGNN": lambda metric: VectorLieGNN(1, 8, 1, 2, metric=metric, origin="zero", virtual_nodes=2),
    "SecondOrderLieGNN": lambda metric: SecondOrderLieGNN(1, 8, 2, metric=metric, origin="zero", virtual_nodes=2),
}


def positions(name: str, net: Any) -> Callable[[Tensor], Tensor]:
    x = torch.ones(5, 1, dtype=torch.float64)
    if name == "SecondOrderLieGNN":
        return lambda pos: net(x, pos, vel=torch.zeros_like(pos))[1]
    return lambda pos: net(x, pos)[1]


@pytest.mark.parametrize("name", NETS)
def test_gravity_along_z_is_not_turned_away(name: str) -> None:
    """Turns about z keep two forms. The sum of the two alone would impose all rotations."""
    found, alone = DiscoveredSymmetry.of(ABOUT_Z).metric, torch.eye(3)
    pos = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    about_z, other = (
        a.sample(1, 0.5, generator=torch.Generator().manual_seed(0))[0].double()
        for a in (ABOUT_Z, LieAlgebra.rotation(3))
    )
    for metric, imposes in ((found, False), (alone, True)):
        generator = torch.Generator().manual_seed(0)
        run = positions(name, randomize_parameters(NETS[name](metric).double(), generator=generator))
        assert_equivariant(run, [pos], [about_z], [about_z])
        if imposes:
            assert_equivariant(run, [pos], [other], [other])
        else:
            with pytest.raises(AssertionError):
                assert_equivariant(run, [pos], [other], [other])


@pytest.mark.parametrize("name", NETS)
def test_what_keeps_no_form_is_refused_in_words(name: str) -> None:
    scaling = LieAlgebra(torch.cat([LieAlgebra.rotation(3).basis, torch.eye(3)[None]]))
    for metric in (scaling.invariant_metric(), DiscoveredSymmetry.of(scaling).metric):
        with pytest.raises(ValueError, match="preserves no metric: the best form has residual"):
            NETS[name](metric)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(
    ("metric", "message"), [(None, "got NoneType"), ("lorentz", "got 'lorentz'"), ("learned", "needs `dim`")]
)
def test_no_metric_is_refused_in_words(name: str, metric: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        NETS[name](metric)
