from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pyg_liesym import __version__
from pyg_liesym.cli.main import _COMMANDS, main, usage


def test_help_is_light_and_lists_every_command() -> None:
    code = (
        "import sys; from pyg_liesym.cli.main import main; main(['--help']); "
        "print([name for name in ('torch', 'lightning', 'matplotlib', 'jsonargparse') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    *lines, heavy = done.stdout.splitlines()
    assert heavy == "[]"
    listed = {line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in _COMMANDS}
    assert listed == set(_COMMANDS)


@pytest.mark.parametrize("command", ["tag", "fit", "export", "simulate jets", "data info", "data convert"])
def test_help_of_a_command_does_not_wait_for_torch(command: str) -> None:
    code = (
        "import atexit, sys; from pyg_liesym.cli.main import main; "
        "heavy = 'torch', 'lightning', 'scipy', 'distributed'; "
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules])); "
        f"main({command.split()} + ['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert f"liesym {command.split()[0]}" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_process_of_our_own_counts_tiny_numbers_as_zero_and_no_other() -> None:
    code = (
        "import sys, torch; from pyg_liesym.cli.main import main; sys.argv = ['liesym', 'discover', 'nothing-there']\n"
        "for words in (sys.argv[1:], None):\n"
        "    try: main(words)\n"
        "    except SystemExit: print(bool(torch.tensor(1e-42) * 1.0 == 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"], ["help"]])
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(words)
    assert capsys.readouterr().out == usage()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"liesym {__version__}\n"


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["discvoer"])
    assert capsys.readouterr().err == (
        f"liesym: there is no command 'discvoer'; the commands are {', '.join(_COMMANDS)}\n"
    )


@pytest.mark.parametrize("command", ["demo", "discover", "simulate", "reproduce"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert f"liesym {command}" in capsys.readouterr().out


def test_a_bad_file_gives_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.npy"
    with pytest.raises(SystemExit, match="2"):
        main(["discover", str(file)])
    error = capsys.readouterr().err
    assert error.startswith(f"liesym discover: there is no file {file}; ")
    assert error.endswith("named data sets are two-body, three-body, jets\n")
    assert error.count("\n") == 1
    file.write_text("1 2 3")
    with pytest.raises(SystemExit, match="2"):
        main(["discover", str(file)])
    error = capsys.readouterr().err
    assert error.startswith(
        f"liesym discover: {file} is not a NumPy .npy file; if it is a table of text, write numpy.save"
    )
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["fit"], ["fit", "-c"], ["tag", "a.root", "b.root"], ["simulate", "jets"], ["reproduce", "two-body"]]
)
def test_settings_in_another_encoding_are_named(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"model: caf\xe9\n")
    with pytest.raises(SystemExit, match="2"):
        main([*words, str(file)] if words[-1] == "-c" else [*words, f"--config={file}"])
    error = capsys.readouterr().err
    assert error.startswith(f"liesym {words[0]}: {file} is not text in UTF-8 (")
    assert error.endswith("save it in that encoding\n")


def test_a_bad_option_names_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["discover", "two-body", "--num_channels", "many"])
    assert "num_channels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (PermissionError(13, "Permission denied", "out.h5"), 2, "liesym tag: [Errno 13] Permission denied: 'out.h5'\n"),
        (ConnectionError("downloading x failed"), 2, "liesym tag: downloading x failed\n"),
        (KeyboardInterrupt(), 130, "\nliesym tag: stopped\n"),
    ],
)
def test_what_stops_a_command_is_one_line(
    error: BaseException, status: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(words: list[str]) -> None:
        raise error

    monkeypatch.setattr("pyg_liesym.cli.tag.run", stop)
    with pytest.raises(SystemExit) as caught:
        main(["tag"])
    assert caught.value.code == status
    assert capsys.readouterr().err == says
