"""The Python in the README and in the documentation runs, page by page."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

import pyg_liesym
from pyg_liesym.cli.main import usage

ROOT = Path(__file__).parents[1]


def extension(name: str) -> ModuleType:
    """A module of ``docs/_ext``, by which the pages are made."""
    spec = spec_from_file_location(name, ROOT / "docs" / "_ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference, outputs, commands = (extension(name) for name in ("reference", "outputs", "commands"))


def pages() -> list[Path]:
    """Every page with Python in it."""
    candidates = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in candidates if outputs.BLOCK.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outputs.run_page(page, page.read_text(encoding="utf-8"))


PAGE = """# Page

```python
from matplotlib.figure import Figure

print(6 * 7)
```

```python
figure = Figure()
figure.add_subplot(title="Nothing at all")
figure
```

```console run
$ liesym --version
```

```console
$ not run
```
"""


def test_outputs_stand_under_their_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = outputs.run_page(Path("page.md"), PAGE, tmp_path, "page")
    assert (tmp_path / "page-1.png").stat().st_size > 1000
    text = outputs.with_outputs(PAGE, found)
    assert text.index("print(6 * 7)") < text.index("\n42\n") < text.index("Figure()")
    assert "```{image} /_generated/page-1.png\n:alt: Nothing at all\n" in text
    assert f"$ liesym --version\nliesym {pyg_liesym.__version__}\n```" in text
    assert text.endswith("```console\n$ not run\n```\n")


def test_progress_bars_are_left_out() -> None:
    assert outputs.without_progress("first\n\rEpoch 0: 1%\rEpoch 0: 2%\nlast\n") == "first\nlast\n"


def test_a_page_that_fails_stops_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError):
        outputs.run_page(Path("page.md"), "```python\n1 / 0\n```\n")
    with pytest.raises(RuntimeError, match="there is no command 'nonsense'"):
        outputs.run_page(Path("page.md"), "```console run\n$ liesym nonsense\n```\n")


def test_the_reference_has_every_public_name(tmp_path: Path) -> None:
    (tmp_path / "gone.rst").touch()
    reference.write_reference(tmp_path)
    text = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.rst")}
    assert "gone" not in text
    described = re.findall(
        r"^\.\. currentmodule:: (\S+)\n\n\.\. auto\w+:: (\w+)$", "\n".join(text.values()), re.MULTILINE
    )
    described_values = [id(getattr(import_module(package), name)) for package, name in described]
    assert len(set(described_values)) == len(described_values), "a name is described twice"
    for package in reference.packages():
        module = import_module(package)
        for name in set(module.__all__) - {"__version__"}:
            assert id(getattr(module, name)) in described_values
            assert f":py:obj:`{name} <" in text[package]


def test_no_attribute_is_described_twice() -> None:
    """Of a field of a NamedTuple or a property, Sphinx takes the docstring that it has, beside a list of attributes."""
    twice, listed = [], 0
    for home in set(reference.homes().values()):
        package, _, name = home.rpartition(".")
        value = getattr(import_module(package), name)
        if inspect.isclass(value):
            section = re.search(r"^Attributes:\n((?: .*\n?|\n)*)", inspect.getdoc(value) or "", re.MULTILINE)
            attributes = re.findall(r"^    (\w+):", section[1], re.MULTILINE) if section else []
            listed += len(attributes)
            twice += [f"{home}.{each}" for each in attributes if inspect.isdatadescriptor(vars(value).get(each))]
    assert listed
    assert twice == []


def test_every_command_has_a_page_with_its_options(tmp_path: Path) -> None:
    commands.write_commands(tmp_path)
    written = {path.stem for path in tmp_path.glob("*.rst")} - {"index"}
    assert written == set(re.findall(r"^  (\w+)", usage(), re.MULTILINE))
    tag = (tmp_path / "tag.rst").read_text(encoding="utf-8")
    assert set(re.findall(r"--[\w-]+", commands.help_of(["tag", "--help"]))) - {"--help"} <= set(
        re.findall(r"--[\w-]+", tag)
    )
    assert ".. option:: --batch-size BATCH_SIZE\n\n   Jets that are computed at once. (type: int" in tag
    assert "liesym data convert\n------" in (tmp_path / "data.rst").read_text(encoding="utf-8")
    assert "liesym simulate plume\n------" in (tmp_path / "simulate.rst").read_text(encoding="utf-8")
    fit = (tmp_path / "fit.rst").read_text(encoding="utf-8")
    assert ".. option:: --trainer.max-epochs" in fit
    assert ".. option:: --data.max-constituents" in fit
    assert ".. option:: --model.init-args" not in fit


def test_readme_example_is_short() -> None:
    example = outputs.BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert example is not None
    assert len([line for line in example[2].splitlines() if line.strip()]) <= 15


def typed(program: str) -> list[str]:
    """The first word after a program wherever a page shows it being typed."""
    texts = (page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])
    return [word for text in texts for word in re.findall(rf"^\$ {program} (\S+)", text, re.MULTILINE)]


def test_commands_exist() -> None:
    words = set(typed("liesym"))
    assert words
    assert words <= set(re.findall(r"^  (\w+)", usage(), re.MULTILINE))


def test_make_targets_exist() -> None:
    words = set(typed("make"))
    assert {"demo", "test"} <= words
    assert words <= set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/tutorials/contribute.md"]
)
def test_paths_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    words = re.findall(r"\]\(((?:pyg_liesym|docs|datasets|examples)[\w./-]*)\)", text)
    if page != "README.md":  # its links name their files shorter
        words += re.findall(r"`((?:pyg_liesym|tests|docs|datasets|examples|benchmarks|\.ci)/[\w./-]*)`", text)
    assert words
    placeholders = ("my_conv", "NNNN", "/a/")
    missing = [word for word in words if not (ROOT / word).exists()]
    assert [word for word in missing if not any(placeholder in word for placeholder in placeholders)] == []
