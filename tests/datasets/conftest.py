"""Jets, files of jets in the layouts of others, and a web server."""

from __future__ import annotations

import http.server
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from pyg_liesym.datasets.io.jet_arrays import JetArrays


@pytest.fixture
def make_jets() -> Callable[..., JetArrays]:
    """Random jets in the layout of JetArrays: sorted, massive constituents around consistent axes."""

    def make(num_jets: int = 20, seed: int = 0, max_count: int = 30) -> JetArrays:
        rng = np.random.default_rng(seed)
        counts = rng.integers(1, max_count + 1, num_jets)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        jet = np.repeat(np.arange(num_jets), counts)
        eta = rng.uniform(-1.5, 1.5, num_jets)[jet] + rng.uniform(-0.3, 0.3, len(jet))
        phi = rng.uniform(-np.pi, np.pi, num_jets)[jet] + rng.uniform(-0.3, 0.3, len(jet))
        pt = rng.exponential(10.0, len(jet)) + 0.1
        order = np.lexsort((-pt, jet))
        pt, eta, phi = pt[order], eta[order], phi[order]
        momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)
        energy = np.sqrt((momentum**2).sum(-1, keepdims=True) + 0.14**2)
        p4 = np.concatenate([energy, momentum], axis=-1)
        total = np.add.reduceat(p4, offsets[:-1])
        axis_pt = np.hypot(total[:, 1], total[:, 2])
        axis_eta, axis_phi = np.arcsinh(total[:, 3] / axis_pt), np.arctan2(total[:, 2], total[:, 1])
        side = np.where(axis_eta < 0, -1, 1)
        deta = (np.arcsinh(p4[:, 3] / pt) - axis_eta[jet]) * side[jet]
        dphi = (phi - axis_phi[jet] + np.pi) % (2 * np.pi) - np.pi
        return JetArrays(
            p4=p4.astype(np.float32),
            plane=np.stack([deta, dphi], axis=-1).astype(np.float32),
            offsets=offsets,
            axis=np.stack([axis_pt, axis_eta, axis_phi, total[:, 0]], axis=-1).astype(np.float32),
            label=rng.integers(0, 2, num_jets),
        )

    return make


P4 = ("E", "PX", "PY", "PZ")


def padded(jets: JetArrays, values: np.ndarray, slots: int) -> np.ndarray:
    """[N, ...] to [J, slots, ...], zeros behind."""
    out = np.zeros((len(jets), slots, *values.shape[1:]), values.dtype)
    for j in range(len(jets)):
        rows = values[jets.offsets[j] : jets.offsets[j + 1]]
        out[j, : len(rows)] = rows
    return out


def set_pickled(target: h5py.AttributeManager, name: str, value: object) -> None:
    """An attribute as PyTables leaves it: a pickle of protocol 0 in a string of fixed length."""
    target[name] = np.bytes_(pickle.dumps(value, protocol=0))


@pytest.fixture
def write_top_tagging() -> Callable[..., Path]:
    """Writes the layout of the Top Quark Tagging Reference Dataset, as pandas lays a table out."""

    def write(
        path: Path,
        jets: JetArrays,
        *,
        slots: int = 200,
        ttv: int = 0,
        names: list[str] | None = None,
        weight: np.ndarray | None = None,
        fixed: bool = False,
        **options: object,
    ) -> Path:
        momenta = padded(jets, jets.p4, slots).reshape(len(jets), 4 * slots)
        floats = np.concatenate([momenta, np.zeros((len(jets), 4), np.float32)], axis=1)
        names = names or [f"{c}_{i}" for i in range(slots) for c in P4] + ["truthE", "truthPX", "truthPY", "truthPZ"]
        if weight is not None:
            floats, names = np.concatenate([floats, weight[:, None].astype(np.float32)], axis=1), [*names, "weight"]
        integers = np.stack([np.full(len(jets), ttv), jets.label], axis=1)
        with h5py.File(path, "w") as file:
            group = file.create_group("table")
            group.attrs["pandas_type"] = np.bytes_(b"frame" if fixed else b"frame_table")
            if fixed:
                group["axis0"] = np.array([*names, "ttv", "is_signal_new"], "S13")
                group["block0_items"], group["block0_values"] = np.array(names, "S13"), floats
                group["block1_items"], group["block1_values"] = np.array(["ttv", "is_signal_new"], "S13"), integers
                return path
            kinds = [("index", "<i8"), ("values_block_0", "<f4", (len(names),)), ("values_block_1", "<i8", (2,))]
            rows = np.zeros(len(jets), kinds)
            rows["index"], rows["values_block_0"], rows["values_block_1"] = np.arange(len(jets)), floats, integers
            table = group.create_dataset("table", data=rows, maxshape=(None,), chunks=(16,), **options)
            table.attrs["index_kind"] = np.bytes_(b"integer")
            set_pickled(table.attrs, "values_block_0_kind", names)
            set_pickled(table.attrs, "values_block_1_kind", ["ttv", "is_signal_new"])
            set_pickled(table.attrs, "values_block_0_meta", None)
        return path

    return write


@pytest.fixture
def write_lorentznet() -> Callable[..., Path]:
    """Writes the layout into which LorentzNet converts the reference dataset."""

    def write(path: Path, jets: JetArrays, *, slots: int = 200, **extra: np.ndarray) -> Path:
        with h5py.File(path, "w") as file:
            file.create_dataset("Pmu", data=padded(jets, jets.p4.astype(np.float64), slots), compression="gzip")
            file.create_dataset("Nobj", data=jets.counts.astype(np.int16), compression="gzip")
            file.create_dataset("is_signal", data=jets.label.astype(np.int16), compression="gzip")
            file.create_dataset("mass", data=np.zeros((len(jets), slots)), compression="gzip")
            for name, values in extra.items():
                file[name] = values
        return path

    return write


@pytest.fixture
def write_energyflow() -> Callable[..., tuple[Path, np.ndarray, np.ndarray]]:
    """Writes random quark and gluon jets as EnergyFlow does; returns the file, X and y."""

    def write(path: Path, num_jets: int = 20, slots: int = 30, seed: int = 0) -> tuple[Path, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        pids = [22, 211, -211, 321, -321, 130, 2212, -2212, 2112, -2112, 11, -11, 13, -13]
        x = np.zeros((num_jets, slots, 4))
        for j, count in enumerate(rng.integers(1, slots + 1, num_jets)):
            x[j, :count, 0] = np.sort(rng.exponential(10.0, count) + 0.1)  # the files are not sorted by falling pT
            x[j, :count, 1:3] = rng.uniform(-1.7, 1.7, (count, 2))
            x[j, :count, 3] = rng.choice(pids, count)
        y = rng.integers(0, 2, num_jets).astype(np.float64)
        np.savez_compressed(path, X=x, y=y)
        return path, x, y

    return write


class Server(http.server.ThreadingHTTPServer):
    """Serves bytes by path; can ignore ranges and break connections."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.ranges = True
        self.break_after = None
        self.requests = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.requests.append((self.path, asked))
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
        if start >= len(content) > 0:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if server.break_after is None else body[: server.break_after])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine; what it serves goes to ``server.files``."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
