"""How the compiled loops are found, built and done without."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.message.fused import library


@pytest.fixture
def afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty cache, nothing found yet in this process, and no engine asked for."""
    monkeypatch.delenv("PYG_LIESYM_ENGINE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library._found.cache_clear()
    yield tmp_path / "cache" / "pyg_liesym"
    library._found.cache_clear()


def fake_compiler(folder: Path, does: str) -> str:
    path = folder / "fake-c++"
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "fake 1.0"; exit 0; fi\n{does}\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PYG_LIESYM_ENGINE", "tiles", "tiles, as PYG_LIESYM_ENGINE asks"),
        (
            "CXX",
            "no-such-compiler",
            "tiles: no C++ compiler was found (c++, g++ or clang++, or the one that CXX names)",
        ),
        ("PATH", "/nowhere", "tiles: no C++ compiler was found (c++, g++ or clang++, or the one that CXX names)"),
    ],
)
def test_machine_without_a_compiler(
    afresh: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv(variable, value)
    assert library.engine() == (None, sentence)
    assert not afresh.exists()


def test_a_compiler_that_fails_says_why_and_leaves_nothing(
    afresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", fake_compiler(tmp_path, "echo 'a.h:3: error: no such flag' >&2; exit 1"))
    found = library.engine()
    assert found.library is None
    assert found.says == f"tiles: the loops could not be compiled into {afresh} (a.h:3: error: no such flag)"
    assert list(afresh.iterdir()) == []


def test_what_is_no_library_is_not_used(afresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", fake_compiler(tmp_path, 'for last; do :; done; echo rubbish > "$last"'))
    assert library.engine().says.startswith("tiles: the loops could not be compiled")


def test_a_layer_answers_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same numbers, by tiles."""
    conv = LieGNNConv(3, 8, metric=torch.eye(3)).double()
    x, pos = torch.randn(90, 3).double(), torch.randn(90, 3).double()
    expected = conv(x, pos)
    monkeypatch.setenv("CXX", "no-such-compiler")
    library._found.cache_clear()
    try:
        assert library.engine().library is None
        torch.testing.assert_close(conv(x, pos), expected, rtol=1e-9, atol=1e-12)
    finally:
        library._found.cache_clear()


def test_other_sources_compilers_and_processors_have_files_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    name = library._fingerprint(["c++"], ["-O3"], "1.0")
    others = [library._fingerprint(*words) for words in ((["g++"], ["-O3"], "1.0"), (["c++"], [], "1.0"))]
    others.append(library._fingerprint(["c++"], ["-O3"], "2.0"))
    monkeypatch.setattr(library, "_processor", lambda: "another")
    others.append(library._fingerprint(["c++"], ["-O3"], "1.0"))
    assert len({name, *others}) == 5
