"""Windows of a few frames out of flows on lattices."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch_geometric.data import Data, Dataset

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.datasets.io.tensors import load_tensor
from pyg_liesym.writing import whole_file

_HELD_OUT = 0.15


class FlowWindows(Dataset):
    """Base of the data sets of flows: frames in, the following frames out, cut when they are asked for.

    All frames are in one tensor, ``velocity``; nothing is stored for each window.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        history: Frames that are given.
        horizon: Frames that follow, to be forecast.
        fill: Of a flow with gaps, which are NaN in ``velocity``: what stands there in ``x`` and ``y``. None for a flow
            without gaps.
        transform: Called on every window when it is read.
        force_reload: Make the tensor again even if there is a cache.

    Shapes:
        An item is ``Data`` with ``x [1, history, 2, H, W]``, ``y [1, horizon, 2, H, W]``, the number of its
        ``simulation`` and the number of the ``frame`` that ``y`` begins with; of a flow with gaps also ``mask
        [1, history + horizon, 1, H, W]``, True where the velocity is known.
    """

    def __init__(
        self,
        root: str,
        history: int,
        horizon: int,
        *,
        fill: float | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if history < 1 or horizon < 1:
            raise ValueError(f"history and horizon must be at least 1, got {history} and {horizon}")
        self.history, self.horizon, self.fill = history, horizon, fill
        super().__init__(root, transform, force_reload=force_reload)
        self.velocity: Tensor = load_tensor(self.processed_paths[0], "velocity")
        self.windows = torch.empty(0, 2, dtype=torch.long)

    def choose(self, simulations: Iterable[int], first: int, last: int) -> None:
        """Take the windows of some simulations of which ``y`` begins at the frames ``first`` to ``last``, exclusively.

        Raises:
            ValueError: If there is none.
        """
        frames = self.velocity.size(1)
        begins = range(max(first, self.history), min(last, frames - self.horizon + 1))
        if not begins:
            raise ValueError(
                f"no window of {self.history} + {self.horizon} frames begins its forecast at frames {first} to {last} "
                f"of {frames}: ask for fewer frames in a window, or simulate more"
            )
        self.windows = torch.cartesian_prod(torch.tensor(list(simulations)), torch.tensor(begins))

    def len(self) -> int:
        """Number of windows."""
        return len(self.windows)

    def get(self, idx: int) -> Data:
        """One window."""
        simulation, frame = self.windows[idx].tolist()
        data = flow_window(
            self.velocity[simulation, frame - self.history : frame + self.horizon], self.history, self.fill
        )
        data.simulation, data.frame = simulation, frame
        return data

    def save(self, velocity: Tensor, **others: Tensor) -> None:
        """Write the tensor of all frames, ``[S, T, 2, H, W]``, and what belongs to it, as the one processed file."""
        with whole_file(self.processed_paths[0]) as temporary:
            save_file({"velocity": velocity.float().contiguous(), **others}, temporary)


def split_gaps(flow: Tensor, fill: float = 0.0) -> tuple[Tensor, Tensor]:
    r"""A flow with a number where a component is NaN, and where both are known.

    Shapes:
        - **flow**: :math:`(\ldots, 2, H, W)`; **output**: the same, and :math:`(\ldots, 1, H, W)`
    """
    known = ~flow.isnan().any(-3, keepdim=True)
    return torch.where(known, flow, fill), known


def flow_window(frames: Tensor, history: int, fill: float | None) -> Data:
    """Frames that are given and frames that follow, as the windows of :class:`FlowWindows` are.

    Args:
        frames: All of them.
        history: How many are given.
        fill: What stands in gaps; None if there are none, and then no ``mask``.

    Shapes:
        - **frames**: :math:`(T, 2, H, W)`
    """
    if fill is None:
        return Data(x=frames[None, :history], y=frames[None, history:])
    values, known = split_gaps(frames, fill)
    return Data(x=values[None, :history], y=values[None, history:], mask=known[None])


def flow_sizes(flow: Tensor, lag: int = 1) -> tuple[float, float]:
    r"""Root mean squares of the components of a flow, and of their changes over so many frames, but for gaps.

    Args:
        flow: Frames, NaN where a component is not known.
        lag: Frames.

    Shapes:
        - **flow**: :math:`(\ldots, T, 2, H, W)`
    """
    if bool(flow.isnan().any()):
        flow = torch.where(split_gaps(flow)[1], flow, torch.nan)
    count = flow.size(-4) - lag
    return _root_mean_square(flow), _root_mean_square(flow.narrow(-4, lag, count) - flow.narrow(-4, 0, count))


def _root_mean_square(values: Tensor) -> float:
    square = values.square()
    mean = square.mean()
    return float((square.nanmean() if mean.isnan() else mean).sqrt())


def share_of(count: int, least: int, part: Literal["train", "val", "test"], what: str) -> tuple[int, int]:
    """The first and the last, exclusively, of what belongs to a part: the last 15 % are ``test``, those before ``val``.

    Args:
        count: How many there are.
        least: How many each part has at least.
        part: Which part.
        what: What is counted, for the message.

    Raises:
        ValueError: If there are fewer than three times the least.
    """
    held_out = max(least, round(_HELD_OUT * count))
    edges = [0, count - 2 * held_out, count - held_out, count]
    if edges[1] < least:
        raise ValueError(f"expected at least {3 * least} {what} for training, validation and test, got {count}")
    place = ("train", "val", "test").index(part)
    return edges[place], edges[place + 1]


def load_frames(path: PathLike, shape: tuple[int, ...], frames: int, every: int = 1) -> Tensor:
    """Read a tensor ``[T, *shape]`` that ``torch.save`` wrote, without running anything in the file.

    Args:
        path: The file.
        shape: Shape of a frame.
        frames: Least number of frames.
        every: Take one row and one column out of so many.

    Raises:
        ValueError: If it is damaged, is not a tensor of this shape, or is not finite.
    """
    path = Path(path)
    try:
        values = torch.load(path, weights_only=True, map_location="cpu", mmap=zipfile.is_zipfile(path))
    except Exception as error:
        says = str(error).strip().splitlines()
        raise ValueError(
            f"{path} is not a tensor of torch.save: {says[0] if says else type(error).__name__}"
        ) from error
    if not isinstance(values, Tensor) or values.shape[1:] != shape or len(values) < frames:
        found = list(values.shape) if isinstance(values, Tensor) else type(values).__name__
        expected = ", ".join(map(str, shape))
        raise ValueError(f"{path}: expected a tensor [T, {expected}] of at least {frames} frames, got {found}")
    values = values[..., ::every, ::every]
    if not bool(values.isfinite().all()):
        raise ValueError(f"{path}: expected finite velocities, got NaN or infinity")
    return values.float()


def by_number(name: str) -> list[tuple[int, str]]:
    """A key that sorts names by the numbers in them."""
    return [(int(number or -1), rest) for number, rest in re.findall(r"(\d+)|(\D+)", name)]
