"""STREAM's kernels and dot, for numba.cuda. This module holds what each thread does.

Four elements a thread, loaded before the first is stored: one load in flight per thread does not
fill the memory of a large GPU. Indices are unsigned 64-bit throughout: with signed ones numba adds
the test of Python's negative indices to each access, and mixed ones become float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from hwperf.devices.numba_cuda.geometry import THREADS

__all__ = ["SIGNATURES", "SOURCES"]


def _copy(real: Any) -> Any:
    def copy(c: Any, a: Any, n: Any) -> None:
        width = np.uint64(cuda.blockDim.x)
        i0 = np.uint64(cuda.blockIdx.x) * width * np.uint64(4) + np.uint64(cuda.threadIdx.x)
        i1 = i0 + width
        i2 = i1 + width
        i3 = i2 + width
        if i3 < n:
            a0, a1, a2, a3 = a[i0], a[i1], a[i2], a[i3]
            c[i0], c[i1], c[i2], c[i3] = a0, a1, a2, a3
        else:
            while i0 < n:
                c[i0] = a[i0]
                i0 += width

    return copy


def _scale(real: Any) -> Any:
    def scale(b: Any, c: Any, n: Any, scalar: Any) -> None:
        width = np.uint64(cuda.blockDim.x)
        i0 = np.uint64(cuda.blockIdx.x) * width * np.uint64(4) + np.uint64(cuda.threadIdx.x)
        i1 = i0 + width
        i2 = i1 + width
        i3 = i2 + width
        if i3 < n:
            c0, c1, c2, c3 = c[i0], c[i1], c[i2], c[i3]
            b[i0], b[i1], b[i2], b[i3] = scalar * c0, scalar * c1, scalar * c2, scalar * c3
        else:
            while i0 < n:
                b[i0] = scalar * c[i0]
                i0 += width

    return scale


def _add(real: Any) -> Any:
    def add(c: Any, a: Any, b: Any, n: Any) -> None:
        width = np.uint64(cuda.blockDim.x)
        i0 = np.uint64(cuda.blockIdx.x) * width * np.uint64(4) + np.uint64(cuda.threadIdx.x)
        i1 = i0 + width
        i2 = i1 + width
        i3 = i2 + width
        if i3 < n:
            a0, a1, a2, a3 = a[i0], a[i1], a[i2], a[i3]
            b0, b1, b2, b3 = b[i0], b[i1], b[i2], b[i3]
            c[i0], c[i1], c[i2], c[i3] = a0 + b0, a1 + b1, a2 + b2, a3 + b3
        else:
            while i0 < n:
                c[i0] = a[i0] + b[i0]
                i0 += width

    return add


def _triad(real: Any) -> Any:
    def triad(a: Any, b: Any, c: Any, n: Any, scalar: Any) -> None:
        width = np.uint64(cuda.blockDim.x)
        i0 = np.uint64(cuda.blockIdx.x) * width * np.uint64(4) + np.uint64(cuda.threadIdx.x)
        i1 = i0 + width
        i2 = i1 + width
        i3 = i2 + width
        if i3 < n:
            b0, b1, b2, b3 = b[i0], b[i1], b[i2], b[i3]
            c0, c1, c2, c3 = c[i0], c[i1], c[i2], c[i3]
            a[i0] = cuda.fma(scalar, c0, b0)
            a[i1] = cuda.fma(scalar, c1, b1)
            a[i2] = cuda.fma(scalar, c2, b2)
            a[i3] = cuda.fma(scalar, c3, b3)
        else:
            while i0 < n:
                a[i0] = cuda.fma(scalar, c[i0], b[i0])
                i0 += width

    return triad


def _dot(real: Any) -> Any:
    def dot(sums: Any, a: Any, b: Any, n: Any) -> None:
        """Leave the sum of each block in ``sums``."""
        of_threads = cuda.shared.array(THREADS, real)
        t = cuda.threadIdx.x
        width = np.uint64(cuda.blockDim.x)
        step = np.uint64(cuda.gridDim.x) * width
        i0 = np.uint64(cuda.blockIdx.x) * width + np.uint64(t)
        i1 = i0 + step
        i2 = i1 + step
        i3 = i2 + step
        s0, s1, s2, s3 = real(0), real(0), real(0), real(0)
        while i3 < n:
            s0 = cuda.fma(a[i0], b[i0], s0)
            s1 = cuda.fma(a[i1], b[i1], s1)
            s2 = cuda.fma(a[i2], b[i2], s2)
            s3 = cuda.fma(a[i3], b[i3], s3)
            i0 = i3 + step
            i1 = i0 + step
            i2 = i1 + step
            i3 = i2 + step
        while i0 < n:
            s0 = cuda.fma(a[i0], b[i0], s0)
            i0 += step
        of_threads[t] = (s0 + s1) + (s2 + s3)
        cuda.syncthreads()
        half = cuda.blockDim.x // 2
        while half > 0:
            if t < half:
                of_threads[t] += of_threads[t + half]
            cuda.syncthreads()
            half //= 2
        if t == 0:
            sums[cuda.blockIdx.x] = of_threads[0]

    return dot


def _total(real: Any) -> Any:
    def total(out: Any, sums: Any, n: Any) -> None:
        """Add up ``sums``, by one block."""
        of_threads = cuda.shared.array(THREADS, real)
        t = cuda.threadIdx.x
        i = np.uint64(t)
        step = np.uint64(cuda.blockDim.x)
        mine = real(0)
        while i < n:
            mine += sums[i]
            i += step
        of_threads[t] = mine
        cuda.syncthreads()
        half = cuda.blockDim.x // 2
        while half > 0:
            if t < half:
                of_threads[t] += of_threads[t + half]
            cuda.syncthreads()
            half //= 2
        if t == 0:
            out[0] = of_threads[0]

    return total


SOURCES: dict[str, Callable[[Any], Any]] = {
    "copy": _copy, "scale": _scale, "add": _add, "triad": _triad, "dot": _dot, "total": _total,
}  # fmt: skip
"""Given the type of the elements (numpy's), the function of one thread."""

SIGNATURES = {
    "copy": "void({0}[::1], {0}[::1], uint64)",
    "scale": "void({0}[::1], {0}[::1], uint64, {0})",
    "add": "void({0}[::1], {0}[::1], {0}[::1], uint64)",
    "triad": "void({0}[::1], {0}[::1], {0}[::1], uint64, {0})",
    "dot": "void({0}[::1], {0}[::1], {0}[::1], uint64)",
    "total": "void({0}[::1], {0}[::1], uint64)",
}
"""What each takes, in numba's spelling; {0} is the type of the elements."""
