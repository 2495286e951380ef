"""Kernels about how a device computes, for numba.cuda. This module holds what each thread does.

Branches that diverge, chains of FMA in more and more blocks, and the product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from hwperf.devices.numba_cuda.geometry import DEPTH, ON_DEVICE, SIDE, WAYS

__all__ = ["SIGNATURES", "SOURCES", "gemm_of"]

_AT_ONCE = 16  # Rounds of ramp.


def _ramp(real: Any) -> Any:
    def ramp(out: Any, rounds: Any, x0: Any, x1: Any, x2: Any, x3: Any) -> None:
        # The chains begin with arguments: of four that are known to be equal one may be kept.
        half, one = np.float32(0.5), np.float32(1)
        while rounds >= _AT_ONCE:  # Written out by the compiler: counting takes FMAs' places.
            for _ in range(_AT_ONCE):
                x0 = cuda.fma(x0, half, one)
                x1 = cuda.fma(x1, half, one)
                x2 = cuda.fma(x2, half, one)
                x3 = cuda.fma(x3, half, one)
            rounds -= _AT_ONCE
        while rounds > 0:
            x0 = cuda.fma(x0, half, one)
            x1 = cuda.fma(x1, half, one)
            x2 = cuda.fma(x2, half, one)
            x3 = cuda.fma(x3, half, one)
            rounds -= 1
        t = np.uint64(cuda.blockIdx.x) * np.uint64(cuda.blockDim.x) + np.uint64(cuda.threadIdx.x)
        out[t] = (x0 + x1) + (x2 + x3)

    return ramp


def _diverge(real: Any) -> Any:
    """Write the branches out, each with a loop of its own.

    One loop with a constant chosen beforehand, or one function called from each branch, is what a
    compiler may fold into one branch.
    """
    lines = [
        "def diverge(out, n, ways, rounds):",
        "    t = uint32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)",
        "    if t < n:",
        "        way = uint32(t % ways)",
        "        x = float32(0)",
    ]
    for way in range(WAYS):
        lines += [
            f"        {'if' if way == 0 else 'elif'} way == uint32({way}):",
            "            for _ in range(rounds):",
            f"                x = cuda.fma(x, float32(0.5), float32({way + 1}))",
        ]
    lines.append("        out[t] = x")
    names: dict[str, Any] = {"cuda": cuda, "uint32": np.uint32, "float32": np.float32}
    exec(compile("\n".join(lines), __file__, "exec"), names)
    return names["diverge"]


def gemm_of(each: int) -> Callable[[Any], Any]:
    """Return gemm's source with *each* times *each* elements of c a thread.

    Each element that is read from shared memory is used *each* times: with 8 the reads and the
    FMAs of a multiprocessor take the same time, with 4 the reads take twice as long.
    """
    tile = SIDE * each
    padded = tile + 1  # So that the threads that store a row of a use different banks.

    def source(real: Any) -> Any:
        def gemm(c: Any, a: Any, b: Any, n: Any) -> None:
            of_a = cuda.shared.array((DEPTH, padded), real)
            of_b = cuda.shared.array((DEPTH, padded), real)
            sums = cuda.local.array((each, each), real)
            column_of_a = cuda.local.array(each, real)
            for i in range(each):
                for j in range(each):
                    sums[i, j] = real(0)
            tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
            thread = ty * SIDE + tx
            k, line = thread % DEPTH, thread // DEPTH
            first_row, first_column = cuda.blockIdx.y * tile, cuda.blockIdx.x * tile
            for start in range(0, n, DEPTH):
                for part in range(each):
                    here = line + part * SIDE
                    row, column = first_row + here, first_column + here
                    of_a[k, here] = a[row, start + k] if row < n and start + k < n else real(0)
                    of_b[k, here] = (
                        b[column, start + k] if column < n and start + k < n else real(0)
                    )
                cuda.syncthreads()
                for depth in range(DEPTH):
                    for i in range(each):
                        column_of_a[i] = of_a[depth, ty + i * SIDE]
                    for j in range(each):
                        value = of_b[depth, tx + j * SIDE]
                        for i in range(each):
                            sums[i, j] = cuda.fma(column_of_a[i], value, sums[i, j])
                cuda.syncthreads()
            for i in range(each):
                for j in range(each):
                    row, column = first_row + ty + i * SIDE, first_column + tx + j * SIDE
                    if row < n and column < n:
                        c[row, column] = sums[i, j]

        return gemm

    return source


SOURCES: dict[str, Callable[[Any], Any]] = {
    "ramp": _ramp,
    "diverge": _diverge,
    "gemm": gemm_of(ON_DEVICE.each),
}
"""Given the type of the elements (numpy's), the function of one thread."""

SIGNATURES = {
    "ramp": "void(float32[::1], int64, float32, float32, float32, float32)",
    "diverge": "void(float32[::1], uint32, uint32, int32)",
    "gemm": "void({0}[:, ::1], {0}[:, ::1], {0}[:, ::1], int32)",
}
"""What each takes, in numba's spelling; {0} is the type of the elements."""
