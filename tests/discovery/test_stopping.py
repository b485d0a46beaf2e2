from types import SimpleNamespace

import torch

from pyg_liesym.discovery.stopping import SpanStopping


def walk(stopping, bases):
    trainer = SimpleNamespace(should_stop=False)
    for step, basis in enumerate(bases, start=1):
        stopping.on_train_batch_end(trainer, SimpleNamespace(num_updates=step, average=basis))
        if trainer.should_stop:
            return step
    return None


def test_rest_ends_the_fit():
    basis = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0))
    stopping = SpanStopping(window=10, patience=2)
    assert walk(stopping, [basis] * 100) == 30
    assert stopping.stable


def test_a_warm_up_does_not_count():
    basis = torch.eye(3).unsqueeze(0)
    assert walk(SpanStopping(window=10, patience=2, start=35), [basis] * 100) == 60


def test_mixing_and_signs_of_channels_are_no_motion():
    basis = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0))
    turned = [torch.einsum("ab,bij->aij", rotation(0.3 * step), basis) for step in range(100)]
    assert walk(SpanStopping(window=10, patience=2), turned) == 30
    assert walk(SpanStopping(window=10, patience=2), [-2.0 * basis, basis] * 50) == 30


def test_a_turning_span_goes_on():
    first, second = torch.eye(3), torch.eye(3).flip(0)
    bases = [torch.stack([first * torch.cos(angle) + second * torch.sin(angle)]) for angle in torch.arange(100) / 50]
    stopping = SpanStopping(window=10, patience=2)
    assert walk(stopping, bases) is None
    assert not stopping.stable
    assert min(stopping.changes) > 0.1


def rotation(angle):
    c, s = torch.cos(torch.tensor(angle)), torch.sin(torch.tensor(angle))
    return torch.stack([torch.stack([c, -s]), torch.stack([s, c])])
