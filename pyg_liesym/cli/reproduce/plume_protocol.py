"""What every network of the plume benchmark gets alike."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PlumeProtocol:
    """What every network of a table gets alike; the defaults fit one core.

    Args:
        resolution: Rows and columns.
        frames: Simulated frames of the paper's settings; half of its 310 stop before the flow begins to flicker.
        history: Frames that a network sees.
        horizon: Frames that it forecasts in training and validation.
        test_horizon: Frames that it forecasts in the tests.
        budget: Parameters; each network is as wide as they allow. Those whose weights belong to places cannot keep to
            it and have the width that ``widths`` says.
        widths: Widths of single networks, ``{mlp: 8}``.
        num_layers: Number of layers.
        epochs: Rounds of training, each with a validation after it; the best weights are tested.
        steps: Batches in a round at most; ``graded`` has fewer.
        batch_size: Windows in a batch.
        lr: Learning rate of Adam.
        decay: Factor of the rate after each round.
        weight_decay: Weight decay of Adam.
        penalty: Weight α of the relaxation's penalty.
        patience: Rounds without a better validation after which a training ends (default: none).
        val_windows: Validation windows (default: all).
        test_windows: Windows of each test set (default: all).
        num_banks: Filter banks of ``rgroup``.
        accelerator: Of Lightning's trainer.
    """

    resolution: int = 32
    frames: int | None = 155
    history: int = 10
    horizon: int = 5
    test_horizon: int = 20
    budget: int = 11_500
    widths: dict[str, int] = field(default_factory=lambda: {"mlp": 8, "clcnn": 2})
    num_layers: int = 5
    epochs: int = 20
    steps: int = 100
    batch_size: int = 8
    lr: float = 2e-3
    decay: float = 0.85
    weight_decay: float = 4e-4
    penalty: float = 1e-3
    patience: int | None = None
    val_windows: int | None = 100
    test_windows: int | None = 200
    num_banks: int = 2
    accelerator: str = "cpu"
