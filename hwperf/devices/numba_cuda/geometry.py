"""How the kernels' threads are laid out. This module holds the numbers, without numba.cuda."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "DEPTH", "ELEMENTS", "LOCAL_ENTRIES", "ON_DEVICE", "SIDE", "SIMULATED", "THREADS", "WAYS",
    "Layout",
]  # fmt: skip

THREADS = 256  # A block, at most: what sums of threads have room for in shared memory.
ELEMENTS = 4  # A thread of STREAM's kernels loads before it stores.
LOCAL_ENTRIES = 4096  # 16 KiB of the 48 KiB that a block may share on every CUDA device.
WAYS = 32  # Branches: as many as a warp has threads.
SIDE = 16  # Threads of a block of gemm in each direction.
DEPTH = 16  # Columns of a, and rows of b, that such a block holds at a time.


@dataclass(frozen=True)
class Layout:
    """What differs between a device and the simulator, where each thread is a thread of Python.

    Attributes:
        threads: threads of a block, a power of two up to `THREADS`.
        blocks: blocks of a kernel whose threads go round, at most.
        each: a thread of gemm computes this times this many elements.
    """

    threads: int
    blocks: int
    each: int


ON_DEVICE = Layout(THREADS, 1024, 8)  # More blocks than a device runs at once.
SIMULATED = Layout(32, 2, 4)
