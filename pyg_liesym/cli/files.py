"""Results on disk, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyg_liesym.writing import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_json(path: Path, content: Any) -> None:
    """Write a result as JSON, under a temporary name until it is whole; makes the folder."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def save_figure(path: Path, figure: Figure) -> None:
    """Write a picture as PNG, under a temporary name until it is whole; makes the folder."""
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, bbox_inches="tight", format="png")
