"""``liesym info``: what is installed here, and what sums messages."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, requires, version


def info() -> None:
    """Say what this machine has: versions, devices, what sums messages over edges, and which extras are missing."""
    import torch

    from pyg_liesym import __version__
    from pyg_liesym.nn.message.fused.library import engine
    from pyg_liesym.nn.message.gpu.call import says

    graphics = [torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count())]
    rows = {
        "pyg_liesym": __version__,
        "with": f"torch {torch.__version__}, torch_geometric {version('torch_geometric')}, "
        f"Python {platform.python_version()}",
        "devices": f"CPU ({platform.machine()}, {torch.get_num_threads()} threads), "
        + (", ".join(graphics) or "no GPU"),
        "messages": engine().says,
        "on a GPU": says(),
        "extras": "\n            ".join(extras()),
    }
    for name, text in rows.items():
        print(f"{name:<12}{text}")


def extras() -> list[str]:
    """A line for each extra: whether what it needs is there."""
    from packaging.requirements import Requirement

    needs: dict[str, list[str]] = {}
    for text in requires("pyg_liesym") or []:
        requirement = Requirement(text)
        if requirement.marker is None or "extra" not in str(requirement.marker):
            continue
        extra = str(requirement.marker).rpartition("extra == ")[2].strip("\"')")
        needs.setdefault(extra, [])
        if requirement.marker.evaluate({"extra": extra}) and not _there(requirement.name):
            needs[extra].append(requirement.name)
    return [
        f"{extra}: " + (f"pip install 'pyg_liesym[{extra}]' brings {', '.join(missing)}" if missing else "there")
        for extra, missing in sorted(needs.items())
    ]


def _there(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def run(words: list[str]) -> None:
    """Read the words after ``liesym info`` and run it."""
    from pyg_liesym.cli.parser import call

    call(info, words, "liesym info")
