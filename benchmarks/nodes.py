"""Machines of a cluster, played by process groups of this one: an agent of ``torchrun`` each, with its ranks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

NODES, RANKS = 2, 2
"""Nodes, and ranks on each."""


class Cluster:
    """The agents of all nodes, which run the same command.

    Args:
        words: Those after ``liesym``.
        folder: Where what they say goes, in ``log.txt``.
        nodes: Number of nodes.
        ranks: Number of ranks on each.
    """

    def __init__(self, words: list[str], folder: Path, nodes: int = NODES, ranks: int = RANKS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        scripts, port, name = Path(sys.executable).parent, free_port(), uuid.uuid4().hex
        command = [
            str(scripts / "torchrun"), f"--nnodes={nodes}", f"--nproc-per-node={ranks}", "--rdzv-backend=c10d",
            f"--rdzv-endpoint=127.0.0.1:{port}", f"--rdzv-id={name}", "--local-addr=127.0.0.1", "--no-python",
            str(scripts / "liesym"), *words,
        ]  # fmt: skip
        paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        with (folder / "log.txt").open("a") as log:
            self.agents = [
                subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env) for _ in range(nodes)
            ]

    def wait(self, timeout: float = 600) -> list[int]:
        """The statuses of the agents when all have ended; what has not by then is killed."""
        try:
            return [agent.wait(timeout) for agent in self.agents]
        finally:
            for agent in self.agents:
                kill(agent.pid)


def kill(pid: int) -> None:
    """End a process at once, and all that it has begun."""
    for each in [pid, *below(pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def below(pid: int) -> list[int]:
    """The processes that one has begun, and those that they have."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *below(int(child))]
    return found


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        number: int = bound.getsockname()[1]
        return number
