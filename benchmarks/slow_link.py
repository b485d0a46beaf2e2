"""Two network namespaces and a slow link between them: its packets pass through a process, which makes them wait.

Needs Linux, root, ``ip`` and ``/dev/net/tun``; kernels without ``netem`` will do.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import select
import struct
import subprocess
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence

from nodes import Host

DEVICE, SET_DEVICE, WITHOUT_HEADER = "/dev/net/tun", 0x400454CA, 0x1001
INTERFACE, LARGEST_PACKET, PAYLOAD, QUEUE = "slow0", 1500, 1448, 10_000

SETTINGS = {"tcp_congestion_control": "reno", "tcp_slow_start_after_idle": "0"}
"""The formula is of connections that are under way: they do not pace what they send, nor begin slowly again."""


class SlowLink(contextlib.ExitStack):
    """The namespaces while the link is open, ``hosts``, and what it is like: :meth:`become`."""

    def __init__(self) -> None:
        super().__init__()
        cores = sorted(os.sched_getaffinity(0))
        self.names = [f"liesym{os.getpid()}-{number}" for number in (1, 2)]
        self.hosts = []
        for number, name in enumerate(self.names):
            own = ",".join(map(str, cores[number::2] or cores))  # or one node is faster while the other one waits
            within = ("taskset", "-c", own, "ip", "netns", "exec", name)
            self.hosts.append(Host(f"10.99.0.{number + 1}", INTERFACE, within))
        self._like = multiprocessing.RawArray("d", [0.0, 0.0])

    def become(self, latency: float, rate: float) -> None:
        """Let packets take so many seconds, and so many bytes leave in a second in each direction; 0 for any number."""
        self._like[:] = [latency, rate]

    def __enter__(self) -> SlowLink:
        super().__enter__()
        with contextlib.ExitStack() as unfinished:
            ends = [unfinished.enter_context(_end(*each)) for each in zip(self.names, self.hosts, strict=True)]
            fork = multiprocessing.get_context("fork")
            carrier = fork.Process(target=carry, args=(ends, self._like), daemon=True)
            carrier.start()
            unfinished.callback(carrier.join)
            unfinished.callback(carrier.terminate)
            self.push(unfinished.pop_all())
        return self


@contextlib.contextmanager
def _end(name: str, host: Host) -> Iterator[int]:
    """The namespace of a node, and this side of its device."""
    _ip("netns", "add", name)
    try:
        end = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK)
        device = f"slow{name[-9:]}"
        fcntl.ioctl(end, SET_DEVICE, struct.pack("16sH", device.encode(), WITHOUT_HEADER))
        _ip("link", "set", "dev", device, "netns", name, "name", INTERFACE)
        _ip("-n", name, "link", "set", "dev", "lo", "up")
        _ip("-n", name, "addr", "add", f"{host.address}/24", "dev", INTERFACE)
        _ip("-n", name, "link", "set", "dev", INTERFACE, "mtu", str(LARGEST_PACKET), "txqueuelen", str(QUEUE), "up")
        for setting, value in SETTINGS.items():
            subprocess.run([*host.within, "sh", "-c", f"echo {value} > /proc/sys/net/ipv4/{setting}"], check=True)
        yield end
        os.close(end)
    finally:
        _ip("netns", "del", name)


class Way:
    """One direction: packets leave at a rate, those of each connection in turn, and arrive after the latency."""

    def __init__(self, end: int, other: int) -> None:
        self.end, self.other = end, other
        self.waiting: OrderedDict[bytes, deque[tuple[float, bytes]]] = OrderedDict()
        self.leaving = 0.0
        self.under_way: deque[tuple[float, bytes]] = deque()

    def take(self) -> None:
        """Take what has come."""
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = os.read(self.end, LARGEST_PACKET + 100)
                self.waiting.setdefault(packet[20:24], deque()).append((time.monotonic(), packet))

    def move(self, latency: float, rate: float) -> float:
        """Let go and deliver what is due; when to come again."""
        now = time.monotonic()
        while self.waiting and self.leaving <= now:
            connection, packets = self.waiting.popitem(last=False)
            came, packet = packets.popleft()
            if packets:
                self.waiting[connection] = packets
            self.leaving = max(self.leaving, came) + (len(packet) / rate if rate else 0.0)
            self.under_way.append((self.leaving + latency, packet))
        while self.under_way and self.under_way[0][0] <= now:
            with contextlib.suppress(OSError):  # of an end that has been taken down
                os.write(self.other, self.under_way.popleft()[1])
        return min(self.leaving if self.waiting else now + 1, self.under_way[0][0] if self.under_way else now + 1)


def carry(ends: Sequence[int], like: Sequence[float]) -> None:
    """Take packets from each end to the other."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    ways = [Way(ends[0], ends[1]), Way(ends[1], ends[0])]
    while True:
        again = min(way.move(*like) for way in ways)
        ready, _, _ = select.select(ends, [], [], max(again - time.monotonic(), 0))
        for way in ways:
            if way.end in ready:
                way.take()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
