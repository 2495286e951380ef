"""How an access lies: its stride, its randomness, its alignment."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, KiB, MiB, Work, limits, workload
from hwperf.checks import POISON, require_value
from hwperf.domains.memory.checks import count_up
from hwperf.host import memory
from hwperf.host import pages as working_memory
from hwperf.kernels import scattered, strided

__all__ = ["alignment", "random_read", "stride"]

LINE_BYTES = 64
RANDOM_BYTES = 256 * MiB

# For alignment: 8 accesses, one small page apart, so that each offset meets the same lines.
ALIGNED_STRIDE = 4 * KiB
ALIGNED_COUNT = 8


@workload(
    "memory.stride",
    params={
        "nbytes": [256 * KiB, 2 * MiB, 256 * MiB],
        "stride_bytes": [8, 16, 32, 64, 128, 256, 512, 1 * KiB, 2 * KiB, 4 * KiB],
    },
    limit=limits.loads,
    requires=memory.lacking,
    source="Stricker and Gross (1995), memory mountain; Saavedra and Smith (1995)",
)
def stride(nbytes: int, stride_bytes: int) -> Iterator[Work]:
    """Time per access of reading 8 bytes at every *stride_bytes* of *nbytes* on small pages.

    Counts accesses; bytes are the 8 useful ones of each. From 64 B on, a sweep that has reached
    the end starts again one line further until all lines were read, so that every stride works on
    the same lines and none is faster for having fewer of them.
    """
    data = working_memory.allocate(nbytes, dtype=np.int64)
    count_up(data)
    path = _all_lines(nbytes, stride_bytes)
    n_passes = max(1, 2**20 // path.n_accesses)  # 0.2 ms at 0.2 ns in L2.
    out = np.full(1, int(POISON))
    ops = n_passes * path.n_accesses
    yield Work(lambda: strided.read(data, path, out, n_passes), ops=ops, bytes=8 * ops)
    # Words hold their own number, so those read are 0, step, 2 step ...
    step = max(1, min(stride_bytes, LINE_BYTES) // 8)
    n_words = data.size // step
    expected = n_passes * step * (n_words * (n_words - 1) // 2)
    require_value(int(out[0]), expected, "sum of the words read")


@workload(
    "memory.random_read",
    params={"burst_bytes": [8, 64, 512, 4096], "pages": ["small", "huge"]},
    limit=limits.loads,
    requires=[
        working_memory.lacking,
        lambda: memory.lacking(RANDOM_BYTES),
    ],
    source="HPC Challenge RandomAccess, reads only; Dive into Deep Learning, section 13.4",
)
def random_read(burst_bytes: int, pages: str) -> Iterator[Work]:
    """Time per burst of reading *burst_bytes* at random places of 256 MiB.

    Counts bursts; they do not depend on one another, so that as many are under way as the core
    can have. Bytes are those of the bursts: of a single word 8, though a line of 64 moves.
    """
    data = working_memory.allocate(RANDOM_BYTES, pages=pages, dtype=np.int64)
    count_up(data)
    n_bursts = 2**18 // max(8, burst_bytes // 8)  # 0.3 ms: 2**15 words of 10 ns.
    state, out, calls = scattered.seeded(), np.zeros(1, dtype=np.int64), [0]

    def run() -> None:
        calls[0] += 1
        if burst_bytes == 8:
            scattered.read_words(data, n_bursts, state, out)
        else:
            scattered.read_bursts(data, burst_bytes, n_bursts, state, out)

    yield Work(run, ops=n_bursts, bytes=burst_bytes * n_bursts)
    if not calls[0] > 0:
        raise CheckFailed("no burst was read")
    words = burst_bytes // 8
    places = scattered.places(RANDOM_BYTES, burst_bytes, calls[0] * n_bursts)
    # Words hold their own number: a burst at place p adds words * (p * words) + 0 + 1 + ...
    expected = words * words * int(places.sum()) + len(places) * (words * (words - 1) // 2)
    require_value(int(out[0]), expected, "sum of the words read")


@workload(
    "memory.alignment",
    params={"offset_bytes": [0, 1, 4, 8, 57, 60, 4089, 4092]},
    limit=limits.loads,
    source="Drepper (2007), section 6.2.1; Fog, Optimizing software in C++, 9.5",
)
def alignment(offset_bytes: int) -> Iterator[Work]:
    """Time per read of 8 bytes that start *offset_bytes* into a page, from L1.

    Counts reads. From 57 on a read spans two lines, from 4089 on two pages.
    """
    nbytes = ALIGNED_STRIDE * (ALIGNED_COUNT + 2)
    data = working_memory.allocate(nbytes, dtype=np.int64)
    data[:] = np.random.default_rng(0).integers(1, 2**48, data.size)
    repeats = 2**16  # 0.13 ms at 0.25 ns.
    path = strided.Walk(offset_bytes, repeats, 0, ALIGNED_COUNT, ALIGNED_STRIDE)
    out = np.full(1, int(POISON))
    yield Work(lambda: strided.read(data, path, out), ops=path.n_accesses)
    text = data.tobytes()
    words = [
        int.from_bytes(text[at : at + 8], "little", signed=True)
        for at in range(offset_bytes, offset_bytes + ALIGNED_COUNT * ALIGNED_STRIDE, ALIGNED_STRIDE)
    ]
    require_value(int(out[0]) % 2**64, repeats * sum(words) % 2**64, "sum of the words read")


def _all_lines(nbytes: int, stride_bytes: int) -> strided.Walk:
    if stride_bytes <= LINE_BYTES:
        return strided.every(nbytes, stride_bytes)
    sweeps = stride_bytes // LINE_BYTES
    return strided.Walk(0, sweeps, LINE_BYTES, nbytes // stride_bytes, stride_bytes)
