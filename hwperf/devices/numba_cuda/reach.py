"""Kernels about how memory is reached, for numba.cuda. This module holds what each thread does.

A counter, the chase, the strided copy and the sum of a buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from hwperf.devices.numba_cuda.geometry import LOCAL_ENTRIES

__all__ = ["SIGNATURES", "SOURCES"]

_WORD = np.uint64(0xFFFFFFFF)


def _count(real: Any) -> Any:
    def count(counter: Any) -> None:
        counter[0] += 1

    return count


def _chase(real: Any) -> Any:
    def chase(out: Any, order: Any, steps: Any) -> None:
        i = np.uint32(0)  # Unsigned: a signed index would be tested for being negative, each time.
        for _ in range(steps):
            i = order[i]
        out[0] = i

    return chase


def _chase_local(real: Any) -> Any:
    def chase_local(out: Any, order: Any, n: Any, steps: Any) -> None:
        near = cuda.shared.array(LOCAL_ENTRIES, np.uint32)
        entry = np.uint32(cuda.threadIdx.x)
        while entry < n:
            near[entry] = order[entry]
            entry += np.uint32(cuda.blockDim.x)
        cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            i = np.uint32(0)
            for _ in range(steps):
                i = near[i]
            out[0] = i

    return chase_local


def _coalesce(real: Any) -> Any:
    def coalesce(dst: Any, src: Any, rows: Any, stride: Any) -> None:
        """Thread t = column * rows + row takes element row * stride + column.

        The column is the grid's second dimension, so that no thread has to divide: that would
        cost more than the two accesses.
        """
        row = np.uint64(cuda.blockIdx.x) * np.uint64(cuda.blockDim.x) + np.uint64(cuda.threadIdx.x)
        if row < rows:
            column = np.uint64(cuda.blockIdx.y)
            columns_apart = np.uint64(cuda.gridDim.y)
            while column < stride:
                p = row * stride + column
                dst[p] = src[p]
                column += columns_apart

    return coalesce


def _checksum(real: Any) -> Any:
    def checksum(sums: Any, data: Any, n: Any) -> None:
        """Add the two sums of *data* to ``sums``; what is above 32 bits is the caller's to drop."""
        one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
        width = np.uint64(cuda.blockDim.x)
        place = np.uint64(cuda.blockIdx.x) * width + np.uint64(cuda.threadIdx.x)
        step = np.uint64(cuda.gridDim.x) * width
        plain = np.uint64(0)
        weighted = np.uint64(0)
        while place * four < n:
            i = place * four  # By bytes: a part of a buffer may begin anywhere.
            word = np.uint64(data[i])
            if i + one < n:
                word |= np.uint64(data[i + one]) << np.uint64(8)
            if i + two < n:
                word |= np.uint64(data[i + two]) << np.uint64(16)
            if i + three < n:
                word |= np.uint64(data[i + three]) << np.uint64(24)
            plain = (plain + word) & _WORD
            weighted = (weighted + word * (place + one)) & _WORD
            place += step
        cuda.atomic.add(sums, 0, plain)
        cuda.atomic.add(sums, 1, weighted)

    return checksum


SOURCES: dict[str, Callable[[Any], Any]] = {
    "count": _count, "chase": _chase, "chase_local": _chase_local, "coalesce": _coalesce,
    "checksum": _checksum,
}  # fmt: skip
"""The function of one thread; none depends on a type of elements."""

SIGNATURES = {
    "count": "void(int32[::1])",
    "chase": "void(uint32[::1], uint32[::1], int32)",
    "chase_local": "void(uint32[::1], uint32[::1], uint32, int32)",
    "coalesce": "void(float32[::1], float32[::1], uint64, uint64)",
    "checksum": "void(uint64[::1], uint8[::1], uint64)",
}
"""What each takes, in numba's spelling."""
