"""Gradients of every row on two processes: ``python two_processes.py RANK FOLDER``; run by test_contract.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn
from torch.distributed import destroy_process_group, init_process_group
from torch.nn.parallel import DistributedDataParallel

HERE = Path(__file__).resolve()


def run(folder: Path) -> dict[str, str]:
    """Run every row on two processes, all of them in one start: ``"same"`` or what went wrong, by row."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "GLOO_SOCKET_IFNAME": "lo"}
    started = [
        subprocess.Popen([sys.executable, str(HERE), str(rank), str(folder)], env=environment, stderr=subprocess.PIPE)
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=300)[1].decode() for process in started]
    assert not any(process.returncode for process in started), "\n".join(errors)
    first, second = (json.loads((folder / f"{rank}.json").read_text()) for rank in range(2))
    return {name: first[name] if second[name] == "same" else second[name] for name in first}


def compare(row, rank: int) -> str:  # type: ignore[no-untyped-def]
    """The gradients that two processes agree on, against the mean of those that each alone would have."""
    net = row.net().train()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # two processes drop different channels
    means = None
    for seed in range(2):
        net.zero_grad()
        row.loss(net, row.batch(seed=seed)).backward()
        alone = [parameter.grad.clone() for parameter in net.parameters()]
        means = alone if means is None else [(a + b) / 2 for a, b in zip(means, alone, strict=True)]
    net.zero_grad()
    together = DistributedDataParallel(net)
    for _ in range(2):  # an unused parameter is complained of when the next step begins
        net.zero_grad()
        row.loss(together, row.batch(seed=rank)).backward()
    torch.testing.assert_close([parameter.grad for parameter in net.parameters()], means)
    return "same"


def main(rank: int, folder: Path) -> None:
    sys.path.insert(0, str(HERE.parents[1]))
    from contract.rows import ROWS

    torch.set_num_threads(1)
    init_process_group("gloo", init_method=f"file://{folder / 'store'}", rank=rank, world_size=2)
    found = {}
    for row in ROWS:
        if "ddp" in row.reasons:
            continue
        try:
            found[row.name] = compare(row, rank)
        except (RuntimeError, AssertionError, ValueError) as error:
            found[row.name] = f"{type(error).__name__}: {error}"
    destroy_process_group()
    (folder / f"{rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
