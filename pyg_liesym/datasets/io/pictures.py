"""Pictures that installed packages carry: the handwritten digits of scikit-learn, the photographs of scikit-image."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, PathLike, in_package, naming_damage

DIGIT_SIZE, GREYS = 8, 16


def find_digits() -> Path:
    """The table of digits in the installed scikit-learn, which is not imported.

    Raises:
        ImportError: If it is not installed, saying how to install it.
    """
    return in_package("scikit-learn", "sklearn/datasets/data/digits.csv.gz", "vision")


def read_digits(path: PathLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read pictures and labels, in the order of the file.

    Args:
        path: A gzipped table with 64 grey levels, row by row, and a label in each line.

    Returns:
        Pictures ``[S, 8, 8]`` from 0 (paper) to 1 (ink), and labels ``[S]``.

    Raises:
        ValueError: If the file is damaged, or not such a table.
    """
    with naming_damage(path, "digits"), gzip.open(path, "rt", encoding="utf-8") as file:
        table = np.loadtxt(file, delimiter=",", ndmin=2)
    if table.shape[1] != DIGIT_SIZE**2 + 1 or table.min() < 0 or table[:, :-1].max() > GREYS or table[:, -1].max() > 9:
        raise LayoutError(
            f"{path}: expected lines of {DIGIT_SIZE**2} grey levels from 0 to {GREYS} and a digit, got "
            f"{table.shape[1]} numbers from {table.min():g} to {table.max():g}"
        )
    return table[:, :-1].reshape(-1, DIGIT_SIZE, DIGIT_SIZE) / GREYS, table[:, -1].astype(np.int64)


def find_picture(name: str) -> Path:
    """A photograph in the installed scikit-image, which is not imported; only those in the wheel, none is downloaded.

    Raises:
        ImportError: If scikit-image is not installed, saying how to install it.
    """
    return in_package("scikit-image", f"skimage/data/{name}.png", "vision")


def read_picture(path: PathLike) -> NDArray[np.float64]:
    """Read the grey levels of a picture of 8 or 16 bits, ``[H, W]`` from 0 to 1, row 0 uppermost.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged.
    """
    from PIL import Image

    if not Path(path).exists():
        raise FileNotFoundError(f"there is no picture {path}")
    with naming_damage(path, "picture"), Image.open(path) as picture:
        if picture.mode.startswith("I;16"):  # which convert("L") would clip
            return np.asarray(picture, dtype=np.float64) / 65535
        return np.asarray(picture.convert("L"), dtype=np.float64) / 255
