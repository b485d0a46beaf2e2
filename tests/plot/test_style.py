import numpy as np
import torch

from pyg_liesym.plot.style import COLOURS, as_array, finite_limit


def test_style_helpers():
    assert as_array(torch.ones(2, requires_grad=True)).dtype == np.float64
    assert finite_limit(np.zeros((2, 2))) == 1.0
    assert len(set(COLOURS)) == len(COLOURS)
