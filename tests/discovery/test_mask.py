import pytest
import torch

from pyg_liesym.discovery.mask import block_mask


def test_blocks_on_the_diagonal():
    mask = block_mask([2, 1])
    assert mask.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert torch.equal(block_mask([4, 4]), torch.block_diag(torch.ones(4, 4), torch.ones(4, 4)))


@pytest.mark.parametrize("sizes", [[], [2, 0], [-1]])
def test_sizes_must_be_positive(sizes):
    with pytest.raises(ValueError, match="positive block sizes"):
        block_mask(sizes)
