"""Compiles the kernels for a GPU that is not there, in a process without the interpreter; prints what was compiled."""

from __future__ import annotations

from typing import Any

import torch

from pyg_liesym.nn.message.gpu import call, kernels
from pyg_liesym.nn.message.gpu.bounds import Bounds
from pyg_liesym.nn.message.operands import Choices, Maps, Nodes


class Device:
    """What Triton asks of a driver."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def get_current_target(self) -> Any:
        return self.target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


def main() -> None:
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.runtime.jit import MockTensor

    triton.runtime.driver.set_active(Device(GPUTarget("cuda", 80, 32)))
    real, whole = MockTensor(torch.float32), MockTensor(torch.int32)
    sizes = torch.zeros(4, 16), torch.zeros(4, 16), torch.zeros(2, 16), torch.zeros(4, 4), *2 * [torch.zeros(1, 4, 4)]
    plan = call._plan(Nodes(*sizes, None), Choices(True, True, "log", "silu", "gated", 1.0))
    plan = plan._replace(other=1, products="bf16", scalars_too=True, metric_too=True)
    operands = Nodes(*6 * [real], None), Maps(*8 * [real]), Bounds(whole, whole)
    for kernel, rest in (
        (kernels.sum_messages, [call._Sums(real, real)]),
        (kernels.pull_back, [call._Given(real, real), call._Grads(*11 * [real])]),
    ):
        made = kernel.warmup(*operands, *rest, 1000, 63, C=plan, grid=(63,), num_warps=4)
        print(made.metadata.name, "cubin" in made.asm)


if __name__ == "__main__":
    main()
