"""The same work in blocks of any size: what reuse within a cache is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import barrier, output_address
from hwperf.kernels.vector import (
    LINE_BYTES,
    NATIVE,
    Width,
    load_f64,
    plus,
    several,
    size_of,
    splat,
    store,
)

Array: TypeAlias = NDArray[np.float64]


def make_sweep(width: Width, name: str) -> Callable[..., None]:
    """Compile ``sweep(a, block_bytes, n_repeats)``: ``a += 1``, *n_repeats* times.

    All repeats are made on one block before the next block is begun. With blocks that fit into a
    cache, memory is read and written once; with one block of the array's size, *n_repeats* times.
    The additions, and the result, are the same for every block size.

    Per element and repeat: 1 FLOP, 8 B read and 8 B written. *a* is a float64 array as
    :mod:`hwperf.kernels.stream` takes it; *block_bytes* is a multiple of 64 (the last block may
    be shorter).
    """
    group = several(4, width)

    @kernel(name=name)
    def sweep(a: Array, block_bytes: int, n_repeats: int) -> None:
        start = output_address(a)
        if a.itemsize != 8 or a.nbytes % LINE_BYTES != 0 or start % LINE_BYTES != 0:
            raise ValueError("blocked: expected float64, in whole lines of 64 B from a boundary on")
        if block_bytes < LINE_BYTES or block_bytes % LINE_BYTES != 0:
            raise ValueError("blocked: expected blocks of whole lines of 64 B")
        end = start + a.nbytes
        block = start
        while block < end:
            block_end = min(block + block_bytes, end)
            groups_end = block + (block_end - block) // size_of(group) * size_of(group)
            for _ in range(n_repeats):
                barrier()
                p = block
                while p < groups_end:
                    store(p, plus(load_f64(p, group), splat(1.0, group)))
                    p += size_of(group)
                while p < block_end:
                    store(p, plus(load_f64(p, width), splat(1.0, width)))
                    p += size_of(width)
            block = block_end

    return sweep


sweep = make_sweep(NATIVE, "sweep")
