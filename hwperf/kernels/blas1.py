"""Vector kernels of the first level of BLAS: axpy and dot, what a library's are held against.

As in :mod:`hwperf.kernels.stream`, which has the sum of an array (``read``): C-contiguous float64
arrays of one size, a multiple of 64 B, that start on a 64 B boundary; *n_passes* whole passes with
a compiler barrier before each; the machine's widest vectors, several in a turn.

Products are rounded before they are added: not every processor has a fused multiply-add, and loads
are the bound either way.

Source: Lawson, Hanson, Kincaid and Krogh (1979), "Basic linear algebra subprograms for Fortran
usage".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, barrier, output_address
from hwperf.kernels.vector import (
    LINE_BYTES,
    NATIVE,
    Width,
    load_f64,
    plus,
    put,
    several,
    size_of,
    splat,
    sum_lanes,
    times,
)

Array: TypeAlias = NDArray[np.float64]

UNITS = 8  # Vectors of a turn of axpy, each stored before the next is loaded; see stream.UNITS.


@kernel
def _require_vectors(x: Array, y: Array) -> None:
    if x.itemsize != 8 or y.itemsize != 8 or x.nbytes != y.nbytes or x.nbytes % LINE_BYTES != 0:
        raise ValueError("blas1: expected float64 arrays of one size, a multiple of 64 B")
    if address_of(x) % LINE_BYTES != 0 or address_of(y) % LINE_BYTES != 0:
        raise ValueError("blas1: expected arrays that start on a 64 B boundary")


def make_axpy(width: Width, name: str) -> Callable[..., None]:
    """Compile ``axpy(a, x, y, n_passes)``: ``y += a * x``, *n_passes* times."""

    @kernel(name=name)
    def axpy(a: float, x: Array, y: Array, n_passes: int) -> None:
        _require_vectors(x, y)
        start = output_address(y)
        to_x = address_of(x) - start
        end = start + y.nbytes
        turns_end = start + y.nbytes // (UNITS * size_of(width)) * (UNITS * size_of(width))
        for _ in range(n_passes):
            barrier()
            p = start
            while p < turns_end:
                for _ in range(UNITS):
                    product = times(splat(a, width), load_f64(p + to_x, width))
                    put(p, plus(load_f64(p, width), product), False)
                    p += size_of(width)
                    barrier()
            while p < end:
                last = times(splat(a, width), load_f64(p + to_x, width))
                put(p, plus(load_f64(p, width), last), False)
                p += size_of(width)

    return axpy


def make_dot(width: Width, name: str) -> Callable[..., None]:
    """Compile ``dot(x, y, out, n_passes)``: ``out[0] = n_passes * (x @ y)``."""
    # An addition takes 3 or 4 cycles and two begin in a cycle: eight sums keep both units busy.
    block = several(8, width)

    @kernel(name=name)
    def dot(x: Array, y: Array, out: Array, n_passes: int) -> None:
        _require_vectors(x, y)
        start = address_of(x)
        to_y = address_of(y) - start
        end = start + x.nbytes
        blocks_end = start + x.nbytes // size_of(block) * size_of(block)
        sums, rest = splat(0.0, block), splat(0.0, width)
        for _ in range(n_passes):
            barrier()
            p = start
            while p < blocks_end:
                sums = plus(sums, times(load_f64(p, block), load_f64(p + to_y, block)))
                p += size_of(block)
            while p < end:
                rest = plus(rest, times(load_f64(p, width), load_f64(p + to_y, width)))
                p += size_of(width)
        out[0] = sum_lanes(sums) + sum_lanes(rest)

    return dot


axpy = make_axpy(NATIVE, "axpy")
dot = make_dot(NATIVE, "dot")
