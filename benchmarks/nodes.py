"""Machines of a cluster, played by process groups of this one: an agent of ``torchrun`` each, with its ranks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NODES, RANKS = 2, 2
"""Nodes, and ranks on each."""


@dataclass(frozen=True)
class Host:
    """Where a node is.

    Args:
        address: Its address.
        interface: The device that has it.
        within: The words before a command that is to run there.
    """

    address: str = "127.0.0.1"
    interface: str = "lo"
    within: tuple[str, ...] = ()


class Cluster:
    """The agents of all nodes, which run the same command.

    Args:
        words: Those after ``liesym``.
        folder: Where what they say goes, in ``log.txt``.
        hosts: Where the nodes are.
        ranks: Number of ranks on each.
    """

    def __init__(
        self, words: list[str], folder: Path, hosts: Sequence[Host] = (Host(),) * NODES, ranks: int = RANKS
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        scripts, port, name = Path(sys.executable).parent, free_port(), uuid.uuid4().hex
        command = [
            str(scripts / "torchrun"), f"--nnodes={len(hosts)}", f"--nproc-per-node={ranks}", "--rdzv-backend=c10d",
            f"--rdzv-endpoint={hosts[0].address}:{port}", f"--rdzv-id={name}", "--no-python",
        ]  # fmt: skip
        paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        self.agents = []
        with (folder / "log.txt").open("a") as log:
            for number, host in enumerate(hosts):
                own = [f"--rdzv-conf=is_host={number == 0}", f"--local-addr={host.address}"]
                self.agents.append(
                    subprocess.Popen(
                        [*host.within, *command, *own, str(scripts / "liesym"), *words],
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        env={**env, "GLOO_SOCKET_IFNAME": host.interface},
                    )
                )

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
