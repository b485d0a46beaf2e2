"""Peak memory of a pass over 1× and 16× the jets, each in a process of its own.

    python benchmarks/stream_memory.py --jets 20000 --out runs/bench/stream

Writes 16 ROOT files of random jets, lets ``StreamingJets`` go once through one of them and through all, and once
through one file that is as large as all together.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import jet_writer
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.streaming import StreamingJets

COPIES, CONSTITUENTS = 16, 50


def random_jets(count: int, seed: int) -> JetArrays:
    """Jets of 1 to 99 massless constituents."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 2 * CONSTITUENTS, count))])
    momentum = rng.exponential(10, (int(offsets[-1]), 3))
    p4 = np.concatenate([np.linalg.norm(momentum, axis=1, keepdims=True), momentum], axis=1).astype(np.float32)
    plane, axis = np.zeros((len(p4), 2), np.float32), np.ones((count, 4), np.float32)
    return JetArrays(p4, plane, offsets, axis, rng.integers(0, 2, count))


def write(path: Path, jets: int, copies: int) -> None:
    """Write a file unless it is there."""
    if not path.exists():
        with jet_writer(path, JetSchema(), plane=False) as writer:
            for copy in range(copies):
                for start in range(0, jets, 2000):
                    writer.extend(random_jets(min(2000, jets - start), seed=copy * jets + start))


def once_through(files: list[str], buffer_size: int) -> None:
    """Print the number of jets seen and the process's peak memory in bytes."""
    seen = sum(batch.num_graphs for batch in StreamingJets(files, batch_size=64, buffer_size=buffer_size))
    print(json.dumps({"jets": seen, "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=20_000)
    parser.add_argument("--buffer-size", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path("runs/bench/stream"))
    parser.add_argument("--files", nargs="+")
    args = parser.parse_args()
    if args.files:
        once_through(args.files, args.buffer_size)
        return
    args.out.mkdir(parents=True, exist_ok=True)
    small = [args.out / f"{args.jets}-{number}.root" for number in range(COPIES)]
    large = args.out / f"{COPIES}x{args.jets}.root"
    for number, path in enumerate(small):
        print(f"[{number + 1}/{COPIES + 1}] {path}", flush=True)
        write(path, args.jets, 1)
    print(f"[{COPIES + 1}/{COPIES + 1}] {large}", flush=True)
    write(large, args.jets, COPIES)
    result = {}
    for name, files in {"1 file": small[:1], f"{COPIES} files": small, f"1 file of {COPIES}x": [large]}.items():
        command = [sys.executable, __file__, "--buffer-size", str(args.buffer_size), "--files", *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        result[name] = json.loads(done.stdout)
        ratio = result[name]["bytes"] / result["1 file"]["bytes"]
        print(
            f"{name:<14}{result[name]['jets']:>8} jets {result[name]['bytes'] / 1e6:8.1f} MB  {ratio:.3f}", flush=True
        )
    (args.out / "memory.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
