"""Pages: what translating an address costs, and what the first touch of memory costs."""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, MiB, Work, limits, workload
from hwperf.checks import Words, require_equal, require_value
from hwperf.host import memory
from hwperf.host import pages as working_memory
from hwperf.kernels import chase
from hwperf.kernels import pages as page_kernels

__all__ = ["first_touch", "tlb"]

LINE_BYTES = 64
TOUCHED_BYTES = 64 * MiB


@workload(
    "memory.tlb",
    params={"n_pages": [16 * 2**i for i in range(11)], "pages": ["small", "huge"]},
    limit=limits.dependent_loads,
    requires=[working_memory.lacking, lambda n_pages: memory.lacking(2 * n_pages * mmap.PAGESIZE)],
    source="lmbench tlb; Drepper (2007), What every programmer should know about memory, 3.3",
)
def tlb(n_pages: int, pages: str) -> Iterator[Work]:
    """Load latency when every load is on another small page, by the number of pages in turn.

    Counts loads of a chase with one line on each small page, in random order. *pages* "huge" walks
    the same lines on memory that huge pages hold, where one translation serves 512 of them: what
    small pages take longer is the address translation.
    """
    page_bytes = mmap.PAGESIZE
    order = chase.chase_order(n_pages)
    buffer = working_memory.allocate(n_pages * page_bytes, pages=pages, dtype=np.int64)
    page_kernels.link(buffer, order, page_bytes, LINE_BYTES)
    base = buffer.ctypes.data
    state = np.array([base + page_kernels.line_of(0, page_bytes, LINE_BYTES), 0])
    steps = 2**17 if n_pages <= 512 else 2**14  # 0.2 to 1 ms at 1 to 4 ns, and at 7 to 70 ns.
    yield Work(lambda: chase.follow(state, steps), ops=steps)
    if not state[1] > 0:
        raise CheckFailed(f"the chase made {state[1]} steps; expected more")
    page = chase.position(order, 0, int(state[1]))
    place = base + page * page_bytes + page_kernels.line_of(page, page_bytes, LINE_BYTES)
    require_value(int(state[0]), place, f"chase after {state[1]} steps")


@workload(
    "memory.first_touch",
    params={"pages": ["small", "huge"]},
    limit=limits.first_touches,
    requires=[working_memory.lacking, lambda: memory.lacking(2 * TOUCHED_BYTES)],
    source="lmbench lat_pagefault; Drepper (2007), section 7.5",
)
def first_touch(pages: str) -> Iterator[Work]:
    """Time per page of writing to fresh memory for the first time.

    Counts page faults of 64 MiB: the system finds a page, clears it and maps it. Bytes are those
    of the pages. The memory is mapped before and unmapped after the timed part.
    """
    page_bytes = _page_bytes(pages)
    n_pages = TOUCHED_BYTES // page_bytes
    touched: list[Words] = []

    def touch() -> float:
        touched.clear()
        fresh = working_memory.untouched(TOUCHED_BYTES, pages=pages, dtype=np.int64)
        start = time.perf_counter()
        page_kernels.touch(fresh, page_bytes)
        seconds = time.perf_counter() - start
        touched.append(fresh)
        return seconds

    yield Work(touch, clock="wall clock around the touch", ops=n_pages, bytes=TOUCHED_BYTES)
    if not touched:
        raise CheckFailed("no memory was touched")
    words = touched[0].reshape(n_pages, -1)
    require_equal(words[:, 0].copy(), np.arange(1, n_pages + 1))
    working_memory.require_pages(touched[0], pages)


def _page_bytes(pages: str) -> int:
    return (working_memory.huge_page_bytes() or 2 * MiB) if pages == "huge" else mmap.PAGESIZE
