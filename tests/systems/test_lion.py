from __future__ import annotations

import numpy as np
import pytest
import torch

from pyg_liesym.systems.lion import Lion


def test_steps_are_those_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=5), rng.normal(size=(4, 5))
    lr, first, second, decay = 0.03, 0.8, 0.95, 0.5
    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = Lion([weight], lr=lr, betas=(first, second), weight_decay=decay)
    theta, m = start.copy(), np.zeros(5)
    for g in gradients:
        weight.grad = torch.from_numpy(g.copy())
        optimizer.step()
        c = first * m + (1 - first) * g
        theta = theta - lr * (np.sign(c) + decay * theta)
        m = second * m + (1 - second) * g
        np.testing.assert_allclose(weight.detach().numpy(), theta)


def test_it_goes_on_from_its_state_and_passes_by_what_has_no_gradient() -> None:
    def fresh() -> torch.nn.Parameter:
        return torch.nn.Parameter(torch.ones(2))

    def step(weight: torch.nn.Parameter, optimizer: Lion, gradient: list[float]) -> None:
        weight.grad = torch.tensor(gradient)
        optimizer.step()

    weight, idle = fresh(), fresh()
    optimizer = Lion([weight, idle], lr=0.1)
    step(weight, optimizer, [1.0, -1.0])
    again = fresh()
    again.data.copy_(weight.data)
    other = Lion([again, fresh()], lr=0.1)
    other.load_state_dict(optimizer.state_dict())
    for pair in ((weight, optimizer), (again, other)):
        step(*pair, [-0.05, 0.05])  # the momentum decides
    assert torch.equal(weight, again)
    assert torch.equal(idle.data, torch.ones(2))


def test_a_closure_is_called_with_gradients() -> None:
    weight = torch.nn.Parameter(torch.tensor(1.0))
    optimizer = Lion([weight], lr=0.5)

    def closure() -> torch.Tensor:
        loss = weight**2
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1.0
    assert weight.item() == 0.5


@pytest.mark.parametrize("options", [{"lr": -1.0}, {"weight_decay": -0.1}, {"betas": (0.9, 1.0)}])
def test_bad_numbers(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Lion([torch.nn.Parameter(torch.ones(1))], **options)
