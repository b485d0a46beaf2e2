import pytest
import torch

from pyg_liesym.field.scale_basis import hermite_gaussians


def test_functions_are_orthogonal_and_one_scale_is_another_stretched():
    line = torch.linspace(-12, 12, 241, dtype=torch.float64)
    places = torch.cartesian_prod(line, line)
    functions = hermite_gaussians(places, 1.3, 3) * 1.3
    torch.testing.assert_close(functions @ functions.mT * 0.01, torch.eye(10, dtype=torch.float64), atol=1e-8, rtol=0)
    torch.testing.assert_close(hermite_gaussians(2 * places, 2.0, 3) * 4, hermite_gaussians(places, 1.0, 3))


def test_the_response_to_a_scaled_image_does_not_depend_on_the_scale():
    places = torch.cartesian_prod(*[torch.linspace(-20, 20, 201, dtype=torch.float64)] * 2)

    def response(scale):
        image = torch.exp(-((places / scale - 0.3) ** 2).sum(-1)) * (1 + places[:, 0] / scale)
        return hermite_gaussians(places, scale, 2) @ image * 0.04

    torch.testing.assert_close(response(1.0), response(1.7), rtol=1e-6, atol=1e-8)


def test_a_scale_is_positive():
    with pytest.raises(ValueError, match="positive"):
        hermite_gaussians(torch.zeros(1, 2), 0.0, 1)
