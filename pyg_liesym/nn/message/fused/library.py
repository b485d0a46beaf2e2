"""The compiled loops over edges: built when they are first needed, and kept for the next process.

They are plain C++17 behind a C interface, without a header of PyTorch or Python: any compiler with GCC's vector types
builds them in seconds, and no other version of PyTorch breaks them (decision 0033).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pyg_liesym.nn.message.asked import tiles_asked
from pyg_liesym.writing import whole_file

_SOURCES = Path(__file__).parent
_FLAGS = ["-std=c++17", "-O3", "-fno-math-errno", "-fopenmp-simd", "-fPIC", "-shared", "-pthread"]


class Engine(NamedTuple):
    """What sums messages on this machine's CPU: the loaded library, or tiles, and in words which and why."""

    library: ctypes.CDLL | None
    says: str


def engine() -> Engine:
    """What sums messages here; the first call in a process may compile for some seconds, once on a machine.

    >>> engine().says.split()[0] in ("compiled", "tiles,", "tiles:")
    True
    """
    asked = tiles_asked()
    return _found() if asked is None else Engine(None, asked)


@lru_cache(maxsize=1)
def _found() -> Engine:
    compiler = _compiler()
    if compiler is None:
        return Engine(None, "tiles: no C++ compiler was found (c++, g++ or clang++, or the one that CXX names)")
    try:
        flags, version = [*_FLAGS, *_native()], _said(compiler, "--version")
        path = _cache() / f"edges-{_fingerprint(compiler, flags, version)}.so"
        if not path.exists():
            _build(compiler, flags, path)
        return Engine(ctypes.CDLL(str(path)), f"compiled loops, by {version.splitlines()[0]}, in {path}")
    except (OSError, subprocess.SubprocessError) as error:
        return Engine(None, f"tiles: the loops could not be compiled into {_cache()} ({_reason(error)})")


def _compiler() -> list[str] | None:
    named = os.environ.get("CXX")
    candidates = [shlex.split(named)] if named else [["c++"], ["g++"], ["clang++"]]
    return next((words for words in candidates if words and shutil.which(words[0])), None)


def _native() -> list[str]:
    return ["-mcpu=native"] if platform.machine() in ("arm64", "aarch64") else ["-march=native"]


def _build(compiler: list[str], flags: list[str], path: Path) -> None:
    with whole_file(path) as unfinished:
        words = [*compiler, *flags, str(_SOURCES / "messages.cpp"), "-o", str(unfinished)]
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=300)


def _cache() -> Path:
    """A folder of the user's own: code is loaded from it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyg_liesym"


def _fingerprint(compiler: list[str], flags: list[str], version: str) -> str:
    """Changes with the sources, the compiler and the processor: homes are shared among machines."""
    parts = [path.read_bytes() for path in sorted([*_SOURCES.glob("*.h"), *_SOURCES.glob("*.cpp")])]
    parts += [" ".join([*compiler, *flags]).encode(), version.encode(), _processor().encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in lines if line.startswith(wanted)}))


def _said(compiler: list[str], word: str) -> str:
    done = subprocess.run([*compiler, word], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


def _reason(error: Exception) -> str:
    """What the compiler complained of first, or the error itself."""
    said = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return next((line for line in said if "error" in line), said[-1] if said else type(error).__name__)
