"""Try to install torch-scatter into this environment, and leave one line about the outcome in a file.

torch-scatter has no wheel on PyPI: it is compiled against the torch that is installed, for some minutes.
It is an accelerator, so a failure is an outcome and not an error: this script always exits with 0.

    python .ci/torch_scatter.py OUTCOME_FILE [SECONDS]
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
WORKS = "import torch, torch_scatter as s; s.segment_csr(torch.ones(3), torch.tensor([0, 2, 3]), reduce='sum')"


def run(command: list[str], log: Path, seconds: float) -> str | None:
    """Run a command with its output appended to the log; returns what went wrong, or None."""
    environment = {"MAX_JOBS": "2"} | dict(os.environ)
    with log.open("a") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"stopped after {seconds:.0f} s"
    return None if code == 0 else "pip or the compiler failed"


def install(log: Path, seconds: float) -> str | None:
    """Install torch-scatter; returns what went wrong, or None."""
    if not any(shutil.which(name) for name in (os.environ.get("CXX", "c++"), "g++", "clang++")):
        return "there is no C++ compiler"
    run([*PIP, "install", "setuptools", "wheel"], log, seconds)
    command = [*PIP, "install", "--no-build-isolation", "torch-scatter>=2.1.2"]
    # pip caches the wheel it built by version alone: one built for another torch installs, and does not load.
    for extra in ([], ["--no-cache-dir", "--force-reinstall", "--no-deps"]):
        problem = run([*command, *extra], log, seconds)
        if problem is not None:
            return problem
        if run([sys.executable, "-c", WORKS], log, 120) is None:
            return None
    return "it was built, but does not load"


def main() -> None:
    """Install, and write down the outcome."""
    outcome = Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1500.0
    log = outcome.with_name("torch-scatter.log")
    log.unlink(missing_ok=True)
    problem = install(log, seconds)
    if problem is None:
        message = "torch-scatter: installed; the tests of its path run"
    else:
        # A half-installed torch-scatter would make every import of torch_geometric warn.
        run([*PIP, "uninstall", "--yes", "torch-scatter"], log, 120)
        message = (
            f"torch-scatter: could not be installed ({problem}, see {log}); "
            f"the tests of its path are skipped, nothing else needs it. To try again: rm {outcome}"
        )
    outcome.write_text(message + "\n")


if __name__ == "__main__":
    main()
