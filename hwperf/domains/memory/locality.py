"""Locality in space and time: the order of a walk, and reuse in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, KiB, MiB, Work, limits, workload
from hwperf.checks import POISON, require_each, require_value
from hwperf.domains.memory.checks import count_up
from hwperf.host import memory
from hwperf.host import pages as working_memory
from hwperf.kernels import blocked as blocks
from hwperf.kernels import strided

__all__ = ["blocked", "walk"]

# 72 MiB of 8-byte elements, beyond most last-level caches; rows of 24 KiB, no power of two, so that
# the elements of a column do not all fall into one cache set.
ROWS = COLUMNS = 3072

BLOCKED_BYTES = 64 * MiB
REPEATS = 8  # Enough for reuse to dominate: memory is read and written once or eight times.


@workload(
    "memory.walk",
    params={"order": ["row", "column"], "direction": ["forward", "backward"]},
    limit=limits.loads,
    requires=lambda: memory.lacking(8 * ROWS * COLUMNS),
    source="Hennessy and Patterson, Computer Architecture, section 2.3: loop interchange",
)
def walk(order: str, direction: str) -> Iterator[Work]:
    """Time per element of adding up a matrix of 3072 by 3072, row by row or column by column.

    Counts elements of 8 bytes. The matrix lies in memory row by row; the same instructions walk
    all four ways, with four sums so that memory and not the addition is the bound.
    """
    n_elements = ROWS * COLUMNS
    data = working_memory.allocate(8 * n_elements, dtype=np.int64)
    count_up(data)
    out = np.full(1, int(POISON))
    path = strided.matrix(ROWS, COLUMNS, order, direction)
    yield Work(lambda: strided.read(data, path, out), ops=n_elements, bytes=8 * n_elements)
    require_value(int(out[0]), n_elements * (n_elements - 1) // 2, "sum of the elements")


@workload(
    "memory.blocked",
    params={"block_bytes": [16 * KiB, 128 * KiB, BLOCKED_BYTES]},
    metric="throughput",
    requires=lambda: memory.lacking(BLOCKED_BYTES),
    limit=limits.updates,
    source="Lam, Rothberg and Wolf (1991), "
    "The cache performance and optimizations of blocked algorithms",
)
def blocked(block_bytes: int) -> Iterator[Work]:
    """Throughput of adding 1 eight times to 64 MiB of float64, block after block.

    Counts one floating-point operation, one load and one store per element and repetition. Blocks
    of 16 KiB fit L1, of 128 KiB L2; a block of 64 MiB is no blocking at all. The arithmetic and
    the result are the same.
    """
    a = working_memory.allocate(BLOCKED_BYTES)
    a[:] = 0
    updates = REPEATS * a.size
    yield Work(lambda: blocks.sweep(a, block_bytes, REPEATS), flops=updates, bytes=16 * updates)
    total = a[0]
    if not (total > 0 and total % REPEATS == 0):
        raise CheckFailed(f"element 0 is {total!r} (is) != a multiple of {REPEATS} (should)")
    require_each(a, lambda part: total)
