"""Load-to-use latency, after lmbench and multichase, over every level of the hierarchy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import KiB, MiB, Work, limits, workload
from hwperf.domains.memory.checks import require_at
from hwperf.host import memory
from hwperf.host import pages as working_memory
from hwperf.kernels import chase, cycle

__all__ = ["LINE_BYTES", "latency", "parallel_latency"]

LINE_BYTES = (
    64  # Cache line of x86-64 and of most Arm cores; on 128 B lines every second load hits.
)
WINDOW_BYTES = 256 * KiB  # 64 small pages: within the first-level TLB of every current core.
WARM_BYTES = 128 * MiB  # Up to here a last-level cache may hold part of the set from lap to lap.

SIZES = [4 * KiB * 2**i for i in range(19)]  # 4 KiB to 1 GiB
CHASE_BYTES = 256 * MiB


def _is_one_window(nbytes: int, order: str) -> str | None:
    if order == "local" and nbytes <= WINDOW_BYTES:
        return "the set is one window of 256 KiB or less, so order=whole is the same"
    return None


@workload(
    "memory.latency",
    params={"nbytes": SIZES, "pages": ["small", "huge"], "order": ["whole", "local"]},
    limit=limits.dependent_loads,
    requires=[_is_one_window, working_memory.lacking, memory.lacking],
    source="McVoy and Staelin (1996), lmbench; google/multichase",
)
def latency(nbytes: int, pages: str, order: str) -> Iterator[Work]:
    """Load-to-use latency of a dependent chase through a working set of *nbytes*.

    Counts loads; each gives the address of the next, one line of 64 B each, in a random cyclic
    order, so that no prefetcher can help. *order* "whole" jumps over the whole set and pays for
    address translation, "local" stays in windows of 256 KiB; *pages* "huge" is 2 MiB pages.
    """
    n_lines = nbytes // LINE_BYTES
    window_lines = WINDOW_BYTES // LINE_BYTES if order == "local" else None
    path = cycle.over(n_lines, window_lines=window_lines)
    buffer = working_memory.allocate(nbytes, pages=pages, dtype=np.int64)
    cycle.link(buffer, path, LINE_BYTES)
    state = np.array([buffer.ctypes.data + cycle.line_at(path, 0) * LINE_BYTES, 0])
    if nbytes <= WARM_BYTES:
        chase.follow(state, n_lines)  # One lap ends where it began.
    state[1] = 0
    steps = _steps(nbytes)
    yield Work(lambda: chase.follow(state, steps), ops=steps)
    require_at(state, path, [0], buffer.ctypes.data, LINE_BYTES)


@workload(
    "memory.parallel_latency",
    params={"chains": [1, 2, 4, 8, 16, 24, 32], "pages": ["small", "huge"]},
    limit=limits.dependent_loads,
    requires=[working_memory.lacking, lambda: memory.lacking(CHASE_BYTES)],
    source="google/multichase, parallel chases; lmbench par_mem",
)
def parallel_latency(chains: int, pages: str) -> Iterator[Work]:
    """Time per load when *chains* independent chases walk 256 MiB at once.

    Counts the loads of all chains. As long as memory serves more of them at once, two chains take
    no longer than one, so the time per load halves; bytes are the lines that are moved.
    """
    n_lines = CHASE_BYTES // LINE_BYTES
    path = cycle.over(n_lines)
    buffer = working_memory.allocate(CHASE_BYTES, pages=pages, dtype=np.int64)
    cycle.link(buffer, path, LINE_BYTES)
    starts = [i * (n_lines // chains) for i in range(chains)]
    base = buffer.ctypes.data
    state = np.array([[base + cycle.line_at(path, at) * LINE_BYTES, 0] for at in starts])
    follow = chase.follow_many[chains]
    steps = 2**11
    ops = chains * steps
    yield Work(lambda: follow(state, steps), ops=ops, bytes=ops * LINE_BYTES)
    require_at(state, path, starts, base, LINE_BYTES)


def _steps(nbytes: int) -> int:
    """Return the steps of one call: 0.15 ms at 1.1 ns in L1, some 0.5 ms farther out."""
    if nbytes <= 256 * KiB:
        return 2**17
    if nbytes <= 2 * MiB:
        return 2**16
    return 2**14 if nbytes <= 8 * MiB else 2**12
