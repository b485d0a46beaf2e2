from __future__ import annotations

import time
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from lightning.pytorch.callbacks import ModelCheckpoint

from pyg_liesym.systems.last_checkpoint import LastCheckpoint
from pyg_liesym.systems.resumable import ResumesWithinEpoch


@pytest.mark.parametrize(("world_size", "most"), [(1, 20_000), (4, 200)])
def test_several_processes_look_at_the_clock_seldom(
    world_size: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look is a question to all of them."""
    clock, looks, written = [0.0], list[int](), [0.0]

    def look(self: Any, trainer: Any, *args: Any) -> None:
        looks.append(trainer.global_step)
        if clock[0] - written[-1] >= 300:
            written.append(clock[0])

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(ModelCheckpoint, "on_train_batch_end", look)
    trainer: Any = SimpleNamespace(
        world_size=world_size, global_step=0, datamodule=ResumesWithinEpoch(),
        strategy=SimpleNamespace(broadcast=lambda value: value),
    )  # fmt: skip
    callback = LastCheckpoint(timedelta(minutes=5))
    callback.on_train_start(trainer, None)  # type: ignore[arg-type]
    for step in range(1, 20_001):
        clock[0] += 5.0 if step == 1 else 0.1
        trainer.global_step = step
        callback.on_train_batch_end(trainer)
    assert len(looks) <= most
    assert len(written) == 7
    assert max(after - before for before, after in pairwise(written)) < 300 * (1 + 1 / 16) + 1
