"""Bandwidth of whole-array sweeps, after STREAM, from L1 to DRAM.

Bytes are counted as STREAM does: one load or store of each element that the operation names. A
cache that reads a line before it is written (write-allocate) moves more with regular stores: copy
and scale 1.5 times, add and triad 4/3 times what is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hwperf import KiB, MiB, Work, limits, workload
from hwperf.checks import POISON, Floats, require_each, require_equal, require_value
from hwperf.host import memory
from hwperf.host import pages as working_memory
from hwperf.kernels import stream

__all__ = ["add", "copy", "fill", "read", "scale", "triad"]

# Bytes of each array. Three of them fit L1 (24 of 32 KiB), L2 (192 of 256 KiB and more), one core's
# share of L3 (6 MiB); 256 MiB is four times the last-level cache of most machines, STREAM's rule.
SIZES = [8 * KiB, 64 * KiB, 2 * MiB, 256 * MiB]
PAGES = ["small", "huge"]
STORES = ["regular", "streaming"]
SCALAR = 3.0  # STREAM's
# Per array and call: 0.17 ms at 200 GB/s in L1, a thousand times what the harness takes.
CALL_BYTES = 32 * MiB

_SOURCE = "McCalpin, STREAM"


def _lacks_memory(n_arrays: int) -> Callable[[int], str | None]:
    return lambda nbytes: memory.lacking(n_arrays * nbytes)


@workload(
    "memory.read",
    params={"nbytes": SIZES, "pages": PAGES},
    limit=limits.load_bandwidth,
    requires=[working_memory.lacking, _lacks_memory(1)],
    source="likwid-bench load; TheBandwidthBenchmark sum",
)
def read(nbytes: int, pages: str) -> Iterator[Work]:
    """Bandwidth of reading one array of *nbytes*, added up in vector registers.

    Counts one load per element.
    """
    a = _counted(nbytes, pages)
    out = np.full(1, POISON)
    n_passes = _passes(nbytes)
    yield Work(lambda: stream.read(a, out, n_passes), bytes=n_passes * nbytes)
    # The elements are 0 to n - 1 and all partial sums below 2**53, so the result is exact.
    require_value(out[0], n_passes * (a.size * (a.size - 1) / 2), "sum")


@workload(
    "memory.fill",
    params={"nbytes": SIZES, "pages": PAGES, "stores": STORES, "data": ["varied", "zeros"]},
    limit=limits.store_bandwidth,
    requires=[working_memory.lacking, _lacks_memory(1)],
    source="likwid-bench store; zeros after Downs (2020), Hardware store elimination",
)
def fill(nbytes: int, pages: str, stores: str, data: str) -> Iterator[Work]:
    """Bandwidth of writing one array of *nbytes*.

    Counts one store per element. Zeros may be faster than memory is, since some processors treat
    lines of zeros specially: the figure for *data* "varied" is the one to believe.
    """
    (a,) = _arrays(1, nbytes, pages)
    kernel = (stream.fill if data == "varied" else stream.fill_zeros)[stores]
    n_passes = _passes(nbytes, stores)
    yield Work(lambda: kernel(a, n_passes), bytes=n_passes * nbytes)
    require_each(a, _counts if data == "varied" else lambda part: 0.0)


@workload(
    "memory.copy",
    params={"nbytes": SIZES, "pages": PAGES, "stores": STORES},
    limit=limits.copy_bandwidth,
    requires=[working_memory.lacking, _lacks_memory(2)],
    source=f"{_SOURCE} Copy",
)
def copy(nbytes: int, pages: str, stores: str) -> Iterator[Work]:
    """Bandwidth of ``a[:] = b`` for two arrays of *nbytes* each.

    Counts one load and one store per element.
    """
    a, b = _arrays(2, nbytes, pages)
    kernel, n_passes = stream.copy[stores], _passes(nbytes, stores)
    yield Work(lambda: kernel(a, b, n_passes), bytes=2 * n_passes * nbytes)
    require_equal(a, b)


@workload(
    "memory.scale",
    params={"nbytes": SIZES, "pages": PAGES, "stores": STORES},
    limit=limits.copy_bandwidth,
    requires=[working_memory.lacking, _lacks_memory(2)],
    source=f"{_SOURCE} Scale",
)
def scale(nbytes: int, pages: str, stores: str) -> Iterator[Work]:
    """Bandwidth of ``a[:] = scalar * b`` for two arrays of *nbytes* each.

    Counts one load and one store per element, and one multiplication.
    """
    a, b = _arrays(2, nbytes, pages)
    kernel, n_passes = stream.scale[stores], _passes(nbytes, stores)
    yield Work(
        lambda: kernel(a, b, SCALAR, n_passes), bytes=2 * n_passes * nbytes, flops=n_passes * a.size
    )
    require_each(a, lambda part: SCALAR * b[part])


@workload(
    "memory.add",
    params={"nbytes": SIZES, "pages": PAGES, "stores": STORES},
    limit=limits.copy_bandwidth,
    requires=[working_memory.lacking, _lacks_memory(3)],
    source=f"{_SOURCE} Add",
)
def add(nbytes: int, pages: str, stores: str) -> Iterator[Work]:
    """Bandwidth of ``a[:] = b + c`` for three arrays of *nbytes* each.

    Counts two loads and one store per element, and one addition.
    """
    a, b, c = _arrays(3, nbytes, pages)
    kernel, n_passes = stream.add[stores], _passes(nbytes, stores)
    yield Work(
        lambda: kernel(a, b, c, n_passes), bytes=3 * n_passes * nbytes, flops=n_passes * a.size
    )
    require_each(a, lambda part: b[part] + c[part])


@workload(
    "memory.triad",
    params={"nbytes": SIZES, "pages": PAGES, "stores": STORES},
    limit=limits.copy_bandwidth,
    requires=[working_memory.lacking, _lacks_memory(3)],
    source=f"{_SOURCE} Triad",
)
def triad(nbytes: int, pages: str, stores: str) -> Iterator[Work]:
    """Bandwidth of ``a[:] = b + scalar * c`` for three arrays of *nbytes* each.

    Counts two loads and one store per element, and two floating-point operations.
    """
    a, b, c = _arrays(3, nbytes, pages)
    kernel, n_passes = stream.triad[stores], _passes(nbytes, stores)
    yield Work(
        lambda: kernel(a, b, c, SCALAR, n_passes),
        bytes=3 * n_passes * nbytes,
        flops=2 * n_passes * a.size,
    )
    require_each(a, lambda part: b[part] + SCALAR * c[part])


def _passes(nbytes: int, stores: str = "regular") -> int:
    # Streaming stores go to memory whatever the size, ten times as slowly.
    return max(1, CALL_BYTES // (8 if stores == "streaming" else 1) // nbytes)


def _arrays(n: int, nbytes: int, pages: str) -> list[Floats]:
    """Return an output, poisoned, and up to two inputs: 0, 1, 2 ... and 7, 12, 17 ...

    Sums and small multiples of the inputs are exact in float64.
    """
    arrays = working_memory.side_by_side(n, nbytes, pages=pages)
    arrays[0][:] = POISON
    for b in arrays[1:2]:
        stream.fill["regular"](b, 1)
    for c in arrays[2:]:
        np.multiply(arrays[1], 5.0, out=c)
        np.add(c, 7.0, out=c)
    return arrays


def _counted(nbytes: int, pages: str) -> Floats:
    """Return 0, 1, 2 ... in a block of its own."""
    a = working_memory.allocate(nbytes, pages=pages)
    stream.fill["regular"](a, 1)
    return a


def _counts(part: slice) -> Floats:
    return np.arange(float(part.start), float(part.stop))
