"""Sweeps over whole arrays, after STREAM: read, fill, copy, scale, add, triad.

Every kernel takes C-contiguous float64 arrays of one size, a multiple of 64 B, that start on a
64 B boundary (``hwperf.host.pages`` gives such arrays), and makes *n_passes* whole passes: 1 for
memory, many for a cache, where one pass is too short to be timed. A compiler barrier before each
pass keeps LLVM from making fewer. A turn of a loop moves several of the machine's widest vectors,
which hides its end and the latency of an addition; what is left at the end of an array is moved
vector by vector. No loop becomes a call of memcpy or memset.

A kernel that stores comes in two kinds: ``copy["regular"](a, b, n_passes)`` and
``copy["streaming"](a, b, n_passes)``. A regular store first reads the line that it writes into
the cache, unless the processor sees that all of the line is written. A streaming store does not;
each pass ends with a fence.

Bytes of one pass over arrays of N bytes each, counted as STREAM does (no read for ownership):
read N, fill N, copy 2 N, scale 2 N, add 3 N, triad 3 N.

Source: McCalpin (1995), "Memory bandwidth and machine balance in current high performance
computers".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, barrier, opaque, output_address
from hwperf.kernels.vector import (
    LINE_BYTES,
    NATIVE,
    Width,
    bits_f64,
    bits_i64,
    lane_numbers,
    load_f64,
    plus,
    put,
    several,
    size_of,
    splat,
    store_fence,
    sum_lanes,
    times,
)

Array: TypeAlias = NDArray[np.float64]

# Units of a turn of copy, scale, add and triad, each moved before the next. Left alone, LLVM puts
# all loads of a turn before its stores, which costs add and triad a fifth of their rate in L1 (of
# Zen 3: 246 in place of 303 GB/s at 3.5 GHz); with four units the end of a turn still shows (285).
UNITS = 8


def _unit(width: Width) -> Width:
    """Return what is moved at once: a vector, or two of 16 B, which Arm moves as a pair."""
    return several(2, width) if width.nbytes < 32 else width


@kernel
def _require_stream(array: Array, nbytes: int) -> None:
    if array.itemsize != 8 or array.nbytes != nbytes or nbytes % LINE_BYTES != 0:
        raise ValueError("stream: expected float64 arrays of one size, a multiple of 64 B")
    if address_of(array) % LINE_BYTES != 0:
        raise ValueError("stream: expected arrays that start on a 64 B boundary")


@kernel
def _in_turns(nbytes: int, turn_bytes: int, n_passes: int, is_streaming: bool) -> int:
    """Return how many of *nbytes* are moved in turns; the others are moved vector by vector.

    These are all whole turns, but none in a single pass with regular stores. Such a pass is over
    memory, and there the slower loop is the faster one (Zen 3: fill 15.1 GB/s vector by vector,
    13.7 with two in a turn, 13.5 with eight; copy and add 3 % faster, scale and triad no slower).
    """
    if n_passes == 1 and not is_streaming:
        return 0
    return nbytes // turn_bytes * turn_bytes


def make_read(width: Width, name: str) -> Callable[..., None]:
    """Compile ``read(a, out, n_passes)``: ``out[0] = n_passes * sum(a)``."""
    # An addition takes 3 or 4 cycles and two begin in a cycle: eight sums keep both units busy.
    block = several(8, width)

    @kernel(name=name)
    def read(a: Array, out: Array, n_passes: int) -> None:
        _require_stream(a, a.nbytes)
        start = address_of(a)
        end = start + a.nbytes
        blocks_end = start + a.nbytes // size_of(block) * size_of(block)
        sums, rest = splat(0.0, block), splat(0.0, width)
        for _ in range(n_passes):
            barrier()
            p = start
            while p < blocks_end:
                sums = plus(sums, load_f64(p, block))
                p += size_of(block)
            while p < end:
                rest = plus(rest, load_f64(p, width))
                p += size_of(width)
        out[0] = sum_lanes(sums) + sum_lanes(rest)

    return read


def make_fill(width: Width, streaming: bool, name: str) -> Callable[..., None]:
    """Compile ``fill(a, n_passes)``: ``a[i] = i``, so that no two vectors are alike.

    Memory to which only one value is written can be faster than memory is: see fill_zeros.
    """
    block = several(4, width)

    @kernel(name=name)
    def fill(a: Array, n_passes: int) -> None:
        _require_stream(a, a.nbytes)
        start = output_address(a)
        end = start + a.nbytes
        blocks_end = start + _in_turns(a.nbytes, size_of(block), n_passes, streaming)
        n_lanes = size_of(width) / 8.0
        for _ in range(n_passes):
            barrier()
            p = start
            values = lane_numbers(block)
            while p < blocks_end:
                put(p, values, streaming)
                values = plus(values, splat(4.0 * n_lanes, block))
                p += size_of(block)
            # Counted in the lowest bits of 2**52 + i, whose step is 1: adding to these takes a
            # cycle for each vector, to i itself it would take 3 or 4.
            rest = bits_i64(plus(lane_numbers(width), splat(2.0**52 + (p - start) / 8.0, width)))
            while p < end:
                put(p, plus(bits_f64(rest), splat(-(2.0**52), width)), streaming)
                rest = plus(rest, splat(size_of(width) // 8, width))
                p += size_of(width)
            if streaming:
                store_fence()

    return fill


def make_fill_zeros(width: Width, streaming: bool, name: str) -> Callable[..., None]:
    """Compile ``fill_zeros(a, n_passes)``: ``a[:] = 0``.

    Some processors write lines of zeros faster than other data, so that this is no measure of
    memory.

    Source: Downs (2020), "Hardware store elimination".
    """
    block = several(4, width)

    @kernel(name=name)
    def fill_zeros(a: Array, n_passes: int) -> None:
        _require_stream(a, a.nbytes)
        start = output_address(a)
        end = start + a.nbytes
        blocks_end = start + _in_turns(a.nbytes, size_of(block), n_passes, streaming)
        zero = float(opaque(0))  # of a zero that it can see, LLVM could make a memset
        for _ in range(n_passes):
            barrier()
            p = start
            while p < blocks_end:
                put(p, splat(zero, block), streaming)
                p += size_of(block)
            while p < end:
                put(p, splat(zero, width), streaming)
                p += size_of(width)
            if streaming:
                store_fence()

    return fill_zeros


def make_copy(width: Width, streaming: bool, name: str) -> Callable[..., None]:
    """Compile ``copy(a, b, n_passes)``: ``a[:] = b``."""
    unit = _unit(width)

    @kernel(name=name)
    def copy(a: Array, b: Array, n_passes: int) -> None:
        _require_stream(a, a.nbytes)
        _require_stream(b, a.nbytes)
        start = output_address(a)
        to_b = address_of(b) - start
        end = start + a.nbytes
        turns_end = start + _in_turns(a.nbytes, UNITS * size_of(unit), n_passes, streaming)
        for _ in range(n_passes):
            barrier()
            p = start
            while p < turns_end:
                for _ in range(UNITS):
                    put(p, load_f64(p + to_b, unit), streaming)
                    p += size_of(unit)
                    barrier()
            while p < end:
                put(p, load_f64(p + to_b, width), streaming)
                p += size_of(width)
            if streaming:
                store_fence()

    return copy


def make_scale(width: Width, streaming: bool, name: str) -> Callable[..., None]:
    """Compile ``scale(a, b, scalar, n_passes)``: ``a[:] = scalar * b``."""
    unit = _unit(width)

    @kernel(name=name)
    def scale(a: Array, b: Array, scalar: float, n_passes: int) -> None:
        _require_stream(a, a.nbytes)
        _require_stream(b, a.nbytes)
        start = output_address(a)
        to_b = address_of(b) - start
        end = start + a.nbytes
        turns_end = start + _in_turns(a.nbytes, UNITS * size_of(unit), n_passes, streaming)
        for _ in range(n_passes):
            barrier()
            p = start
            while p < turns_end:
                for _ in range(UNITS):
                    put(p, times(splat(scalar, unit), load_f64(p + to_b, unit)), streaming)
                    p += size_of(unit)
                    barrier()
            while p < end:
                put(p, times(splat(scalar, width), load_f64(p + to_b, width)), streaming)
                p += size_of(width)
            if streaming:
                store_fence()

    return scale


def make_add(width: Width, streaming: bool, name: str) -> Callable[..., None]:
    """Compile ``add(a, b, c, n_passes)``: ``a[:] = b + c``."""
    unit = _unit(width)

    @kernel(name=name)
    def add(a: Array, b: Array, c: Array, n_passes: int) -> None:
        _require_stream(a, a.nbytes)
        _require_stream(b, a.nbytes)
        _require_stream(c, a.nbytes)
        start = output_address(a)
        to_b, to_c = address_of(b) - start, address_of(c) - start
        end = start + a.nbytes
        turns_end = start + _in_turns(a.nbytes, UNITS * size_of(unit), n_passes, streaming)
        for _ in range(n_passes):
            barrier()
            p = start
            while p < turns_end:
                for _ in range(UNITS):
                    put(p, plus(load_f64(p + to_b, unit), load_f64(p + to_c, unit)), streaming)
                    p += size_of(unit)
                    barrier()
            while p < end:
                put(p, plus(load_f64(p + to_b, width), load_f64(p + to_c, width)), streaming)
                p += size_of(width)
            if streaming:
                store_fence()

    return add


def make_triad(width: Width, streaming: bool, name: str) -> Callable[..., None]:
    """Compile ``triad(a, b, c, scalar, n_passes)``: ``a[:] = b + scalar * c``, rounded twice.

    Not a fused multiply-add, which not every processor has; memory is the bound either way.
    """
    unit = _unit(width)

    @kernel(name=name)
    def triad(a: Array, b: Array, c: Array, scalar: float, n_passes: int) -> None:
        _require_stream(a, a.nbytes)
        _require_stream(b, a.nbytes)
        _require_stream(c, a.nbytes)
        start = output_address(a)
        to_b, to_c = address_of(b) - start, address_of(c) - start
        end = start + a.nbytes
        turns_end = start + _in_turns(a.nbytes, UNITS * size_of(unit), n_passes, streaming)
        for _ in range(n_passes):
            barrier()
            p = start
            while p < turns_end:
                for _ in range(UNITS):
                    product = times(splat(scalar, unit), load_f64(p + to_c, unit))
                    put(p, plus(load_f64(p + to_b, unit), product), streaming)
                    p += size_of(unit)
                    barrier()
            while p < end:
                last = times(splat(scalar, width), load_f64(p + to_c, width))
                put(p, plus(load_f64(p + to_b, width), last), streaming)
                p += size_of(width)
            if streaming:
                store_fence()

    return triad


def _by_stores(make: Callable[..., Callable[..., None]]) -> dict[str, Callable[..., None]]:
    name = make.__name__.removeprefix("make_")
    return {kind: make(NATIVE, kind == "streaming", f"{name}_{kind}") for kind in STORES}


STORES = ("regular", "streaming")

read = make_read(NATIVE, "read")
fill = _by_stores(make_fill)
fill_zeros = _by_stores(make_fill_zeros)
copy = _by_stores(make_copy)
scale = _by_stores(make_scale)
add = _by_stores(make_add)
triad = _by_stores(make_triad)
